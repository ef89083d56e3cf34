//! IDX files: a magic number, the sizes, then the bytes.
//!
//! ```text
//! 00 00 08 03, count, 28, 28: images      00 00 08 01, count: labels      sizes: u32, big-endian
//! ```
//!
//! The sizes that a header announces are compared with the bytes that are there before, or while, the
//! memory for them is taken, so that a small file never takes much of it.

use super::{PIXELS, SIDE};
use crate::weights::{LoadError, LoadErrorKind, bytes, open};
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// What every gzip file starts with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Bytes that one byte of a gzip file can stand for at most: DEFLATE writes 258 with two bits.
const MOST_PER_BYTE: u64 = 1032;

/// The bytes of a file after its header, which has `SIZES` sizes: 3 for images, 1 for labels.
pub(super) fn read_file<const SIZES: usize>(path: &Path) -> Result<Vec<u8>, LoadError> {
    let read = || {
        let (file, len) = open(path)?;
        read::<SIZES>(BufReader::new(file), len)
    };
    read().map_err(|error| error.in_file(path.display()))
}

/// The bytes after a header, from a file of `len` bytes.
pub(super) fn read<const SIZES: usize>(
    mut file: impl BufRead,
    len: u64,
) -> Result<Vec<u8>, LoadError> {
    let start = file.fill_buf().map_err(unreadable)?;
    if start.starts_with(&GZIP) {
        let most = len.saturating_mul(MOST_PER_BYTE);
        values::<SIZES>(MultiGzDecoder::new(file), Size::Compressed { most })
    } else {
        values::<SIZES>(file, Size::Known(len))
    }
}

/// How many bytes there are.
enum Size {
    Known(u64),
    Compressed { most: u64 },
}

fn values<const SIZES: usize>(mut file: impl Read, size: Size) -> Result<Vec<u8>, LoadError> {
    let head = 4 * (1 + SIZES);
    let mut header = Vec::with_capacity(head);
    file.by_ref().take(head as u64).read_to_end(&mut header).map_err(unreadable)?;
    let announced = announced::<SIZES>(&header)?;
    let wanted = || format!("{} after the header, as it announces", bytes(announced));
    let length = |found: String| LoadError::new(LoadErrorKind::Length, wanted(), found);
    match size {
        Size::Known(len) if len.checked_sub(head as u64) != Some(announced) => {
            return Err(length(bytes(len.saturating_sub(head as u64))));
        }
        Size::Compressed { most } if announced > most => {
            return Err(length(format!("a gzip file that can hold at most {}", bytes(most))));
        }
        _ => {}
    }
    // What is not compressed is as long as it says by now; other memory grows with what is read.
    let capacity = if let Size::Known(_) = size { announced as usize } else { 0 };
    let mut values = Vec::with_capacity(capacity);
    // One byte more shows whether there are more; up to the end, the checksum is compared.
    file.take(announced + 1).read_to_end(&mut values).map_err(unreadable)?;
    match values.len() as u64 {
        found if found < announced => Err(length(bytes(found))),
        found if found > announced => Err(length("more".into())),
        _ => {
            values.shrink_to_fit();
            Ok(values)
        }
    }
}

/// The bytes that a header announces, if it is the right one.
fn announced<const SIZES: usize>(header: &[u8]) -> Result<u64, LoadError> {
    let fields = header.as_chunks().0.iter().copied().map(u32::from_be_bytes);
    let fields: Vec<u32> = fields.collect();
    let wanted = 0x0800 + SIZES as u32;
    if let Some(found) = fields.first().filter(|&&magic| magic != wanted) {
        let what = if SIZES == 3 { "images" } else { "labels" };
        let wanted = format!("the magic number {wanted:#010x} of IDX {what}");
        return Err(LoadError::new(LoadErrorKind::Header, wanted, format!("{found:#010x}")));
    }
    let count = match fields[..] {
        [_, count] if SIZES == 1 => return Ok(count.into()),
        [_, count, rows, columns] if [rows, columns] == [SIDE as u32; 2] => count,
        [_, _, rows, columns] => {
            let wanted = format!("images of {SIDE}×{SIDE}");
            return Err(LoadError::new(LoadErrorKind::Shape, wanted, format!("{rows}×{columns}")));
        }
        _ => {
            let wanted = format!("an IDX header of {} bytes", 4 * (1 + SIZES));
            return Err(LoadError::new(LoadErrorKind::Length, wanted, bytes(header.len() as u64)));
        }
    };
    Ok(u64::from(count) * PIXELS as u64)
}

/// What the decoder or the system says.
fn unreadable(error: io::Error) -> LoadError {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    let (wanted, kind) = match error.kind() {
        UnexpectedEof => ("all of a gzip file", LoadErrorKind::Length),
        InvalidInput | InvalidData => ("a sound gzip file", LoadErrorKind::Header),
        _ => return LoadError::io("a file that can be read", error),
    };
    let found = error.to_string();
    let mut error = LoadError::io(wanted, error);
    (error.kind, error.found) = (kind, found);
    error
}
