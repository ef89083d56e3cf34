//! One image beside what the network makes of it.

use super::measure::best;
use super::picture::{Grey, scaled};
use super::screen::{Screen, beside};
use super::{Program, draw};

/// Characters of the longest bar.
const BAR: usize = 26;
/// Characters of the widest image.
const WIDEST: usize = 32;
/// Classes that have a bar: those of the highest scores.
const CLASSES: usize = 10;

/// The image on the left, each class's score as a bar on the right.
pub(crate) fn portrait(
    program: &Program,
    screen: &Screen,
    pixels: &[u8],
    title: &str,
    scores: &[f32],
) -> String {
    let mut right = vec![String::new(), screen.bold(title), String::new()];
    right.extend(bars(program, screen, scores));
    // A flat input is no image.
    let [_, height, width] = program.input;
    if height * width == 1 {
        return beside(&[], 2, &right);
    }
    let (width, small) = small(program.input, pixels);
    let mut left = vec![" ".repeat(width)];
    left.extend(draw::image(screen, &small, width));
    let left: Vec<String> = left.into_iter().map(|line| format!("  {line}    ")).collect();
    beside(&left, width + 6, &right)
}

/// An image in grey, at most so wide that there is room beside it.
fn small([channels, height, width]: [usize; 3], pixels: &[u8]) -> (usize, Vec<u8>) {
    if channels == 1 && width <= WIDEST {
        return (width, pixels.to_vec());
    }
    let plane = height * width;
    let mean = |at: usize| {
        let values = (0..channels).map(|channel| f32::from(pixels[channel * plane + at]));
        values.sum::<f32>() / channels as f32
    };
    let grey = Grey::new(width, height, (0..plane).map(mean).collect());
    let small = width.min(WIDEST);
    // Even, as two pixels are in a character.
    let rows = (height * small / width).max(2).next_multiple_of(2);
    (small, scaled(&grey, small, rows))
}

fn bars(program: &Program, screen: &Screen, scores: &[f32]) -> Vec<String> {
    let best = best(scores);
    let mut classes: Vec<usize> = (0..scores.len()).collect();
    classes.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    classes.truncate(CLASSES);
    classes.sort_unstable();
    let widest = classes.iter().map(|class| class.to_string().len()).max().unwrap_or(1);
    let probabilities = program.gives_probabilities();
    let largest = classes.iter().map(|&class| scores[class]).fold(f32::MIN_POSITIVE, f32::max);
    let line = |&class: &usize| {
        let score = scores[class];
        let share = if probabilities { score } else { score / largest };
        let (bar, name) = (screen.bar(share.into(), BAR), format!("{class:widest$}"));
        let value = match probabilities {
            true => format!("{:5.1} %", 100.0 * score),
            false => format!("{score:9.3}"),
        };
        let missing = " ".repeat(BAR - bar.chars().count());
        let (name, bar, value) = match class == best {
            true => (screen.bold(&name), screen.good(&bar), screen.bold(&value)),
            false => (name, screen.accent(&bar), screen.faint(&value)),
        };
        format!("{name} {bar}{missing} {value}")
    };
    classes.iter().map(line).collect()
}
