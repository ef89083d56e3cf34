//! A picture of a digit, however it was made → 28×28 as MNIST was made: ink bright on black, scaled
//! into a 20×20 box with its proportions kept, its centre of mass in the middle.

use super::filter::{blur, largest, resize, shapes, smallest, threshold};
use super::{Grey, PictureError};

/// Width and height of an image of MNIST.
pub(crate) const SIDE: usize = 28;
/// Width and height of the box in them that the ink fills.
const BOX: usize = 20;
/// The longer side that a picture is worked on at.
const WORKING_SIDE: usize = 320;

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
/// its window and leaves shadows as they are. It loses slopes at the edges of the picture, so the
/// slope of the whole picture goes first.
fn even_light(picture: &Grey) -> Grey {
    let level = without_slope(picture);
    let radius = neighbourhood(picture);
    let opened = largest(&smallest(&level, radius), radius);
    let background = blur(&opened, radius / 2);
    let pairs = level.values.iter().zip(&background.values);
    picture.with(pairs.map(|(value, background)| (value - background).clamp(0.0, 255.0)).collect())
}

/// A picture without the plane that fits it best.
fn without_slope(picture: &Grey) -> Grey {
    let (width, height) = (picture.width, picture.height);
    let from_middle = |at: usize, side: usize| at as f64 - (side - 1) as f64 / 2.0;
    let place = |at: usize| (from_middle(at % width, width), from_middle(at / width, height));
    let (mut across, mut down, mut x_squares, mut y_squares) = (0.0, 0.0, 0.0, 0.0);
    for (at, &value) in picture.values.iter().enumerate() {
        let (x, y) = place(at);
        across += x * f64::from(value);
        down += y * f64::from(value);
        x_squares += x * x;
        y_squares += y * y;
    }
    let (across, down) = (across / f64::max(x_squares, 1.0), down / f64::max(y_squares, 1.0));
    let levelled = picture.values.iter().enumerate().map(|(at, &value)| {
        let (x, y) = place(at);
        (f64::from(value) - across * x - down * y) as f32
    });
    picture.with(levelled.collect())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::measure::best;
    use crate::lenet::LeNet5;
    use crate::mnist::{Image, MNIST, MNISTLabels};
    use crate::network::{predict_slice_on, workspace};
    use crate::simd::Scalar;
    use crate::tensor::Tensor;

    const IMAGES: &[u8] = include_bytes!("../../../data/sample-images-idx3-ubyte.gz");
    const LABELS: &[u8] = include_bytes!("../../../data/sample-labels-idx1-ubyte.gz");

    /// A digit as someone photographs it.
    #[derive(Clone, Copy, Debug)]
    struct Photograph {
        /// Of the whole picture.
        size: [usize; 2],
        /// Of the digit's 28×28, in pixels.
        digit: usize,
        /// Share of what is left and above the digit.
        place: [f32; 2],
        paper: f32,
        ink: f32,
        /// How much of the light is missing in the darkest corner.
        shadow: f32,
        /// A shadow with a hard edge across the picture.
        edge: bool,
        grain: f32,
    }

    const PLAIN: Photograph = Photograph {
        size: [240, 200],
        digit: 170,
        place: [0.5, 0.5],
        paper: 240.0,
        ink: 30.0,
        shadow: 0.0,
        edge: false,
        grain: 0.0,
    };

    fn photograph(image: &Image, of: Photograph) -> Grey {
        let [width, height] = of.size;
        let pixels = image.as_slice().iter().map(|&value| f32::from(value) / 255.0).collect();
        let digit =
            blur(&resize(&Grey::new(SIDE, SIDE, pixels), of.digit, of.digit), of.digit / 60);
        let left = ((width - of.digit) as f32 * of.place[0]) as usize;
        let top = ((height - of.digit) as f32 * of.place[1]) as usize;
        let values = (0..width * height).map(|at| {
            let (x, y) = (at % width, at / width);
            let inside = (left..left + of.digit).contains(&x) && (top..top + of.digit).contains(&y);
            let cover = match inside {
                true => digit.values[(y - top) * of.digit + x - left],
                false => 0.0,
            };
            let (right, down) = (x as f32 / width as f32, y as f32 / height as f32);
            let slope = 1.0 - of.shadow * (0.7 * right + 0.3 * down).powf(1.5);
            let edge = if of.edge && right + 0.3 * down > 0.7 { 0.6 } else { 1.0 };
            let grain = ((at as u32).wrapping_mul(2_654_435_761) >> 16) as f32 / 65_536.0 - 0.5;
            let value = of.paper * (1.0 - cover) + of.ink * cover;
            (value * slope * edge + 2.0 * of.grain * grain).clamp(0.0, 255.0)
        });
        Grey::new(width, height, values.collect())
    }

    /// Share of the first digits of the sample that is read right.
    fn right(of: Photograph) -> f32 {
        const DIGITS: usize = 40;
        let (images, labels) =
            (MNIST::from_bytes(IMAGES).unwrap(), MNISTLabels::from_bytes(LABELS).unwrap());
        // Without an instruction set, as here nothing but the picture matters.
        let (network, mut workspace) = (LeNet5::pretrained(), workspace::<LeNet5>());
        let mut read = |pixels: &[u8]| {
            let mut scores = [0.0; 10];
            predict_slice_on(Scalar, &network, pixels, &mut scores, &mut workspace);
            best(&scores)
        };
        let pairs = images.iter().zip(labels.iter()).take(DIGITS);
        let right = pairs
            .filter(|(image, label)| {
                prepare(&photograph(image, of)).is_ok_and(|pixels| read(&pixels) == *label)
            })
            .count();
        right as f32 / DIGITS as f32
    }

    #[track_caller]
    fn assert_readable(of: Photograph) {
        let right = right(of);
        assert!(right >= 0.96, "{right} are read right in {of:?}");
    }

    #[test]
    fn dark_on_light_and_light_on_dark() {
        assert_readable(PLAIN);
        assert_readable(Photograph { paper: 20.0, ink: 230.0, ..PLAIN });
        assert_readable(Photograph { paper: 140.0, ink: 90.0, ..PLAIN });
        assert_readable(Photograph { paper: 90.0, ink: 140.0, ..PLAIN });
    }

    #[test]
    fn any_size() {
        assert_readable(Photograph { size: [28, 28], digit: 28, ..PLAIN });
        assert_readable(Photograph { size: [40, 30], digit: 28, ..PLAIN });
        assert_readable(Photograph { size: [1_200, 900], digit: 600, ..PLAIN });
        assert_readable(Photograph { size: [200, 900], digit: 150, ..PLAIN });
    }

    #[test]
    fn anywhere_in_the_picture() {
        for place in [[0.0, 0.0], [1.0, 0.2], [0.1, 1.0]] {
            assert_readable(Photograph { size: [640, 480], digit: 160, place, ..PLAIN });
        }
    }

    #[test]
    fn uneven_light_and_grain() {
        assert_readable(Photograph { shadow: 0.6, ..PLAIN });
        assert_readable(Photograph { shadow: 0.6, paper: 60.0, ink: 250.0, ..PLAIN });
        assert_readable(Photograph { grain: 20.0, ..PLAIN });
        // Half of the digits lie right under the edge of this shadow.
        assert!(right(Photograph { edge: true, size: [400, 400], grain: 6.0, ..PLAIN }) >= 0.85);
    }

    #[test]
    fn a_digit_of_mnist_stays_as_it_is() {
        let images = MNIST::from_bytes(IMAGES).unwrap();
        for image in images.iter() {
            let values = image.as_slice().iter().map(|&value| f32::from(value)).collect();
            let prepared = prepare(&Grey::new(SIDE, SIDE, values)).unwrap();
            assert_eq!(prepared.as_slice(), image.as_slice());
        }
    }

    #[test]
    fn nothing_to_see() {
        let slope = |x: usize, y: usize| (x / 2 + y / 3) as f32;
        let pictures = [
            Grey::new(1, 1, vec![0.0]),
            Grey::new(300, 1, vec![255.0; 300]),
            Grey::new(300, 200, (0..60_000).map(|at| slope(at % 300, at / 300)).collect()),
            photograph(&Tensor::zeros(), Photograph { shadow: 0.5, grain: 8.0, ..PLAIN }),
        ];
        for picture in pictures {
            assert!(matches!(prepare(&picture), Err(PictureError::Blank)), "{picture:?}");
        }
    }
}
