//! What can be wrong with a file.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

/// Why a file could not be loaded: which file, which tensor, what was wanted, what was found.
///
/// Its text is one line with all of them:
///
/// ```
/// # use microcnn::weights::{RawSource};
/// let error = RawSource::new(&[0; 10], 5).err().unwrap();
/// assert_eq!(error.to_string(), "wanted 20 bytes (5 values), found 10 bytes");
/// ```
///
/// Its [`Debug`](fmt::Debug) is the same line and what the system says, since that is what a `main` that returns
/// an error prints of it.
#[non_exhaustive]
pub struct LoadError {
    /// What kind of mistake it is.
    pub kind: LoadErrorKind,
    /// The file, where the parameters come from one.
    pub file: Option<String>,
    /// The full name of the tensor, where the mistake is in one: `conv1.weight`.
    pub tensor: Option<String>,
    /// What should have been there.
    pub wanted: String,
    /// What is there.
    pub found: String,
    #[cfg(feature = "std")]
    source: Option<std::io::Error>,
}

/// The kinds of mistakes in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoadErrorKind {
    /// The file can't be read.
    Io,
    /// The file's name says no known format.
    Format,
    /// There are more or fewer bytes than there should be.
    Length,
    /// The header of a `.safetensors`, IDX or gzip file is not well-formed.
    Header,
    /// The tensors don't lie one after the other, without gaps.
    Offsets,
    /// A tensor is not in the file.
    Missing,
    /// A tensor is in the file that the network does not have.
    Unknown,
    /// Two tensors have the same name.
    Repeated,
    /// A tensor or an image has another shape.
    Shape,
    /// A tensor has another element type.
    Dtype,
    /// A value is not finite, or is a negative variance, or is no label.
    Value,
}

impl LoadError {
    /// A mistake, not yet in a certain tensor or file.
    pub fn new(kind: LoadErrorKind, wanted: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self {
            kind,
            file: None,
            tensor: None,
            wanted: wanted.to_string(),
            found: found.to_string(),
            #[cfg(feature = "std")]
            source: None,
        }
    }

    /// The same mistake, in this tensor.
    pub fn in_tensor(mut self, name: impl fmt::Display) -> Self {
        self.tensor = Some(name.to_string());
        self
    }

    /// The same mistake, in this file.
    pub fn in_file(mut self, file: impl fmt::Display) -> Self {
        self.file = Some(file.to_string());
        self
    }

    /// What the system says to reading or writing.
    #[cfg(feature = "std")]
    pub(crate) fn io(wanted: &str, error: std::io::Error) -> Self {
        let found = match error.kind() {
            std::io::ErrorKind::NotFound => "none".to_string(),
            kind => kind.to_string(),
        };
        Self { source: Some(error), ..Self::new(LoadErrorKind::Io, wanted, found) }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}: ", Short(file, 1000))?;
        }
        if let Some(tensor) = &self.tensor {
            write!(f, "{}: ", Short(tensor, 100))?;
        }
        write!(f, "wanted {}, found {}", self.wanted, self.found)
    }
}

impl fmt::Debug for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        match core::error::Error::source(self) {
            Some(source) => write!(f, " ({source})"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        #[cfg(feature = "std")]
        return self.source.as_ref().map(|error| error as _);
        #[cfg(not(feature = "std"))]
        None
    }
}

/// Why parameters could not be saved.
#[cfg(feature = "std")]
pub struct SaveError(pub(super) LoadError);

#[cfg(feature = "std")]
impl fmt::Debug for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(feature = "std")]
impl SaveError {
    /// The file that was to be written.
    pub fn file(&self) -> Option<&str> {
        self.0.file.as_deref()
    }
}

#[cfg(feature = "std")]
impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "std")]
impl core::error::Error for SaveError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.0.source()
    }
}

/// For functions that both load and save.
#[cfg(feature = "std")]
impl From<SaveError> for LoadError {
    fn from(error: SaveError) -> Self {
        error.0
    }
}

/// The beginning of a text from outside, on one line and without control characters.
pub(super) struct Short<'a>(pub(super) &'a str, pub(super) usize);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.0.char_indices().nth(self.1).map_or(self.0.len(), |(at, _)| at);
        for char in self.0[..end].chars() {
            match char {
                '"' | '\'' | '\\' => write!(f, "{char}")?,
                _ => write!(f, "{}", char.escape_debug())?,
            }
        }
        if end < self.0.len() { f.write_str("…") } else { Ok(()) }
    }
}

/// `3 bytes`, `1 byte`.
pub(crate) fn bytes(count: impl Into<u128>) -> String {
    match count.into() {
        1 => "1 byte".into(),
        count => format!("{count} bytes"),
    }
}
