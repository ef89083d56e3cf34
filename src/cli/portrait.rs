//! One image beside what the network makes of it.

use super::draw;
use super::measure::best;
use super::screen::{Screen, beside};

/// Characters of the longest bar.
const BAR: usize = 26;

/// The image on the left, each class's probability as a bar on the right.
pub(crate) fn portrait(
    screen: &Screen,
    pixels: &[u8],
    width: usize,
    title: &str,
    scores: &[f32],
) -> String {
    let best = best(scores);
    let mut left = vec![" ".repeat(width)];
    left.extend(draw::image(screen, pixels, width));
    let left: Vec<String> = left.into_iter().map(|line| format!("  {line}    ")).collect();
    let mut right = vec![String::new(), screen.bold(title), String::new()];
    for (class, &score) in scores.iter().enumerate() {
        let bar = screen.bar(score.into(), BAR);
        let value = format!("{:5.1} %", 100.0 * score);
        let (name, bar, value) = match class == best {
            true => (screen.bold(&class.to_string()), screen.good(&bar), screen.bold(&value)),
            false => (class.to_string(), screen.accent(&bar), screen.faint(&value)),
        };
        let looks = screen.bar(score.into(), BAR).chars().count();
        right.push(format!("{name} {bar}{} {value}", " ".repeat(BAR - looks)));
    }
    beside(&left, width + 6, &right)
}
