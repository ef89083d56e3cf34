//! Images inside a page.

/// An image as a PNG in a `data:` address: in colour if it has three channels, else its first one.
pub(super) fn uri(pixels: &[u8], [channels, height, width]: [usize; 3]) -> String {
    let plane = height * width;
    let (color, values) = match channels {
        3 => {
            let values = (0..3 * plane).map(|at| pixels[at % 3 * plane + at / 3]);
            (png::ColorType::Rgb, values.collect())
        }
        _ => (png::ColorType::Grayscale, pixels[..plane].to_vec()),
    };
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&values))
        .expect("a vector takes any bytes, and the sizes agree");
    format!("data:image/png;base64,{}", base64(&file))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | usize::from(*chunk.get(at).unwrap_or(&0)));
        for at in 0..4 {
            let digit = DIGITS[bits >> (18 - 6 * at) & 63];
            text.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_the_usual_one() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let wanted = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        assert_eq!(texts.map(|text| base64(text.as_bytes())), wanted);
    }

    #[test]
    fn channels_become_colours() {
        let pixels = [1, 2, 3, 4, 5, 6];
        let address = uri(&pixels, [3, 1, 2]);
        assert!(address.starts_with("data:image/png;base64,iVBORw0KGgo"));
        assert_ne!(address, uri(&pixels, [1, 1, 2]));
    }
}
