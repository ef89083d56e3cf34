//! Labelled images: those inside the program, or MNIST's files.

use super::screen::printable;
use super::{Failure, Program};
use crate::mnist::{MNIST, MNISTLabels};
use crate::weights::{self, LoadError};
use std::path::Path;

/// Images with their labels, and where they are from.
#[derive(Debug)]
pub(crate) struct Labelled {
    images: MNIST,
    labels: MNISTLabels,
    count: usize,
    /// Where the images are from.
    pub(crate) origin: String,
}

impl Labelled {
    /// The sample inside the program.
    pub(crate) fn inside(program: &Program) -> Result<Self, Failure> {
        let failed = |error| Failure::because("cannot read the sample inside the program", error);
        let Some(inside) = &program.inside else {
            return Err(Failure::usage(
                "no images are inside this program: it takes --images FILE and --labels FILE",
            ));
        };
        let images = MNIST::from_bytes(inside.images).map_err(failed)?;
        let labels = MNISTLabels::from_bytes(inside.labels).map_err(failed)?;
        Self::new(program, images, labels, "the sample inside".into())
    }

    /// The images of one file and the labels of another.
    pub(crate) fn files(program: &Program, images: &Path, labels: &Path) -> Result<Self, Failure> {
        let loaded = (MNIST::new(images), MNISTLabels::new(labels));
        let images_loaded = loaded.0.map_err(|error| cannot_read(images, error))?;
        let labels_loaded = loaded.1.map_err(|error| cannot_read(labels, error))?;
        Self::new(program, images_loaded, labels_loaded, printable(images.display()))
    }

    fn new(
        program: &Program,
        images: MNIST,
        labels: MNISTLabels,
        origin: String,
    ) -> Result<Self, Failure> {
        let count = images.len();
        if program.input != [1, SIDE, SIDE] {
            let [channels, height, width] = program.input;
            return Err(Failure::new(format!(
                "{} takes {channels}x{height}x{width}, the images of {origin} are {SIDE}x{SIDE}",
                program.network,
            )));
        }
        if count == 0 {
            return Err(Failure::new(format!("no images in {origin}")));
        }
        if count != labels.len() {
            return Err(Failure::new(format!(
                "{count} images in {origin}, but {} labels for them",
                labels.len()
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
        self.images.at(at).as_slice()
    }

    /// The digit that it shows.
    pub(crate) fn label(&self, at: usize) -> usize {
        self.labels.at(at)
    }

    pub(crate) fn images(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.count).map(|at| self.image(at))
    }

    pub(crate) fn labels(&self) -> impl Iterator<Item = usize> {
        self.labels.iter().take(self.count)
    }
}

/// Width and height of the images.
pub(crate) const SIDE: usize = 28;

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
