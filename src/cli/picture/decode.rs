//! PNG and JPEG → grey.

use super::{Grey, PictureError, orientation};
use std::io::Cursor;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// A phone's largest photographs have 50 million pixels; a hostile file may announce any number.
pub(super) const MOST_PIXELS: usize = 64_000_000;

/// Reads a picture by its content.
pub(crate) fn decode(bytes: &[u8]) -> Result<Grey, PictureError> {
    if bytes.starts_with(b"\x89PNG") {
        png(bytes)
    } else if bytes.starts_with(&[0xFF, 0xD8]) {
        jpeg(bytes)
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

fn png(bytes: &[u8]) -> Result<Grey, PictureError> {
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
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(PictureError::Png)?;
    let channels = frame.color_type.samples();
    let values = match channels {
        1 => pixels.iter().map(|&grey| f32::from(grey)).collect(),
        3 => pixels.chunks_exact(3).map(luma).collect(),
        _ => on_a_page(pixels.chunks_exact(channels).map(|pixel| {
            let (colour, alpha) = pixel.split_at(channels - 1);
            let value = if channels == 2 { f32::from(colour[0]) } else { luma(colour) };
            (value, f32::from(alpha[0]) / 255.0)
        })),
    };
    Ok(Grey::new(width, height, values))
}

fn jpeg(bytes: &[u8]) -> Result<Grey, PictureError> {
    let side = usize::from(u16::MAX);
    let options =
        DecoderOptions::default().set_max_width(side).set_max_height(side).set_strict_mode(false);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(PictureError::Jpeg)?;
    let (width, height) =
        decoder.info().map_or((0, 0), |info| (usize::from(info.width), usize::from(info.height)));
    check_size(width, height)?;
    let space = match decoder.input_colorspace() {
        Some(ColorSpace::Luma | ColorSpace::YCbCr) => ColorSpace::Luma,
        _ => ColorSpace::RGB,
    };
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    let pixels = decoder.decode().map_err(PictureError::Jpeg)?;
    let values = match space {
        ColorSpace::Luma => pixels.iter().map(|&grey| f32::from(grey)).collect(),
        _ => pixels.chunks_exact(3).map(luma).collect(),
    };
    let picture = Grey::new(width, height, values);
    Ok(match decoder.exif() {
        Some(exif) => orientation::upright(picture, orientation::of(exif)),
        None => picture,
    })
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
