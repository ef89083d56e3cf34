//! MNIST: handwritten digits, and which digit each of them is.
//!
//! The files are those of the original data set, plain or compressed with gzip; the content says which.
//!
//! ```no_run
//! use microcnn::mnist::{MNIST, MNISTLabels};
//!
//! let images = MNIST::new("data/t10k-images-idx3-ubyte.gz")?;
//! let labels = MNISTLabels::new("data/t10k-labels-idx1-ubyte.gz")?;
//! images.print(0);
//! println!("a {}, the first of {} digits", labels.at(0), images.len());
//! # Ok::<(), microcnn::weights::LoadError>(())
//! ```

pub(crate) mod idx;
mod render;

pub use render::Picture;

use idx::Item;

use crate::tensor::Tensor;
use crate::weights::{LoadError, LoadErrorKind};
use std::fmt;
use std::path::Path;

/// Rows of an image, and columns.
const SIDE: usize = 28;

/// Pixels of an image.
const PIXELS: usize = SIDE * SIDE;

/// What an IDX file of them holds.
const IMAGE: Item<'_> = Item::Image(&[&[SIDE, SIDE]]);

/// One image: pixels from 0, the paper, to 255, the ink.
pub type Image = Tensor<u8, 1, 1, SIDE, SIDE>;

/// Images of handwritten digits.
#[derive(Clone)]
pub struct MNIST {
    pixels: Vec<u8>,
}

impl MNIST {
    /// The images of an IDX file, plain or compressed with gzip.
    ///
    /// # Errors
    /// If the file can't be read; if it is not an IDX file of 28×28 images; if it has more or fewer bytes
    /// than its header announces.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let pixels = idx::read_file(path.as_ref(), IMAGE)?;
        Ok(Self { pixels })
    }

    /// The images of an IDX file in memory.
    ///
    /// ```
    /// # use microcnn::mnist::MNIST;
    /// // Magic number, one image, 28 rows, 28 columns.
    /// let mut file = vec![0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28];
    /// file.resize(16 + 28 * 28, 51);
    /// let images = MNIST::from_bytes(&file)?;
    /// assert_eq!(images.len(), 1);
    /// assert_eq!(images.at(0)[[0, 0, 27, 27]], 51);
    /// assert_eq!(images.image(0)[[0, 0, 27, 27]], 0.2);
    /// # Ok::<(), microcnn::weights::LoadError>(())
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_bytes(file: &[u8]) -> Result<Self, LoadError> {
        let pixels = idx::read(file, file.len() as u64, IMAGE)?;
        Ok(Self { pixels })
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.pixels.len() / PIXELS
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// An image as it is in the file: pixels from 0, the paper, to 255, the ink. Nothing is copied.
    ///
    /// # Panics
    /// If there is no such image.
    #[track_caller]
    pub fn at(&self, i: usize) -> &Image {
        self.batch(i)
    }

    /// An image as a network takes it: pixels from 0.0 to 1.0.
    ///
    /// # Panics
    /// If there is no such image.
    #[track_caller]
    pub fn image(&self, i: usize) -> Tensor<f32, 1, 1, SIDE, SIDE> {
        real(self.at(i))
    }

    /// `N` images from `first` on, for `predict_u8`. Nothing is copied.
    ///
    /// # Panics
    /// If there are not so many.
    #[track_caller]
    pub fn batch<const N: usize>(&self, first: usize) -> &Tensor<u8, N, 1, SIDE, SIDE> {
        let len = self.len();
        match first.checked_add(N) {
            Some(end) if end <= len => {
                Tensor::from_slice(&self.pixels[first * PIXELS..end * PIXELS])
                    .expect("the slice has N images")
            }
            _ if N == 1 => panic!("there is no image {first} among {len} images"),
            _ => panic!("there are no {N} images from {first} on among {len} images"),
        }
    }

    /// All images as they are in the file. Nothing is copied.
    pub fn iter(&self) -> Images<'_> {
        Images { images: self.pixels.as_chunks().0.iter() }
    }

    /// All images as a network takes them.
    pub fn images(&self) -> impl ExactSizeIterator<Item = Tensor<f32, 1, 1, SIDE, SIDE>> {
        self.iter().map(real)
    }

    /// An image as text for a terminal.
    ///
    /// # Panics
    /// If there is no such image.
    #[track_caller]
    pub fn render(&self, i: usize) -> Picture<'_> {
        Picture::new(self.at(i))
    }

    /// Prints an image on the standard output.
    ///
    /// # Panics
    /// If there is no such image.
    #[track_caller]
    pub fn print(&self, i: usize) {
        println!("{}", self.render(i));
    }
}

/// Pixels from 0.0 to 1.0.
fn real(image: &Image) -> Tensor<f32, 1, 1, SIDE, SIDE> {
    image.map(|pixel| f32::from(pixel) / 255.0)
}

impl fmt::Debug for MNIST {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MNIST").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// The images of a file, one by one: see [`MNIST::iter`].
#[derive(Clone, Debug)]
pub struct Images<'a> {
    images: std::slice::Iter<'a, [u8; PIXELS]>,
}

impl<'a> Iterator for Images<'a> {
    type Item = &'a Image;

    fn next(&mut self) -> Option<&'a Image> {
        let image = self.images.next()?;
        Some(Tensor::from_slice(image).expect("a chunk is an image"))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.images.size_hint()
    }
}

impl ExactSizeIterator for Images<'_> {}

impl<'a> IntoIterator for &'a MNIST {
    type Item = &'a Image;
    type IntoIter = Images<'a>;

    fn into_iter(self) -> Images<'a> {
        self.iter()
    }
}

/// Which digits images show.
#[derive(Clone)]
pub struct MNISTLabels {
    labels: Vec<u8>,
}

impl MNISTLabels {
    /// The labels of an IDX file, plain or compressed with gzip.
    ///
    /// # Errors
    /// If the file can't be read; if it is not an IDX file of labels; if it has more or fewer bytes than its
    /// header announces; if a label is above 9.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let labels = idx::read_file(path, Item::Label)?;
        Self::checked(labels).map_err(|error| error.in_file(path.display()))
    }

    /// The labels of an IDX file in memory.
    ///
    /// ```
    /// # use microcnn::mnist::MNISTLabels;
    /// let labels = MNISTLabels::from_bytes(&[0, 0, 8, 1, 0, 0, 0, 2, 7, 4])?;
    /// assert_eq!([labels.at(0), labels.at(1)], [7, 4]);
    /// # Ok::<(), microcnn::weights::LoadError>(())
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_bytes(file: &[u8]) -> Result<Self, LoadError> {
        Self::checked(idx::read(file, file.len() as u64, Item::Label)?)
    }

    fn checked(labels: Vec<u8>) -> Result<Self, LoadError> {
        match labels.iter().position(|&label| label > 9) {
            None => Ok(Self { labels }),
            Some(at) => {
                let found = format!("{} at place {at}", labels[at]);
                Err(LoadError::new(LoadErrorKind::Value, "labels from 0 to 9", found))
            }
        }
    }

    /// The number of labels.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The digit that image `i` shows.
    ///
    /// # Panics
    /// If there is no such label.
    #[track_caller]
    pub fn at(&self, i: usize) -> usize {
        match self.labels.get(i) {
            Some(&label) => label.into(),
            None => panic!("there is no label {i} among {} labels", self.len()),
        }
    }

    /// All labels.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = usize> {
        self.labels.iter().copied().map(usize::from)
    }
}

impl fmt::Debug for MNISTLabels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MNISTLabels").field("len", &self.len()).finish_non_exhaustive()
    }
}
