//! The steps that preparing a picture is made of.

use super::Grey;
use std::collections::VecDeque;

/// Scales by averaging the area that each new pixel covers (and so also enlarges, into squares).
pub(super) fn resize(picture: &Grey, width: usize, height: usize) -> Grey {
    let across = resize_rows(picture, width);
    transpose(&resize_rows(&transpose(&across), height))
}

fn resize_rows(picture: &Grey, width: usize) -> Grey {
    let scale = picture.width as f64 / width as f64;
    let mut values = Vec::with_capacity(width * picture.height);
    for row in picture.rows() {
        values.extend((0..width).map(|x| {
            let (start, end) = (x as f64 * scale, (x + 1) as f64 * scale);
            let last = (end.ceil() as usize).min(picture.width);
            let covered = (start as usize..last).map(|at| {
                let share = end.min((at + 1) as f64) - start.max(at as f64);
                f64::from(row[at]) * share
            });
            (covered.sum::<f64>() / scale) as f32
        }));
    }
    Grey::new(width, picture.height, values)
}

fn transpose(picture: &Grey) -> Grey {
    let columns = (0..picture.width)
        .flat_map(|x| (0..picture.height).map(move |y| picture.values[y * picture.width + x]));
    Grey::new(picture.height, picture.width, columns.collect())
}

/// The mean, `smallest` or `largest` value within `radius` in both directions.
fn windows(picture: &Grey, radius: usize, rows: fn(&[f32], usize, &mut Vec<f32>)) -> Grey {
    let once = |picture: &Grey| {
        let mut values = Vec::with_capacity(picture.values.len());
        picture.rows().for_each(|row| rows(row, radius, &mut values));
        transpose(&picture.with(values))
    };
    once(&once(picture))
}

/// Each pixel's neighbourhood's smallest value.
pub(super) fn smallest(picture: &Grey, radius: usize) -> Grey {
    windows(picture, radius, |row, radius, out| extreme(row, radius, out, |new, old| new <= old))
}

/// Each pixel's neighbourhood's largest value.
pub(super) fn largest(picture: &Grey, radius: usize) -> Grey {
    windows(picture, radius, |row, radius, out| extreme(row, radius, out, |new, old| new >= old))
}

/// The values that could still be the extreme one wait in a queue, the best first.
fn extreme(row: &[f32], radius: usize, out: &mut Vec<f32>, beats: fn(f32, f32) -> bool) {
    let mut queue = VecDeque::new();
    for end in 0..row.len() + radius {
        if let Some(&value) = row.get(end) {
            while queue.back().is_some_and(|&at: &usize| beats(value, row[at])) {
                queue.pop_back();
            }
            queue.push_back(end);
        }
        if end >= radius {
            while queue[0] + 2 * radius < end {
                queue.pop_front();
            }
            out.push(row[queue[0]]);
        }
    }
}

/// Each pixel's neighbourhood's mean.
pub(super) fn blur(picture: &Grey, radius: usize) -> Grey {
    windows(picture, radius, |row, radius, out| {
        let mut sums = vec![0.0_f64];
        for &value in row {
            sums.push(sums[sums.len() - 1] + f64::from(value));
        }
        out.extend((0..row.len()).map(|at| {
            let (first, end) = (at.saturating_sub(radius), (at + radius + 1).min(row.len()));
            ((sums[end] - sums[first]) / (end - first) as f64) as f32
        }));
    })
}

/// The threshold that best parts values of 0 to 255 into two groups (Otsu).
pub(super) fn threshold(values: &[f32]) -> f32 {
    let mut counts = [0_u32; 256];
    values.iter().for_each(|&value| counts[value as usize] += 1);
    let all = values.len() as f64;
    let mass: f64 = (0..).zip(&counts).map(|(level, &count)| f64::from(level * count)).sum();
    let (mut below, mut mass_below, mut best) = (0.0, 0.0, (0.0, 0.0));
    for (level, &count) in (0..).zip(&counts[..255]) {
        below += f64::from(count);
        mass_below += f64::from(level * count);
        if below == 0.0 || below == all {
            continue;
        }
        let gap = mass_below / below - (mass - mass_below) / (all - below);
        let between = below * (all - below) * gap * gap;
        if between > best.0 {
            best = (between, f64::from(level) + 1.0);
        }
    }
    best.1 as f32
}

