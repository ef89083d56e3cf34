//! The way up that a camera notes beside its picture (EXIF tag 0x0112).

use super::Grey;

/// The orientation in an EXIF block, 1 to 8; 1, as stored, where it says nothing sensible.
pub(super) fn of(exif: &[u8]) -> u16 {
    read(exif).filter(|orientation| (1..=8).contains(orientation)).unwrap_or(1)
}

fn read(exif: &[u8]) -> Option<u16> {
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let little = match exif.get(..2)? {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let bytes = exif.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let u32_at = |at: usize| {
        let bytes = exif.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    };
    let directory = u32_at(4)? as usize;
    let entries = usize::from(u16_at(directory)?);
    let mut entries = (0..entries).map(|entry| directory + 2 + 12 * entry);
    let entry = entries.find(|&entry| u16_at(entry) == Some(0x0112))?;
    u16_at(entry + 8)
}

/// Turns and mirrors a picture as its orientation asks.
pub(super) fn upright(picture: Grey, orientation: u16) -> Grey {
    let (width, height) = (picture.width, picture.height);
    // Where the pixel at (x, y) of the upright picture is stored.
    let stored = |x: usize, y: usize| match orientation {
        2 => (width - 1 - x, y),
        3 => (width - 1 - x, height - 1 - y),
        4 => (x, height - 1 - y),
        5 => (y, x),
        6 => (y, height - 1 - x),
        7 => (width - 1 - y, height - 1 - x),
        8 => (width - 1 - y, x),
        _ => (x, y),
    };
    let (new_width, new_height) = if orientation >= 5 { (height, width) } else { (width, height) };
    let places = (0..new_height).flat_map(|y| (0..new_width).map(move |x| (x, y)));
    let values = places.map(|(x, y)| {
        let (x, y) = stored(x, y);
        picture.values[y * width + x]
    });
    Grey::new(new_width, new_height, values.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An EXIF block with an orientation, in either byte order.
    fn exif(orientation: u16, little: bool) -> Vec<u8> {
        let short = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let long = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let mut bytes = b"Exif\0\0".to_vec();
        bytes.extend(if little { b"II" } else { b"MM" });
        bytes.extend(short(42));
        bytes.extend(long(8));
        bytes.extend(short(2));
        for (tag, value) in [(0x0100, 9), (0x0112, orientation)] {
            bytes.extend(short(tag));
            bytes.extend(short(3));
            bytes.extend(long(1));
            bytes.extend(short(value));
            bytes.extend([0, 0]);
        }
        bytes
    }

    #[test]
    fn reads_both_byte_orders_and_survives_cuts() {
        for little in [true, false] {
            let bytes = exif(6, little);
            assert_eq!(of(&bytes), 6);
            for length in 0..bytes.len() {
                of(&bytes[..length]);
            }
            assert_eq!(of(&exif(9, little)), 1);
        }
    }

    #[test]
    fn turns_upright() {
        // 1 2 3
        // 4 5 6
        let picture = Grey::new(3, 2, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let turned = |orientation| {
            let picture = upright(picture.clone(), orientation);
            (picture.width, digits(&picture))
        };
        assert_eq!(turned(1), (3, "123456".into()));
        assert_eq!(turned(2), (3, "321654".into()));
        assert_eq!(turned(3), (3, "654321".into()));
        assert_eq!(turned(4), (3, "456123".into()));
        assert_eq!(turned(5), (2, "142536".into()));
        assert_eq!(turned(6), (2, "415263".into()));
        assert_eq!(turned(7), (2, "635241".into()));
        assert_eq!(turned(8), (2, "362514".into()));
    }

    fn digits(picture: &Grey) -> String {
        picture.values.iter().map(f32::to_string).collect()
    }
}
