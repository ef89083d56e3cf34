//! Images, and labels for them: those inside the program, or IDX files.

use super::screen::{counted, note, printable};
use super::{Failure, Program};
use crate::mnist::idx::{self, Item};
use crate::shape::volume;
use crate::weights::{self, LoadError, LoadErrorKind};
use std::path::Path;

/// Images of the shape that a network takes.
#[derive(Debug)]
pub(crate) struct Images {
    pixels: Vec<u8>,
    /// Pixels of one.
    size: usize,
}

impl Images {
    /// Those of an IDX file in memory.
    pub(crate) fn from_bytes(program: &Program, bytes: &[u8]) -> Result<Self, LoadError> {
        Self::read(program, |item| idx::read(bytes, bytes.len() as u64, item))
    }

    /// Those of an IDX file.
    pub(crate) fn file(program: &Program, path: &Path) -> Result<Self, Failure> {
        Self::read(program, |item| idx::read_file(path, item))
            .map_err(|error| cannot_read(path, error))
    }

    fn read(
        program: &Program,
        read: impl FnOnce(Item<'_>) -> Result<Vec<u8>, LoadError>,
    ) -> Result<Self, LoadError> {
        let [channels, height, width] = program.input;
        let (flat, plane) = ([channels], [height, width]);
        let shapes: &[&[usize]] = match program.input {
            [_, 1, 1] => &[&flat, &program.input],
            [1, _, _] => &[&plane, &program.input],
            _ => &[&program.input],
        };
        let size = volume(program.input);
        read(Item::Image(shapes)).map(|pixels| Self { pixels, size })
    }

    pub(crate) fn len(&self) -> usize {
        self.pixels.len() / self.size
    }

    /// The pixels of an image.
    pub(crate) fn at(&self, at: usize) -> &[u8] {
        &self.pixels[at * self.size..][..self.size]
    }

    /// The pixels of each image.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.pixels.chunks_exact(self.size)
    }
}

/// Images with their labels, and where they are from.
#[derive(Debug)]
pub(crate) struct Labelled {
    images: Images,
    labels: Vec<u8>,
    count: usize,
    /// Where the images are from.
    pub(crate) origin: String,
}

impl Labelled {
    /// Those of two files, or the sample inside the program.
    pub(crate) fn open(
        program: &Program,
        images: Option<&Path>,
        labels: Option<&Path>,
    ) -> Result<Self, Failure> {
        match (images, labels) {
            (Some(images), Some(labels)) => Self::files(program, images, labels),
            (None, None) => Self::inside(program),
            (Some(_), None) => Err(Failure::usage("--images FILE needs --labels FILE with it")),
            (None, Some(_)) => Err(Failure::usage("--labels FILE needs --images FILE with it")),
        }
    }

    /// The sample inside the program.
    pub(crate) fn inside(program: &Program) -> Result<Self, Failure> {
        let failed = |error| Failure::because("cannot read the sample inside the program", error);
        let Some(inside) = &program.inside else {
            return Err(Failure::usage(
                "no images are inside this program: it takes --images FILE and --labels FILE",
            ));
        };
        let images = Images::from_bytes(program, inside.images).map_err(failed)?;
        let labels =
            labels(program, |item| idx::read(inside.labels, inside.labels.len() as u64, item));
        Self::new(images, labels.map_err(failed)?, "the sample inside".into())
    }

    /// Says so where the images of a file are to quantize with, too.
    pub(crate) fn compare(images: Option<&Path>, calibration: Option<&Path>) {
        let place = |path: Option<&Path>| path.and_then(|path| path.canonicalize().ok());
        let (images, calibration) = (place(images), place(calibration));
        if images.is_some() && images == calibration {
            note(
                "--images and --calibration are one file: what is quantized knows these images, and reads \
                 others less well",
            );
        }
    }

    /// The images of one file and the labels of another.
    fn files(program: &Program, images: &Path, labels: &Path) -> Result<Self, Failure> {
        let origin = printable(images.display());
        let images = Images::file(program, images)?;
        let values = self::labels(program, |item| idx::read_file(labels, item))
            .map_err(|error| cannot_read(labels, error))?;
        Self::new(images, values, origin)
    }

    fn new(images: Images, labels: Vec<u8>, origin: String) -> Result<Self, Failure> {
        let count = images.len();
        if count == 0 {
            return Err(Failure::new(format!("no images in {origin}")));
        }
        if count != labels.len() {
            return Err(Failure::new(format!(
                "{} in {origin}, but {} for them",
                counted(count, "image"),
                counted(labels.len(), "label")
            )));
        }
        Ok(Self { images, labels, count, origin })
    }

    /// The first `count` of them, or all where there are fewer.
    pub(crate) fn first(self, count: usize) -> Self {
        Self { count: self.count.min(count), ..self }
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The pixels of an image.
    pub(crate) fn image(&self, at: usize) -> &[u8] {
        self.images.at(at)
    }

    /// What it shows.
    pub(crate) fn label(&self, at: usize) -> usize {
        self.labels[at].into()
    }

    pub(crate) fn images(&self) -> impl Iterator<Item = &[u8]> {
        self.images.iter().take(self.count)
    }

    pub(crate) fn labels(&self) -> impl Iterator<Item = usize> {
        self.labels.iter().take(self.count).map(|&label| label.into())
    }
}

/// Labels that the network can give.
fn labels(
    program: &Program,
    read: impl FnOnce(Item<'_>) -> Result<Vec<u8>, LoadError>,
) -> Result<Vec<u8>, LoadError> {
    let (labels, classes) = (read(Item::Label)?, program.classes());
    match labels.iter().position(|&label| usize::from(label) >= classes) {
        None => Ok(labels),
        Some(at) => {
            let wanted = format!("labels from 0 to {}", classes.saturating_sub(1));
            let found = format!("{} at place {at}", labels[at]);
            Err(LoadError::new(LoadErrorKind::Value, wanted, found))
        }
    }
}

/// Whether a file is IDX, or packed by gzip, as IDX files often are.
pub(crate) fn looks_like_idx(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1F, 0x8B]) || bytes.starts_with(&[0, 0, 8])
}

/// The bytes of a file.
pub(crate) fn file(path: &Path) -> Result<Vec<u8>, Failure> {
    weights::read(path).map_err(|error| cannot_read(path, error))
}

pub(crate) fn cannot_read(path: &Path, mut error: LoadError) -> Failure {
    // The message names it.
    error.file = None;
    Failure::because(format!("cannot read {}", path.display()), error)
}
