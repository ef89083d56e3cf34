//! Digits as text.

use super::{Image, SIDE};
use std::fmt::{self, Write};

/// An image as text: 28 columns and 14 lines, each for two rows of pixels.
///
/// Where the two differ it is a half block, otherwise a shade. Ink is drawn, paper is left blank, lines have
/// no blanks at their end.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    image: &'a Image,
}

impl<'a> Picture<'a> {
    /// The text of an image.
    pub fn new(image: &'a Image) -> Self {
        Self { image }
    }
}

impl fmt::Display for Picture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in 0..SIDE / 2 {
            let cell = |w| {
                let [upper, lower] = [2 * line, 2 * line + 1].map(|h| self.image[[0, 0, h, w]]);
                cell(upper, lower)
            };
            let end = (0..SIDE).rev().find(|&w| cell(w) != ' ').map_or(0, |w| w + 1);
            (0..end).try_for_each(|w| f.write_char(cell(w)))?;
            if line + 1 < SIDE / 2 {
                f.write_char('\n')?;
            }
        }
        Ok(())
    }
}

/// The character for two pixels, one above the other.
fn cell(upper: u8, lower: u8) -> char {
    const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
    match i16::from(upper) - i16::from(lower) {
        96.. => '▀',
        ..=-96 => '▄',
        _ => SHADES[(usize::from(upper) + usize::from(lower)) * SHADES.len() / 511],
    }
}
