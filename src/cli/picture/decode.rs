//! PNG and JPEG → grey or colours.

use super::{Grey, PictureError, orientation};
use std::io::Cursor;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// A phone's largest photographs have 50 million pixels; a hostile file may announce any number.
pub(super) const MOST_PIXELS: usize = 64_000_000;

/// Reads a picture of something drawn, by its content.
pub(crate) fn decode(bytes: &[u8]) -> Result<Grey, PictureError> {
    let picture = read(bytes, false)?;
    let values = match picture.channels {
        1 => picture.values.iter().map(|&grey| f32::from(grey)).collect(),
        3 => picture.values.chunks_exact(3).map(luma).collect(),
        channels => on_a_page(picture.values.chunks_exact(channels).map(|pixel| {
            let (colour, alpha) = pixel.split_at(channels - 1);
            let value = if channels == 2 { f32::from(colour[0]) } else { luma(colour) };
            (value, f32::from(alpha[0]) / 255.0)
        })),
    };
    Ok(picture.upright(values))
}

/// Reads any picture, by its content: grey, or red, green and blue. What is transparent is white.
pub(crate) fn decode_planes(bytes: &[u8], colours: bool) -> Result<Vec<Grey>, PictureError> {
    let picture = read(bytes, colours)?;
    let channels = picture.channels;
    let plane = |plane: usize| {
        let values = picture.values.chunks_exact(channels).map(|pixel| {
            let (colour, alpha) = match channels {
                2 | 4 => (&pixel[..channels - 1], f32::from(pixel[channels - 1]) / 255.0),
                _ => (pixel, 1.0),
            };
            let value = match colour {
                [grey] => f32::from(*grey),
                colour if colours => f32::from(colour[plane]),
                colour => luma(colour),
            };
            value * alpha + 255.0 * (1.0 - alpha)
        });
        picture.upright(values.collect())
    };
    Ok((0..if colours { 3 } else { 1 }).map(plane).collect())
}

/// A picture as it is stored.
struct Stored {
    width: usize,
    height: usize,
    /// Grey or three colours, and the opacity after them if there are two or four.
    channels: usize,
    values: Vec<u8>,
    orientation: u16,
}

impl Stored {
    fn upright(&self, values: Vec<f32>) -> Grey {
        orientation::upright(Grey::new(self.width, self.height, values), self.orientation)
    }
}

fn read(bytes: &[u8], colours: bool) -> Result<Stored, PictureError> {
    if bytes.starts_with(b"\x89PNG") {
        png(bytes)
    } else if bytes.starts_with(&[0xFF, 0xD8]) {
        jpeg(bytes, colours)
    } else {
        Err(PictureError::UnknownFormat)
    }
}

fn check_size(width: usize, height: usize) -> Result<(), PictureError> {
    match width.checked_mul(height) {
        Some(pixels) if pixels <= MOST_PIXELS => Ok(()),
        _ => Err(PictureError::TooLarge { width, height }),
    }
}

fn png(bytes: &[u8]) -> Result<Stored, PictureError> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let header = decoder.read_header_info().map_err(PictureError::Png)?;
    let (width, height) = (header.width as usize, header.height as usize);
    check_size(width, height)?;
    decoder.set_limits(png::Limits { bytes: 8 * MOST_PIXELS });
    let mut reader = decoder.read_info().map_err(PictureError::Png)?;
    let size = reader.output_buffer_size().ok_or(PictureError::TooLarge { width, height })?;
    let mut values = vec![0; size];
    let frame = reader.next_frame(&mut values).map_err(PictureError::Png)?;
    let channels = frame.color_type.samples();
    Ok(Stored { width, height, channels, values, orientation: 1 })
}

fn jpeg(bytes: &[u8], colours: bool) -> Result<Stored, PictureError> {
    let side = usize::from(u16::MAX);
    let options =
        DecoderOptions::default().set_max_width(side).set_max_height(side).set_strict_mode(false);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(PictureError::Jpeg)?;
    let (width, height) =
        decoder.info().map_or((0, 0), |info| (usize::from(info.width), usize::from(info.height)));
    check_size(width, height)?;
    let (space, channels) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, 1),
        Some(ColorSpace::YCbCr) if !colours => (ColorSpace::Luma, 1),
        _ => (ColorSpace::RGB, 3),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    let values = decoder.decode().map_err(PictureError::Jpeg)?;
    let orientation = decoder.exif().map_or(1, |exif| orientation::of(exif));
    Ok(Stored { width, height, channels, values, orientation })
}

/// How bright a colour looks (Rec. 601, as in JPEG itself).
fn luma(rgb: &[u8]) -> f32 {
    0.299 * f32::from(rgb[0]) + 0.587 * f32::from(rgb[1]) + 0.114 * f32::from(rgb[2])
}

/// Lays pixels of `(brightness, opacity)` on a page that shows what is drawn on them.
///
/// Ink alone on nothing, of one brightness, needs a page of the opposite one. A picture that has ink
/// and paper of its own gets more of the paper.
fn on_a_page(pixels: impl Iterator<Item = (f32, f32)> + Clone) -> Vec<f32> {
    let mut weights = [0.0_f64; 256];
    for (value, alpha) in pixels.clone() {
        weights[value as usize] += f64::from(alpha);
    }
    let total: f64 = weights.iter().sum();
    let level = |share: f64| {
        let mut below = 0.0;
        weights.iter().position(|&weight| {
            below += weight;
            below >= share * total
        })
    };
    let [low, middle, high] = [0.02, 0.5, 0.98].map(|share| level(share).unwrap_or(0) as f32);
    let page = match high - low < 64.0 {
        true if middle < 128.0 => 255.0,
        true => 0.0,
        false => middle,
    };
    pixels.map(|(value, alpha)| value * alpha + page * (1.0 - alpha)).collect()
}