/// Connected pixels.
pub(super) struct Shape {
    pub(super) pixels: Vec<usize>,
    pub(super) touches_border: bool,
}

/// The connected shapes of the pixels that are set, diagonals included.
pub(super) fn shapes(mut set: Vec<bool>, width: usize) -> Vec<Shape> {
    let height = set.len() / width;
    let mut shapes = Vec::new();
    for start in 0..set.len() {
        if !std::mem::take(&mut set[start]) {
            continue;
        }
        let mut shape = Shape { pixels: vec![start], touches_border: false };
        let mut next = 0;
        while let Some(&at) = shape.pixels.get(next) {
            next += 1;
            let (x, y) = (at % width, at / width);
            shape.touches_border |= x == 0 || y == 0 || x + 1 == width || y + 1 == height;
            for y in y.saturating_sub(1)..(y + 2).min(height) {
                for x in x.saturating_sub(1)..(x + 2).min(width) {
                    if std::mem::take(&mut set[y * width + x]) {
                        shape.pixels.push(y * width + x);
                    }
                }
            }
        }
        shapes.push(shape);
    }
    shapes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: usize, values: &[u8]) -> Grey {
        let values: Vec<f32> = values.iter().map(|&value| f32::from(value)).collect();
        Grey::new(width, values.len() / width, values)
    }

    #[test]
    fn resizing_keeps_the_mean() {
        let before = picture(5, &[10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 1, 2, 3, 4, 5]);
        let mean =
            |picture: &Grey| picture.values.iter().sum::<f32>() / picture.values.len() as f32;
        for (width, height) in [(1, 1), (2, 3), (5, 3), (3, 2), (7, 9), (10, 6)] {
            let after = resize(&before, width, height);
            assert_eq!((after.width, after.height), (width, height));
            assert!((mean(&before) - mean(&after)).abs() < 1e-3, "{width}x{height}");
        }
        assert_eq!(resize(&before, 5, 3), before);
    }

    #[test]
    fn extremes_match_their_definition() {
        let values: Vec<u8> =
            (0..63_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let before = picture(9, &values);
        for radius in [0, 1, 2, 5, 20] {
            let (low, high) = (smallest(&before, radius), largest(&before, radius));
            for at in 0..63_usize {
                let near = (0..63_usize).filter(|other| {
                    (other % 9).abs_diff(at % 9) <= radius && (other / 9).abs_diff(at / 9) <= radius
                });
                let near: Vec<f32> = near.map(|at| before.values[at]).collect();
                assert_eq!(low.values[at], near.iter().copied().fold(f32::MAX, f32::min));
                assert_eq!(high.values[at], near.iter().copied().fold(f32::MIN, f32::max));
            }
        }
    }

    #[test]
    fn blurring_averages_what_is_there() {
        let after = blur(&picture(3, &[0, 30, 60, 90, 120, 150]), 1);
        assert_eq!(after.values, [60.0, 75.0, 90.0, 60.0, 75.0, 90.0]);
    }

    #[test]
    fn the_threshold_lies_between_two_groups() {
        assert!((21.0..=199.0).contains(&threshold(&[10.0, 20.0, 20.0, 199.5, 210.0])));
        assert_eq!(threshold(&[7.0; 9]), 0.0);
    }

    #[test]
    fn shapes_join_diagonally() {
        let set = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0].map(|bit| bit == 1);
        let found = shapes(set.to_vec(), 4);
        let sizes: Vec<_> = found.iter().map(|s| (s.pixels.len(), s.touches_border)).collect();
        assert_eq!(sizes, [(2, true), (1, true)]);
    }
}
