//! The tensors that a file says it has, and whether that can be true.

use super::json::Cursor;
use crate::weights::error::{Short, bytes};
use crate::weights::{Dtype, LoadError, LoadErrorKind};
use alloc::borrow::{Cow, ToOwned};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// A tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TensorInfo {
    /// Its full name: `conv1.weight`.
    pub name: String,
    /// The type of its elements.
    pub dtype: Dtype,
    /// Its shape.
    pub shape: Vec<usize>,
}

/// A tensor of a file, and where it lies among the values.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    pub(super) place: Range<usize>,
}

impl From<Entry<'_>> for TensorInfo {
    fn from(entry: Entry<'_>) -> Self {
        Self { name: entry.name.into_owned(), dtype: entry.dtype, shape: entry.shape }
    }
}

/// The bytes that say how long the header is.
const LENGTH: usize = 8;

/// Sizes in a shape, as in PyTorch: a number takes four times the memory that it takes in the header.
const MOST_SIZES: usize = 64;

/// The tensors of a file in the order in which they lie, and the bytes of their values.
pub(super) fn read(file: &[u8]) -> Result<(Vec<Entry<'_>>, &[u8]), LoadError> {
    let (text, data) = split(file)?;
    let mut entries = Vec::new();
    let mut cursor = Cursor::new(text);
    cursor.object(|cursor, name| {
        if name == "__metadata__" {
            return metadata(cursor);
        }
        let entry = entry(cursor, &name)?;
        entries.push(Entry { name, ..entry });
        Ok(())
    })?;
    cursor.end()?;
    entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    if let Some([entry, ..]) = entries.windows(2).find(|pair| pair[0].name == pair[1].name) {
        let error = LoadError::new(LoadErrorKind::Repeated, "each name once", "it twice");
        return Err(error.in_tensor(&entry.name));
    }
    entries.sort_unstable_by_key(|entry| (entry.place.start, entry.place.end));
    check_places(&entries, data.len())?;
    Ok((entries, data))
}

/// A file as header and values.
fn split(file: &[u8]) -> Result<(&str, &[u8]), LoadError> {
    let Some((&length, rest)) = file.split_first_chunk::<LENGTH>() else {
        let wanted = "a .safetensors file, which has at least 10 bytes";
        return Err(LoadError::new(LoadErrorKind::Length, wanted, bytes(file.len() as u64)));
    };
    let length = u64::from_le_bytes(length);
    let parts = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let Some((header, data)) = parts else {
        let wanted = format!("a header of {}, as the first 8 bytes say", bytes(length));
        return Err(LoadError::new(LoadErrorKind::Length, wanted, bytes(rest.len() as u64)));
    };
    match str::from_utf8(header) {
        Ok(text) => Ok((text, data)),
        Err(error) => {
            let at = error.valid_up_to();
            let wanted = format!("UTF-8 at byte {at} of the header");
            Err(LoadError::new(LoadErrorKind::Header, wanted, format!("{:#04x}", header[at])))
        }
    }
}

/// Texts by name, which say nothing about the values.
fn metadata(cursor: &mut Cursor<'_>) -> Result<(), LoadError> {
    cursor.object(|cursor, _| cursor.string().map(drop))
}

/// What the header says of one tensor.
fn entry<'a>(cursor: &mut Cursor<'a>, name: &str) -> Result<Entry<'a>, LoadError> {
    let (mut dtype, mut shape, mut place) = (None, None, None);
    let result = cursor.object(|cursor, key| {
        match &*key {
            "dtype" if dtype.is_none() => dtype = Some(self::dtype(cursor)?),
            "shape" if shape.is_none() => {
                let mut sizes = Vec::new();
                cursor.array(|cursor| {
                    if sizes.len() == MOST_SIZES {
                        return Err(cursor.error(&format!("at most {MOST_SIZES} sizes")));
                    }
                    sizes.push(cursor.number()?);
                    Ok(())
                })?;
                shape = Some(sizes);
            }
            "data_offsets" if place.is_none() => place = Some(self::place(cursor)?),
            _ => {
                let wanted = "`dtype`, `shape` and `data_offsets`, each once";
                let found = format!("`{}`", Short(&key, 24));
                return Err(LoadError::new(LoadErrorKind::Header, wanted, found));
            }
        }
        Ok(())
    });
    result.map_err(|error| error.in_tensor(name))?;
    let (Some(dtype), Some(shape), Some(place)) = (dtype, shape, place) else {
        let error = cursor.error("`dtype`, `shape` and `data_offsets` before the end");
        return Err(error.in_tensor(name));
    };
    let entry = Entry { name: Cow::Borrowed(""), dtype, shape, place };
    check_size(&entry).map_err(|error| error.in_tensor(name))?;
    Ok(entry)
}

fn dtype(cursor: &mut Cursor<'_>) -> Result<Dtype, LoadError> {
    let text = cursor.string()?;
    let known = Dtype::ALL.iter().find(|dtype| dtype.name() == text);
    known.copied().ok_or_else(|| {
        let found = format!("`{}`", Short(&text, 24));
        LoadError::new(LoadErrorKind::Dtype, "an element type of the format", found)
    })
}

fn place(cursor: &mut Cursor<'_>) -> Result<Range<usize>, LoadError> {
    let (mut offsets, mut count) = ([0; 2], 0);
    cursor.array(|cursor| {
        let offset = cursor.number()?;
        if let Some(place) = offsets.get_mut(count) {
            *place = offset;
        }
        count += 1;
        Ok(())
    })?;
    if count != 2 {
        let found = format!("{count} numbers");
        return Err(LoadError::new(LoadErrorKind::Header, "two `data_offsets`", found));
    }
    Ok(offsets[0]..offsets[1])
}

/// Whether a tensor takes as many bytes as its shape says.
fn check_size(Entry { dtype, shape, place, .. }: &Entry<'_>) -> Result<(), LoadError> {
    let bits =
        shape.iter().try_fold(dtype.bits() as u128, |bits, &size| bits.checked_mul(size as u128));
    let found = place.end.checked_sub(place.start);
    if bits.is_some() && bits == found.map(|found| 8 * found as u128) {
        return Ok(());
    }
    let size = match bits {
        Some(bits) if bits % 8 == 0 => bytes(bits / 8),
        Some(bits) => format!("{bits} bits"),
        None => "more bytes than can be counted".to_owned(),
    };
    let wanted = format!("{size} for {shape:?} of {dtype}");
    let found = format!("data_offsets [{}, {}]", place.start, place.end);
    Err(LoadError::new(LoadErrorKind::Offsets, wanted, found))
}

/// Whether the tensors fill the values one after the other.
fn check_places(entries: &[Entry<'_>], len: usize) -> Result<(), LoadError> {
    let mut end = 0;
    for entry in entries {
        if entry.place.start != end {
            let wanted = format!("data_offsets from {end}, where the tensor before it ends");
            let error = LoadError::new(LoadErrorKind::Offsets, wanted, entry.place.start);
            return Err(error.in_tensor(&entry.name));
        }
        end = entry.place.end;
    }
    if end != len {
        let wanted = format!("{} of values, as the header says", bytes(end as u64));
        return Err(LoadError::new(LoadErrorKind::Length, wanted, bytes(len as u64)));
    }
    Ok(())
}
