//! A writer of `.safetensors` files that can make every mistake.

use microcnn::lenet::LeNet5;
use microcnn::weights::{LoadError, from_raw, from_safetensors};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

/// The weights of the reference network.
pub(crate) const RAW: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/reference-lenet.raw"));

/// LeNet-5's parameters in the order of its layers.
pub(crate) const SHAPES: [(&str, &[usize]); 10] = [
    ("conv1.weight", &[6, 1, 5, 5]),
    ("conv1.bias", &[6]),
    ("conv2.weight", &[16, 6, 5, 5]),
    ("conv2.bias", &[16]),
    ("conv3.weight", &[120, 16, 5, 5]),
    ("conv3.bias", &[120]),
    ("fc1.weight", &[84, 120]),
    ("fc1.bias", &[84]),
    ("fc2.weight", &[10, 84]),
    ("fc2.bias", &[10]),
];

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) dtype: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

impl Entry {
    pub(crate) fn new(name: &str, dtype: &str, shape: &[usize], bytes: Vec<u8>) -> Self {
        Self { name: name.into(), dtype: dtype.into(), shape: shape.into(), bytes }
    }
}

/// The reference network's tensors.
pub(crate) fn entries() -> Vec<Entry> {
    let mut rest = RAW;
    SHAPES
        .iter()
        .map(|(name, shape)| {
            let (bytes, after) = rest.split_at(4 * shape.iter().product::<usize>());
            rest = after;
            Entry::new(name, "F32", shape, bytes.to_vec())
        })
        .collect()
}

/// A file with these tensors, one after the other.
pub(crate) fn file(entries: &[Entry]) -> Vec<u8> {
    let mut data = Vec::new();
    let members: Vec<String> = entries
        .iter()
        .map(|Entry { name, dtype, shape, bytes }| {
            let start = data.len();
            data.extend(bytes);
            let end = data.len();
            format!(
                r#""{name}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{start},{end}]}}"#
            )
        })
        .collect();
    with_header(&format!("{{{}}}", members.join(",")), &data)
}

/// A file with this header.
pub(crate) fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

pub(crate) fn lenet(file: &[u8]) -> Result<LeNet5, LoadError> {
    from_safetensors(file)
}

pub(crate) fn reference() -> LeNet5 {
    from_raw(RAW).unwrap()
}

/// A directory that goes when it is dropped.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{name}-{:016x}", RandomState::new().hash_one(())));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}
