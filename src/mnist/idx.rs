//! IDX files: a magic number, the sizes, then the bytes.
//!
//! ```text
//! 00 00 08 03, count, 28, 28: images      00 00 08 01, count: labels      sizes: u32, big-endian
//! ```
//!
//! The magic number's last byte is how many sizes there are, so that images of colours have four:
//! `00 00 08 04, count, 3, 32, 32`.
//!
//! The sizes that a header announces are compared with the bytes that are there before, or while, the
//! memory for them is taken, so that a small file never takes much of it.

use crate::weights::{LoadError, LoadErrorKind, bytes, open};
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// What every gzip file starts with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Bytes that one byte of a gzip file can stand for at most: DEFLATE writes 258 with two bits.
const MOST_PER_BYTE: u64 = 1032;

/// What each item of a file is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item<'a> {
    /// A byte.
    Label,
    /// Bytes in any of these shapes, all as large as each other.
    Image(&'a [&'a [usize]]),
}

impl Item<'_> {
    /// What the shape of an item may be.
    fn shapes(&self) -> &[&[usize]] {
        match self {
            Self::Label => &[&[]],
            Self::Image(shapes) => shapes,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Label => "labels",
            Self::Image(_) => "images",
        }
    }
}

/// `28×28`.
fn by(sizes: &[usize]) -> String {
    let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
    sizes.join("×")
}

/// The bytes of a file after its header.
pub(crate) fn read_file(path: &Path, item: Item<'_>) -> Result<Vec<u8>, LoadError> {
    let read = || {
        let (file, len) = open(path)?;
        read(BufReader::new(file), len, item)
    };
    read().map_err(|error| error.in_file(path.display()))
}

/// The bytes after a header, from a file of `len` bytes.
pub(crate) fn read(mut file: impl BufRead, len: u64, item: Item<'_>) -> Result<Vec<u8>, LoadError> {
    let start = file.fill_buf().map_err(unreadable)?;
    if start.starts_with(&GZIP) {
        let most = len.saturating_mul(MOST_PER_BYTE);
        values(MultiGzDecoder::new(file), Size::Compressed { most }, item)
    } else {
        values(file, Size::Known(len), item)
    }
}

/// How many bytes there are.
enum Size {
    Known(u64),
    Compressed { most: u64 },
}

fn values(mut file: impl Read, size: Size, item: Item<'_>) -> Result<Vec<u8>, LoadError> {
    let mut magic = Vec::with_capacity(4);
    file.by_ref().take(4).read_to_end(&mut magic).map_err(unreadable)?;
    let sizes = sizes(&magic, item)?;
    let mut header = Vec::with_capacity(4 * sizes);
    file.by_ref().take(4 * sizes as u64).read_to_end(&mut header).map_err(unreadable)?;
    let head = 4 + 4 * sizes;
    if magic.len() + header.len() < head {
        let wanted = format!("an IDX header of {head} bytes");
        let found = bytes((magic.len() + header.len()) as u64);
        return Err(LoadError::new(LoadErrorKind::Length, wanted, found));
    }
    let announced = announced(&header, item)?;
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

/// How many sizes there are, if the magic number is one that the items have.
fn sizes(magic: &[u8], item: Item<'_>) -> Result<usize, LoadError> {
    let first = 1 + item.shapes()[0].len();
    let Some(magic) = magic.first_chunk() else { return Ok(first) };
    let found = u32::from_be_bytes(*magic);
    let mut counts = item.shapes().iter().map(|sizes| 1 + sizes.len());
    counts.find(|&count| found == 0x0800 + count as u32).ok_or_else(|| {
        let wanted = format!("the magic number {:#010x} of IDX {}", 0x0800 + first, item.name());
        LoadError::new(LoadErrorKind::Header, wanted, format!("{found:#010x}"))
    })
}

/// The bytes that the sizes in a header announce, if the items have such a shape.
fn announced(header: &[u8], item: Item<'_>) -> Result<u64, LoadError> {
    let fields = header.as_chunks().0.iter().copied().map(u32::from_be_bytes);
    let fields: Vec<usize> = fields.map(|field| field as usize).collect();
    let (count, shape) = fields.split_first().expect("a header has a count");
    if !item.shapes().contains(&shape) {
        let wanted = format!("{} of {}", item.name(), by(item.shapes()[0]));
        return Err(LoadError::new(LoadErrorKind::Shape, wanted, by(shape)));
    }
    Ok((*count as u64).saturating_mul(shape.iter().product::<usize>() as u64))
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
