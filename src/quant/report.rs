//! What quantization did to each layer.

use super::Rounding;
use alloc::vec::Vec;
use core::fmt;

/// What quantization did to each layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QuantizeReport {
    /// The layers that were quantized, as in the network's `LAYERS`.
    pub layers: Vec<LayerReport>,
    /// Calibration images that were used.
    pub images: usize,
}

/// What quantization did to one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerReport {
    /// The full name.
    pub name: &'static str,
    /// As written: `Conv2d`.
    pub kind: &'static str,
    /// The smallest and the largest value that the layer gave on the calibration images.
    pub observed: (f32, f32),
    /// The range that its integers cover, or `None` where it has none of its own: for results in floats, and
    /// where those of the layer before it or of the activation behind it hold.
    pub range: Option<(f32, f32)>,
    /// The share of those values outside the range.
    pub clipped: f64,
    /// How its weights were rounded, or `None` for a layer without weights.
    pub rounding: Option<Rounding>,
    /// The mean squared error of its weights.
    pub weight_error: f64,
    /// The mean squared error of its results over some calibration images, against the network in
    /// floats.
    pub squared_error: f64,
    /// The results' mean square divided by that error, in decibels; infinite without error.
    pub signal_to_noise: f64,
}

impl fmt::Display for QuantizeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.layers.iter().map(|layer| layer.name.len()).max().unwrap_or(0).max(5);
        writeln!(
            f,
            "{:name$}  {:>22}  {:>22}  {:>7}  {:>8}  {:>8}  {:>7}",
            "layer", "observed", "range", "clipped", "weights", "results", "dB"
        )?;
        for layer in &self.layers {
            let range = |(low, high): (f32, f32)| alloc::format!("{low:.4} to {high:.4}");
            // A layer that has no range of its own clips nothing, and one without weights rounds none.
            let clipped = layer.range.map(|_| alloc::format!("{:.2}%", 100.0 * layer.clipped));
            let weights = layer.rounding.map(|_| alloc::format!("{:.1e}", layer.weight_error));
            writeln!(
                f,
                "{:name$}  {:>22}  {:>22}  {:>7}  {:>8}  {:>8.1e}  {:>7.1}",
                layer.name,
                range(layer.observed),
                layer.range.map(range).unwrap_or_default(),
                clipped.unwrap_or_default(),
                weights.unwrap_or_default(),
                layer.squared_error,
                layer.signal_to_noise,
            )?;
        }
        write!(f, "calibrated on {} images", self.images)
    }
}
