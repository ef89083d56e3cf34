//! Reading.

use super::header::{self, Entry, TensorInfo};
use super::sink::stored_weights;
use crate::quant::{Edge, IntegerLayer, IntegerRequest, Integers, is_table, unpack_levels};
use crate::weights::dtype::{bf16, f16};
use crate::weights::error::Short;
use crate::weights::{Dtype, LoadError, LoadErrorKind, Parameter, Role, Source, check};
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

    /// The bytes of a tensor of a quantized layer.
    fn bytes(
        &mut self,
        layer: &str,
        name: &str,
        dtype: Dtype,
        shape: &[usize],
    ) -> Result<&'a [u8], LoadError> {
        let parameter = Parameter { layer, name, role: Role::Weight, shape, fan_in: 1 };
        let (entry, bytes) = self.find(parameter).map_err(|error| error.in_tensor(parameter))?;
        if entry.dtype != dtype {
            let wanted = format!("{dtype}, as in a quantized network");
            let error = LoadError::new(LoadErrorKind::Dtype, wanted, entry.dtype);
            return Err(error.in_tensor(parameter));
        }
        Ok(bytes)
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

    fn integers(&mut self, request: &IntegerRequest<'_>) -> Result<Integers, LoadError> {
        let &IntegerRequest { spec, activation, input, format, .. } = request;
        let outputs = [spec.shape.output[0]];
        let (dtype, shape) = stored_weights(spec, format.grid);
        let packed = self.bytes(spec.name, "weight", dtype, &shape)?;
        let weights = unpack_levels(packed, format.grid, spec.shape.weight_len());
        let bias = self.bytes(spec.name, "bias", Dtype::I32, &outputs)?;
        let bias = bias.as_chunks().0.iter().copied().map(i32::from_le_bytes).collect();
        let multipliers = self.bytes(spec.name, "multiplier", Dtype::F32, &outputs)?;
        let multipliers = multipliers.as_chunks().0.iter().copied().map(f32::from_le_bytes);
        let layer = IntegerLayer { weights, bias, multipliers: multipliers.collect() };
        let wrong = |name: &str, wanted: &str, found: String| {
            let error = LoadError::new(LoadErrorKind::Value, wanted, found);
            error.in_tensor(format_args!("{}.{name}", spec.name))
        };
        if let Some(at) = layer.weights.iter().position(|&level| !format.grid.contains(level)) {
            let (wanted, level) = (format!("{}", format.grid), layer.weights[at]);
            return Err(wrong("weight", &wanted, format!("{level} at place {at}")));
        }
        let normal = |value: &f32| value.is_normal() && *value > 0.0;
        if let Some(at) = layer.multipliers.iter().position(|value| !normal(value)) {
            let found = format!("{} at place {at}", layer.multipliers[at]);
            return Err(wrong("multiplier", "finite values above 0", found));
        }
        let bound = layer.bound(input, format.max).saturating_mul(format.grid.factor() as u64);
        if bound > i32::MAX as u64 {
            return Err(wrong("bias", "sums within 32 bits", format!("sums up to {bound}")));
        }
        // An activation whose results mean what the sums mean is not stored.
        let stored = format!("{}.activation.scale", spec.name);
        let stored = self.entries.iter().any(|entry| entry.name == stored);
        let mut edge = |end| self.edge(&format!("{}.{end}", spec.name), None, format.max);
        let sums = if format.float { Edge::default() } else { edge("output")? };
        let table = is_table(activation) && !format.float && stored;
        let results = if table { edge("activation")? } else { sums };
        Ok(Integers { layer, sums, results })
    }

    fn edge(&mut self, name: &str, _: Option<usize>, max: u8) -> Result<Edge, LoadError> {
        let scale = self.bytes(name, "scale", Dtype::F32, &[])?;
        let range = self.bytes(name, "range", Dtype::U8, &[2])?;
        let scale = f32::from_le_bytes(*scale.first_chunk().expect("one value of four bytes"));
        if !(scale.is_normal() && scale > 0.0) {
            let error = LoadError::new(LoadErrorKind::Value, "a finite value above 0", scale);
            return Err(error.in_tensor(format_args!("{name}.scale")));
        }
        if range[1] != max || range[0] > max {
            let wanted = format!("activations from 0 to {max} around a zero point among them");
            let found = format!("0 to {} around {}", range[1], range[0]);
            let error = LoadError::new(LoadErrorKind::Value, wanted, found);
            return Err(error.in_tensor(format_args!("{name}.range")));
        }
        Ok(Edge { scale, zero_point: range[0] })
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
