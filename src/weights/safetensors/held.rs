//! In which precision a file holds the parameters of each layer.

use super::header::{self, Entry};
use crate::element::I4;
use crate::network::LayerInfo;
use crate::precision::{Arithmetic, W2A8, W4A8};
use crate::weights::{Dtype, LoadError, LoadErrorKind};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A layer's parameters in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// Its full name.
    pub(crate) layer: &'static str,
    /// The name of the precision.
    pub(crate) precision: &'static str,
    /// How many weights it has, of which a byte may hold several.
    pub(crate) weights: usize,
}

/// The layers of a network whose parameters a file holds in a precision of this crate. Files don't name
/// it: types and ranges tell.
pub(crate) fn held(file: &[u8], layers: &[LayerInfo]) -> Vec<Held> {
    let Ok((entries, data)) = header::read(file) else { return Vec::new() };
    let find = |name: &str| entries.iter().find(|entry| entry.name == name);
    // The last byte of a range is its largest activation.
    let most = |entry: &Entry<'_>| data[entry.place.clone()].last().copied();
    let held = layers.iter().filter_map(|layer| {
        let name = layer.name;
        let weight = find(&format!("{name}.weight"))?;
        let [channels, height, width] = layer.output;
        let weights = match layer.kind {
            "Conv2d" | "Linear" => layer.macs / (height * width).max(1),
            _ => channels,
        };
        let quantized = find(&format!("{name}.multiplier")).is_some();
        let range = || find(&format!("{name}.output.range")).or_else(|| find("input.range"));
        let precision = match (weight.dtype, weights.div_ceil(weight.place.len().max(1))) {
            (Dtype::F32 | Dtype::F16 | Dtype::BF16, _) => <f32 as Arithmetic>::NAME,
            _ if !quantized => return None,
            (Dtype::I8, _) => of_format(1, 0)?,
            // A single weight leaves most of its byte empty.
            (Dtype::U8, each @ 1..=4) => {
                of_format(each.max(2), range().and_then(most).unwrap_or(255))?
            }
            _ => return None,
        };
        Some(Held { layer: name, precision, weights })
    });
    held.collect()
}

/// The precision with so many weights in a byte, and activations up to a number.
pub(crate) fn of_format(per_byte: usize, most: u8) -> Option<&'static str> {
    match (per_byte, most) {
        (1, _) => Some(<i8 as Arithmetic>::NAME),
        (2, ..=15) => Some(I4::NAME),
        (2, _) => Some(W4A8::NAME),
        (3 | 4, _) => Some(W2A8::NAME),
        _ => None,
    }
}

/// The precisions of some layers, each once.
pub(crate) fn precisions(held: &[Held]) -> Vec<&'static str> {
    let mut precisions = Vec::new();
    for layer in held {
        if !precisions.contains(&layer.precision) {
            precisions.push(layer.precision);
        }
    }
    precisions
}

/// Why a network in a precision can't take a file: if the file holds another one, that, and what to do.
pub(crate) fn explained(
    error: LoadError,
    held: &[Held],
    network: &str,
    precision: &'static str,
) -> LoadError {
    use LoadErrorKind::{Dtype, Missing, Shape, Unknown, Value};
    let float = <f32 as Arithmetic>::NAME;
    let found = precisions(held);
    let others = match precision == float {
        true => found.iter().any(|found| *found != float),
        false => !found.is_empty() && !found.contains(&precision),
    };
    if !others || !matches!(error.kind, Dtype | Missing | Shape | Unknown | Value) {
        return error;
    }
    let ours = as_type(precision);
    let theirs: Vec<String> =
        found.iter().filter(|found| **found != float).map(|name| as_type(name)).collect();
    let way = match theirs.as_slice() {
        [] => {
            format!("load it into `{network}<f32>`, and that one's `quantize::<{ours}>` makes this")
        }
        [theirs] => format!("load it into `{network}<{theirs}>`"),
        theirs => {
            format!("load it into `{network}` in the one of {} it was saved in", theirs.join(", "))
        }
    };
    let mut error = error;
    error.wanted = format!("parameters in {precision}, for a `{network}<{ours}>`");
    error.found = format!("a file in {}: {way}", found.join(" and "));
    error
}

/// A precision as it is written in programs.
fn as_type(name: &str) -> String {
    if ["f32", "i8"].contains(&name) { name.into() } else { name.to_ascii_uppercase() }
}
