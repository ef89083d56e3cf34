//! Images as text: two pixels in a character cell.

use super::screen::Screen;
use std::fmt::Write;

/// From nothing to full, for terminals without colour.
const ASCII: &[u8; 10] = b" .:-=+*#%@";

/// An image as lines of `width` characters.
pub(crate) fn image(screen: &Screen, pixels: &[u8], width: usize) -> Vec<String> {
    let black = vec![0; width];
    pixels
        .chunks(2 * width)
        .map(|rows| {
            let (top, bottom) = rows.split_at(width);
            let bottom = if bottom.is_empty() { &black } else { bottom };
            line(screen, top, bottom)
        })
        .collect()
}

fn line(screen: &Screen, top: &[u8], bottom: &[u8]) -> String {
    let pairs = top.iter().zip(bottom).map(|(&top, &bottom)| (top, bottom));
    match screen {
        Screen { unicode: true, colour: true, .. } => {
            let mut line = String::new();
            let mut before = None;
            for pair in pairs {
                let colours = (grey(pair.0), grey(pair.1));
                if before.replace(colours) != Some(colours) {
                    write!(line, "\x1b[38;5;{};48;5;{}m", colours.0, colours.1)
                        .expect("strings take any text");
                }
                line.push('▀');
            }
            line + "\x1b[0m"
        }
        Screen { unicode: true, .. } => pairs
            .map(|(top, bottom)| match (top >= 96, bottom >= 96) {
                (false, false) => ' ',
                (true, false) => '▀',
                (false, true) => '▄',
                (true, true) => '█',
            })
            .collect(),
        _ => pairs
            .map(|(top, bottom)| {
                let level = (usize::from(top) + usize::from(bottom)) * (ASCII.len() - 1);
                char::from(ASCII[level.div_ceil(2 * 255)])
            })
            .collect(),
    }
}

/// The nearest of the 26 greys that terminals with 256 colours have.
fn grey(level: u8) -> u8 {
    match level {
        0..4 => 16,
        247.. => 231,
        level => 232 + ((level - 3) / 10).min(23),
    }
}

/// Every second row and column, averaged: an image at half its size.
pub(crate) fn halved(pixels: &[u8], width: usize) -> Vec<u8> {
    let mean = |rows: &[u8], x: usize| {
        let four = [rows[x], rows[x + 1], rows[width + x], rows[width + x + 1]];
        (four.map(u16::from).iter().sum::<u16>() / 4) as u8
    };
    let rows = pixels.chunks_exact(2 * width);
    rows.flat_map(|rows| (0..width - 1).step_by(2).map(|x| mean(rows, x))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greys_keep_their_order() {
        let order = |grey: u8| match grey {
            16 => 0,
            231 => 25,
            grey => grey - 231,
        };
        let greys: Vec<u8> = (0..=255).map(|level| order(grey(level))).collect();
        assert!(greys.is_sorted());
        assert_eq!((greys[0], greys[255]), (0, 25));
    }

    #[test]
    fn an_image_is_half_as_many_lines() {
        let plain = Screen { colour: false, unicode: false, terminal: false };
        assert_eq!(image(&plain, &[0, 255, 0, 255, 255, 0], 2), [" @", "+ "]);
        let blocks = Screen { unicode: true, ..plain };
        assert_eq!(image(&blocks, &[0, 255, 0, 255, 255, 0], 2), [" █", "▀ "]);
        assert_eq!(halved(&[0, 4, 8, 8, 0, 4, 8, 8], 4), [2, 8]);
    }
}
