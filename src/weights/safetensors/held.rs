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
/// it: types, lengths and ranges tell.
pub(crate) fn held(file: &[u8], layers: &[LayerInfo]) -> Vec<Held> {
    let Ok((entries, data)) = header::read(file) else { return Vec::new() };
    let mut places: Vec<(&str, usize)> =
        entries.iter().enumerate().map(|(place, entry)| (&*entry.name, place)).collect();
    places.sort_unstable();
    let find = |name: &str| {
        let found = places.binary_search_by(|(other, _)| (*other).cmp(name));
        found.ok().map(|at| places[at].1)
    };
    // The last byte of a range is its largest activation.
    let most = |entry: &Entry<'_>| data[entry.place.clone()].last().copied();
    let held = layers.iter().filter_map(|layer| {
        let name = layer.name;
        let place = find(&format!("{name}.weight"))?;
        let [channels, height, width] = layer.output;
        let weights = match layer.kind {
            "Conv2d" | "Linear" => layer.macs / (height * width).max(1),
            _ => channels,
        };
        let range = || match find(&format!("{name}.output.range")) {
            Some(own) => Some(&entries[own]),
            // Of a layer whose results are floats: that of what it reads.
            None => entries[..place].iter().rev().find(|entry| entry.name.ends_with(".range")),
        };
        let (dtype, len) = (entries[place].dtype, entries[place].place.len());
        let precision = match dtype {
            Dtype::F32 | Dtype::F16 | Dtype::BF16 => <f32 as Arithmetic>::NAME,
            _ if find(&format!("{name}.multiplier")).is_none() => return None,
            Dtype::I8 => of_format(1, 0)?,
            Dtype::U8 => {
                let per_byte = [2, 4].into_iter().find(|each| len == weights.div_ceil(*each))?;
                of_format(per_byte, range().and_then(most).unwrap_or(u8::MAX))?
            }
            _ => return None,
        };
        Some(Held { layer: name, precision, weights })
    });
    held.collect()
}

/// Whether the layers that are in both lists have the same precisions there.
pub(crate) fn alike(these: &[Held], those: &[Held]) -> bool {
    these.iter().all(|this| {
        let that = those.iter().find(|that| that.layer == this.layer);
        that.is_none_or(|that| that.precision == this.precision)
    })
}

/// The precision with so many weights in a byte, and activations up to a number.
pub(crate) fn of_format(per_byte: usize, most: u8) -> Option<&'static str> {
    match (per_byte, most) {
        (1, _) => Some(<i8 as Arithmetic>::NAME),
        (2, ..=15) => Some(I4::NAME),
        (2, _) => Some(W4A8::NAME),
        (4, _) => Some(W2A8::NAME),
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

/// Why a network in a precision can't take a file that holds another one: which, and what to do.
pub(crate) fn explained(
    error: LoadError,
    held: &[Held],
    network: &str,
    precision: &'static str,
) -> LoadError {
    use LoadErrorKind::{Dtype, Missing, Shape, Unknown, Value};
    if !matches!(error.kind, Dtype | Missing | Shape | Unknown | Value) {
        return error;
    }
    let float = <f32 as Arithmetic>::NAME;
    let found = precisions(held);
    let ours = as_type(precision);
    let theirs: Vec<&str> =
        found.iter().copied().filter(|name| ![float, precision].contains(name)).collect();
    let way = match theirs.as_slice() {
        _ if found == [float] => {
            format!("load it into `{network}<f32>`, and that one's `quantize::<{ours}>` makes this")
        }
        [theirs] => format!("load it into `{network}<{}>`", as_type(theirs)),
        _ => format!("load it into `{network}` in the precision that it was saved in"),
    };
    let mut error = error;
    error.kind = Dtype;
    error.wanted = format!("parameters in {precision}, for a `{network}<{ours}>`");
    error.found = format!("a file in {}: {way}", found.join(" and "));
    error
}

/// A precision as it is written in programs.
fn as_type(name: &str) -> String {
    if ["f32", "i8"].contains(&name) { name.into() } else { name.to_ascii_uppercase() }
}
