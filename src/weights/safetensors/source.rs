//! Reading.

use super::header::{self, Entry, TensorInfo};
use crate::weights::dtype::{bf16, f16};
use crate::weights::error::Short;
use crate::weights::{Dtype, LoadError, LoadErrorKind, Parameter, Source, check};
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// Reads a `.safetensors` file.
#[derive(Clone, Debug)]
pub struct SafetensorsSource<'a> {
    /// By name.
    entries: Vec<Entry<'a>>,
    used: Vec<bool>,
    data: &'a [u8],
}

impl<'a> SafetensorsSource<'a> {
    /// A file, whose header has to be well-formed.
    ///
    /// # Errors
    /// What is wrong with the header.
    pub fn new(file: &'a [u8]) -> Result<Self, LoadError> {
        let (mut entries, data) = header::read(file)?;
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { used: vec![false; entries.len()], entries, data })
    }

    /// The tensors of a file, in the order in which they lie there.
    ///
    /// # Errors
    /// What is wrong with the header.
    pub fn list(file: &[u8]) -> Result<Vec<TensorInfo>, LoadError> {
        Ok(header::read(file)?.0.into_iter().map(TensorInfo::from).collect())
    }

    /// The tensor that belongs to a parameter, and its bytes.
    fn find(&mut self, parameter: Parameter<'_>) -> Result<(&Entry<'a>, &'a [u8]), LoadError> {
        let name = format!("{parameter}");
        let Ok(at) = self.entries.binary_search_by(|entry| (*entry.name).cmp(&name)) else {
            let wanted = format!("shape {:?}", parameter.shape);
            return Err(LoadError::new(LoadErrorKind::Missing, wanted, self.others()));
        };
        self.used[at] = true;
        let entry = &self.entries[at];
        if entry.shape != parameter.shape {
            let wanted = format!("shape {:?}", parameter.shape);
            return Err(LoadError::new(LoadErrorKind::Shape, wanted, format!("{:?}", entry.shape)));
        }
        Ok((entry, &self.data[entry.place.clone()]))
    }

    /// Names that nothing has asked for: the name that is missing may be misspelt among them.
    fn others(&self) -> String {
        let mut others = String::from("no such tensor");
        let rest = self.entries.iter().zip(&self.used).filter(|(_, used)| !**used);
        for (at, (entry, _)) in rest.enumerate() {
            match at {
                0 => others.push_str(" among "),
                1..5 => others.push_str(", "),
                _ => {
                    others.push_str(", …");
                    break;
                }
            }
            others.push_str(&format!("{}", Short(&entry.name, 40)));
        }
        others
    }
}

impl Source for SafetensorsSource<'_> {
    fn tensor(&mut self, parameter: Parameter<'_>) -> Result<Vec<f32>, LoadError> {
        let (entry, bytes) = self.find(parameter).map_err(|error| error.in_tensor(parameter))?;
        let halves = bytes.as_chunks().0.iter().copied().map(u16::from_le_bytes);
        match entry.dtype {
            Dtype::F32 => {
                check(parameter, bytes.as_chunks().0.iter().copied().map(f32::from_le_bytes))
            }
            Dtype::F16 => check(parameter, halves.map(f16)),
            Dtype::BF16 => check(parameter, halves.map(bf16)),
            found => {
                let error = LoadError::new(LoadErrorKind::Dtype, "F32, F16 or BF16", found);
                Err(error.in_tensor(parameter))
            }
        }
    }

    fn finish(&mut self) -> Result<(), LoadError> {
        let used = |name: &str| {
            self.entries.iter().zip(&self.used).any(|(entry, used)| *used && entry.name == name)
        };
        // PyTorch's count of training steps says nothing about the network.
        let count_of_a_norm = |name: &str| {
            name.strip_suffix("num_batches_tracked")
                .is_some_and(|norm| used(&format!("{norm}running_var")))
        };
        let unknown = self
            .entries
            .iter()
            .zip(&self.used)
            .find(|(entry, used)| !**used && !count_of_a_norm(&entry.name));
        let Some((entry, _)) = unknown else { return Ok(()) };
        let wanted = "only tensors that the network has";
        Err(LoadError::new(LoadErrorKind::Unknown, wanted, "this one").in_tensor(&entry.name))
    }
}
