//! A picture of a digit, however it was made → 28×28 as MNIST was made: ink bright on black, scaled
//! into a 20×20 box with its proportions kept, its centre of mass in the middle.

use super::filter::{blur, largest, resize, shapes, smallest, threshold};
use super::{Grey, PictureError};
use crate::cli::data::SIDE;

/// Width and height of the box in them that the ink fills.
const BOX: usize = 20;
/// The longer side that a picture is worked on at.
const WORKING_SIDE: usize = 512;

/// Makes a picture into what the network was trained on.
pub(crate) fn prepare(picture: &Grey) -> Result<[u8; SIDE * SIDE], PictureError> {
    if is_prepared(picture) {
        return Ok(bytes(picture));
    }
    let picture = bounded(picture);
    let bright = if is_dark_on_light(&picture) { picture.map(|v| 255.0 - v) } else { picture };
    let ink = ink(&even_light(&bright))?;
    Ok(bytes(&centred(&boxed(&ink)?)))
}

/// Whether a picture is of MNIST's kind already: its size, and dark at the edge.
fn is_prepared(picture: &Grey) -> bool {
    let border = picture.border();
    (picture.width, picture.height) == (SIDE, SIDE)
        && border.iter().sum::<f32>() < 16.0 * border.len() as f32
        && picture.values.iter().any(|&value| value >= 128.0)
}

fn bytes(picture: &Grey) -> [u8; SIDE * SIDE] {
    std::array::from_fn(|at| picture.values[at].round() as u8)
}

fn bounded(picture: &Grey) -> Grey {
    let longest = picture.width.max(picture.height);
    if longest <= WORKING_SIDE {
        return picture.clone();
    }
    let scaled = |side: usize| (side * WORKING_SIDE / longest).max(1);
    resize(picture, scaled(picture.width), scaled(picture.height))
}

/// How far the local background reaches: wider than any stroke.
fn neighbourhood(picture: &Grey) -> usize {
    (picture.width.max(picture.height) / 8).max(2)
}

/// Whether the ink is darker than the paper.
///
/// Ink is little and differs much from what is around it; so against the local mean, which takes the
/// light out, the longer tail is the ink's. Where the tails are alike the edge decides: it is paper.
fn is_dark_on_light(picture: &Grey) -> bool {
    let mean = blur(picture, 2 * neighbourhood(picture));
    let (mut squares, mut cubes) = (0.0_f64, 0.0_f64);
    for (&value, &mean) in picture.values.iter().zip(&mean.values) {
        let difference = f64::from(value - mean);
        squares += difference.powi(2);
        cubes += difference.powi(3);
    }
    let count = picture.values.len() as f64;
    let skew = cubes / count / (squares / count).powf(1.5);
    if skew.abs() > 0.5 {
        return skew < 0.0;
    }
    let mut border = picture.border();
    border.sort_by(f32::total_cmp);
    border[border.len() / 2] > threshold(&picture.values)
}

/// Takes the background's own brightness away, so that a shadow is not taken for ink.
///
/// An opening (the smallest value near, then the largest of those) removes all that is narrower than
/// its window and leaves shadows and slopes as they are.
fn even_light(picture: &Grey) -> Grey {
    let radius = neighbourhood(picture);
    let opened = largest(&smallest(picture, radius), radius);
    let background = blur(&opened, radius / 2);
    let pairs = picture.values.iter().zip(&background.values);
    picture.with(pairs.map(|(value, background)| (value - background).clamp(0.0, 255.0)).collect())
}

fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// How much ink each pixel holds, 0 to 1, without the paper's grain, specks and edges.
fn ink(picture: &Grey) -> Result<Grey, PictureError> {
    let threshold = threshold(&picture.values);
    let (over, under): (Vec<f32>, Vec<f32>) =
        picture.values.iter().partition(|&&value| value >= threshold);
    let paper = mean(under.iter().copied());
    let grain = mean(under.iter().map(|value| (value - paper).powi(2))).sqrt();
    let contrast = mean(over.iter().copied()) - paper;
    if under.is_empty() || contrast < 12.0 || contrast < 4.0 * grain {
        return Err(PictureError::Blank);
    }
    let mut over = over;
    over.sort_by(f32::total_cmp);
    let full = over[over.len() * 9 / 10];
    let faint = (paper + threshold) / 2.0;

    let mut found = shapes(picture.values.iter().map(|&v| v >= threshold).collect(), picture.width);
    let largest_of = |found: &[super::filter::Shape], inside: bool| {
        let sizes = found.iter().filter(|shape| !(inside && shape.touches_border));
        sizes.map(|shape| shape.pixels.len()).max().unwrap_or(0)
    };
    // What runs into the edge beside a digit is a table or a thumb; alone, it is a digit cut close.
    if 8 * largest_of(&found, true) >= largest_of(&found, false) {
        found.retain(|shape| !shape.touches_border);
    }
    let most = largest_of(&found, false);
    let mut kept = picture.map(|_| 0.0);
    for shape in found.iter().filter(|shape| 25 * shape.pixels.len() >= most) {
        shape.pixels.iter().for_each(|&at| kept.values[at] = 1.0);
    }
    // The soft edge of a stroke lies below the threshold, right beside it.
    let near = largest(&kept, (picture.width.max(picture.height) / 128).max(1));
    let values = picture.values.iter().zip(&near.values).map(|(&value, &near)| {
        let level = (value - paper) / (full - paper);
        if near > 0.0 && value > faint { level.clamp(0.0, 1.0) } else { 0.0 }
    });
    Ok(picture.with(values.collect()))
}

/// The ink cut out and scaled into the box.
fn boxed(ink: &Grey) -> Result<Grey, PictureError> {
    let inked = |value: &f32| *value >= 0.5;
    let rows: Vec<usize> =
        (0..).zip(ink.rows()).filter(|(_, row)| row.iter().any(inked)).map(|(y, _)| y).collect();
    let columns: Vec<usize> =
        (0..ink.width).filter(|&x| ink.rows().any(|row| inked(&row[x]))).collect();
    let (&[top, .., bottom], &[left, .., right]) = (&rows[..], &columns[..]) else {
        return Err(PictureError::Blank);
    };
    let (width, height) = (right - left + 1, bottom - top + 1);
    let thick = thickened(ink, width.max(height));
    let cut = thick.rows().skip(top).take(height).flat_map(|row| &row[left..=right]);
    let cut = Grey::new(width, height, cut.copied().collect());
    let longest = width.max(height);
    let scaled = |side: usize| ((side * BOX) as f64 / longest as f64).round().max(1.0) as usize;
    let small = resize(&cut, scaled(width), scaled(height));
    let brightest = small.values.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    Ok(small.map(|value| 255.0 * value / brightest))
}

/// Widens strokes that would be all but lost at the box's size.
fn thickened(ink: &Grey, longest: usize) -> Grey {
    let inked = |x: usize, y: usize| ink.values[y * ink.width + x] >= 0.5;
    let (mut area, mut edge) = (0, 0);
    for y in 1..ink.height {
        for x in 1..ink.width {
            area += usize::from(inked(x, y));
            edge += usize::from(inked(x, y) != inked(x - 1, y));
            edge += usize::from(inked(x, y) != inked(x, y - 1));
        }
    }
    // A long stroke has two sides; a slanted side of length 1 crosses 4/π pixel edges on average.
    let stroke = 2.0 * area as f64 / (edge.max(1) as f64 * std::f64::consts::FRAC_PI_4);
    let wanted = THINNEST * longest as f64 / BOX as f64;
    let radius = ((wanted - stroke) / 2.0).round().max(0.0) as usize;
    if radius == 0 { ink.clone() } else { largest(ink, radius) }
}

/// The thinnest stroke that is left as it is, in pixels of the box; MNIST's are about 2 to 4.
const THINNEST: f64 = 1.8;

/// A picture of at most the box's size in the field, by its centre of mass.
fn centred(picture: &Grey) -> Grey {
    let (mut mass, mut x_mass, mut y_mass) = (0.0, 0.0, 0.0);
    for (at, &value) in picture.values.iter().enumerate() {
        mass += value;
        x_mass += value * (at % picture.width) as f32;
        y_mass += value * (at / picture.width) as f32;
    }
    let middle = (SIDE / 2) as f32;
    let place = |moment: f32, side: usize| {
        (middle - moment / mass).round().clamp(0.0, (SIDE - side) as f32) as usize
    };
    let (left, top) = (place(x_mass, picture.width), place(y_mass, picture.height));
    let mut field = vec![0.0; SIDE * SIDE];
    for (y, row) in picture.rows().enumerate() {
        let start = (top + y) * SIDE + left;
        field[start..start + row.len()].copy_from_slice(row);
    }
    Grey::new(SIDE, SIDE, field)
}
