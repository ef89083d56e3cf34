//! Parameters in files; the ending of the name says the format.

use super::error::SaveError;
use super::{LoadError, LoadErrorKind, SafetensorsSource, TensorInfo};
use super::{from_raw, from_safetensors, raw, to_raw, to_safetensors};
use crate::network::Network;
use crate::precision::Arithmetic;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// What a file holds parameters as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileFormat {
    Raw,
    Safetensors,
}

impl FileFormat {
    /// What the ending of a file's name says.
    pub(crate) fn of(path: &Path) -> Result<Self, LoadError> {
        let ending = path.extension().unwrap_or_default();
        if ending.eq_ignore_ascii_case("raw") {
            Ok(Self::Raw)
        } else if ending.eq_ignore_ascii_case("safetensors") {
            Ok(Self::Safetensors)
        } else {
            let found = match ending.is_empty() {
                true => "no ending".into(),
                false => format!("`.{}`", ending.display()),
            };
            let wanted = "a file name that ends in `.safetensors` or `.raw`";
            Err(LoadError::new(LoadErrorKind::Format, wanted, found))
        }
    }
}

/// Opens a file that can be read to its end: anything but a regular file may have none.
pub(crate) fn open(path: &Path) -> Result<(File, u64), LoadError> {
    let error = |error| LoadError::io("a file", error);
    let kind = fs::metadata(path).map_err(error)?;
    if !kind.is_file() {
        let found = if kind.is_dir() { "a directory" } else { "a device or a pipe" };
        return Err(LoadError::new(LoadErrorKind::Io, "a file", found));
    }
    Ok((File::open(path).map_err(error)?, kind.len()))
}

fn read_all(mut file: File, len: u64) -> Result<Vec<u8>, LoadError> {
    let error = |error| LoadError::io("a file that can be read", error);
    let mut bytes = Vec::new();
    let capacity = usize::try_from(len).unwrap_or(usize::MAX);
    bytes.try_reserve_exact(capacity).map_err(|_| error(io::ErrorKind::OutOfMemory.into()))?;
    file.read_to_end(&mut bytes).map_err(error)?;
    Ok(bytes)
}

/// The bytes of a file.
///
/// # Errors
/// If it can't be read, or is something else than a file.
pub fn read(path: impl AsRef<Path>) -> Result<Vec<u8>, LoadError> {
    let path = path.as_ref();
    open(path).and_then(|(file, len)| read_all(file, len)).map_err(|error| named(error, path))
}

/// A network with the parameters of a `.safetensors` or `.raw` file.
///
/// # Errors
/// If the file can't be read, and what is wrong with it.
pub fn from_file<N: Network>(path: impl AsRef<Path>) -> Result<N, LoadError> {
    let path = path.as_ref();
    let network = || {
        let format = FileFormat::of(path)?;
        let (file, len) = open(path)?;
        match format {
            FileFormat::Raw if !N::Precision::FLOAT => {
                let wanted = "`.safetensors` for a quantized network";
                Err(LoadError::new(LoadErrorKind::Format, wanted, "`.raw`, which holds floats"))
            }
            FileFormat::Raw => {
                raw::check_len(len, N::STORED)?;
                from_raw(&read_all(file, len)?)
            }
            FileFormat::Safetensors => from_safetensors(&read_all(file, len)?),
        }
    };
    network().map_err(|error| named(error, path))
}

/// Gives a network the parameters of a file; on an error it keeps its own.
///
/// # Errors
/// If the file can't be read, and what is wrong with it.
pub fn load<N: Network>(network: &mut N, path: impl AsRef<Path>) -> Result<(), LoadError> {
    let path = path.as_ref();
    let verbose = network.verbose();
    *network = from_file(path)?;
    network.set_verbose(verbose);
    if verbose {
        eprintln!("{}: loaded {} parameters from {}", N::NAME, N::PARAMETERS, path.display());
    }
    Ok(())
}

/// Writes a network's parameters to a `.safetensors` or `.raw` file.
///
/// The file appears under its name when it is complete: an error leaves an older one as it was.
///
/// # Errors
/// If the file can't be written, or its name has another ending.
pub fn save<N: Network>(network: &N, path: impl AsRef<Path>) -> Result<(), SaveError> {
    let path = path.as_ref();
    let write = || {
        let bytes = match FileFormat::of(path)? {
            FileFormat::Raw if !N::Precision::FLOAT => {
                let wanted = "`.safetensors` for a quantized network";
                return Err(LoadError::new(
                    LoadErrorKind::Format,
                    wanted,
                    "`.raw`, which holds floats",
                ));
            }
            FileFormat::Raw => to_raw(network),
            FileFormat::Safetensors => to_safetensors(network),
        };
        self::write(path, &bytes)
    };
    write().map_err(|error| SaveError(named(error, path)))
}

/// Writes a file, which appears under its name when it is complete.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), LoadError> {
    replace(path, bytes).map_err(|error| LoadError::io("a place to write a file", error))
}

/// The tensors of a `.safetensors` file, in the order in which they lie there.
///
/// # Errors
/// If the file can't be read, and what is wrong with its header.
pub fn list(path: impl AsRef<Path>) -> Result<Vec<TensorInfo>, LoadError> {
    let path = path.as_ref();
    SafetensorsSource::list(&read(path)?).map_err(|error| named(error, path))
}

fn named(error: LoadError, path: &Path) -> LoadError {
    error.in_file(path.display())
}

/// Writes a file beside its place, then moves it there.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays a link; what it points to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let temporary = beside(&path);
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        let moved = file
            .write_all(bytes)
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&temporary, &path));
        moved.inspect_err(|_| _ = fs::remove_file(&temporary))
    };
    write()
}

/// A name in the same directory that no other save uses: it ends in a random number, which there is also
/// where there are no processes.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{:016x}", RandomState::new().hash_one(())));
    path.with_file_name(name)
}
