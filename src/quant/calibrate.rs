//! Running calibration images, and what follows from them: a network in another precision.

use super::{
    Compensation, Edge, FloatLayer, Format, Histogram, IntegerLayer, IntegerRequest, Integers,
    LayerMoments, LayerReport, QuantizeError, QuantizeOptions, QuantizeReport, Rounding, is_table,
};
use crate::layers::{Activation, ConvSpec};
use crate::map::Map;
use crate::network::{Network, Observer, observe_slice, trace_slice_once};
use crate::shape::volume;
use crate::weights::{LoadError, LoadErrorKind, Parameter, Sink, Source};
use alloc::{format, string::String, vec, vec::Vec};
use bytemuck::Pod;

/// Images to calibrate on: a batch, or anything that yields images one after the other, which need not
/// fit in memory together.
pub trait Calibration {
    /// Calls `f` with each image's values, row by row, until it is told to stop.
    fn each(self, f: &mut dyn FnMut(&[f32]) -> bool);
}

impl<I: IntoIterator<Item: AsRef<[f32]>>> Calibration for I {
    fn each(self, f: &mut dyn FnMut(&[f32]) -> bool) {
        let _ = self.into_iter().all(|image| f(image.as_ref()));
    }
}

/// Images whose results are compared for the report.
const SAMPLES: usize = 16;

/// A network in floats as one in another precision.
///
/// # Errors
/// If the images can't be used, or a layer can't be in that precision.
pub fn quantize<N: Network, M: Network>(
    network: &N,
    calibration: impl Calibration,
    options: &QuantizeOptions,
) -> Result<M, QuantizeError> {
    Ok(convert(network, calibration, options)?.0)
}

/// The same, and what it did to each layer.
///
/// # Errors
/// If the images can't be used, or a layer can't be in that precision.
pub fn quantize_report<N: Network, M: Network>(
    network: &N,
    calibration: impl Calibration,
    options: &QuantizeOptions,
) -> Result<(M, QuantizeReport), QuantizeError> {
    let (quantized, mut quantizer) = convert::<N, M>(network, calibration, options)?;
    let seen = &quantizer.seen;
    for image in &seen.samples {
        let (wanted, found) =
            (trace_slice_once(network, image), trace_slice_once(&quantized, image));
        let rows = quantizer.reports.iter_mut().zip(wanted.iter().zip(&found));
        for ((report, power), (wanted, found)) in rows {
            for (&wanted, &found) in wanted.values.iter().zip(&found.values) {
                report.squared_error += square(wanted - found);
                *power += square(wanted);
            }
        }
    }
    let rows = quantizer.reports.into_iter().zip(N::LAYERS);
    let layers = rows.map(|((mut report, power), layer)| {
        let values = (volume(layer.output) * seen.samples.len()) as f64;
        // Layers that a dead ReLU silences have neither.
        if report.squared_error > 0.0 {
            report.signal_to_noise = 10.0 * num_traits::Float::log10(power / report.squared_error);
        }
        report.squared_error /= values;
        report
    });
    Ok((quantized, QuantizeReport { layers: layers.collect(), images: seen.images }))
}

fn square(x: f32) -> f64 {
    f64::from(x) * f64::from(x)
}

fn convert<N: Network, M: Network>(
    network: &N,
    calibration: impl Calibration,
    options: &QuantizeOptions,
) -> Result<(M, Quantizer), QuantizeError> {
    let mut formats = Formats::default();
    M::build::<&mut dyn Source>(&mut (&mut formats as _))
        .expect("nothing is wrong with empty parameters");
    let compensated =
        |format: &Format| options.weights(format.grid).rounding == Rounding::Compensated;
    let moments = formats.layers.iter().filter(|(_, format)| compensated(format));
    let mut seen = Seen {
        input: Histogram::default(),
        rows: vec![Histogram::default(); N::LAYERS.len()],
        moments: moments
            .filter_map(|(spec, _)| Some((spec.name, LayerMoments::new(spec.shape)?)))
            .collect(),
        row: 0,
        images: 0,
        samples: Vec::new(),
        error: None,
    };
    calibration.each(&mut |image| seen.image(network, image, options.most_images()));
    if let Some(error) = seen.error.take() {
        return Err(error);
    }
    if seen.images == 0 {
        return Err(QuantizeError::NoImages);
    }
    let mut parameters = Floats::default();
    network.write::<&mut dyn Sink>(&mut (&mut parameters as _));
    let reports = N::LAYERS.iter().zip(&seen.rows).map(|(layer, values)| {
        let report = LayerReport {
            name: layer.name,
            kind: layer.kind,
            observed: (values.low(), values.high()),
            range: None,
            clipped: 0.0,
            rounding: None,
            weight_error: 0.0,
            squared_error: 0.0,
            signal_to_noise: f64::INFINITY,
        };
        (report, 0.0)
    });
    let reports = reports.collect();
    let mut quantizer = Quantizer { seen, parameters, options: *options, reports, error: None };
    match M::build::<&mut dyn Source>(&mut (&mut quantizer as _)) {
        Ok(quantized) => Ok((quantized, quantizer)),
        Err(error) => Err(quantizer.error.unwrap_or(QuantizeError::Parameters(format!("{error}")))),
    }
}

/// What the calibration images showed.
struct Seen {
    input: Histogram,
    /// Of each row of `LAYERS`.
    rows: Vec<Histogram>,
    /// Of the inputs of layers that are rounded with compensation.
    moments: Vec<(&'static str, LayerMoments)>,
    /// The row that comes next.
    row: usize,
    images: usize,
    samples: Vec<Vec<f32>>,
    error: Option<QuantizeError>,
}

impl Seen {
    /// Runs an image, and tells whether to go on.
    fn image<N: Network>(&mut self, network: &N, image: &[f32], most: usize) -> bool {
        if self.images == most {
            return false;
        }
        let (at, wanted, found) = (self.images, volume(N::INPUT), image.len());
        if found != wanted {
            self.error = Some(QuantizeError::WrongLength { image: at, wanted, found });
        } else if !self.input.add(image) {
            self.error = Some(QuantizeError::NotFinite { layer: None, image: at });
        } else {
            self.row = 0;
            let mut look = Look { seen: self, layers: N::LAYERS };
            observe_slice(network, image, &mut look);
            if self.samples.len() < SAMPLES {
                self.samples.push(image.to_vec());
            }
            self.images += 1;
        }
        self.error.is_none()
    }
}

struct Look<'a> {
    seen: &'a mut Seen,
    layers: &'static [crate::network::LayerInfo],
}

impl Look<'_> {
    /// What the next layer gave.
    fn note(&mut self, values: &[f32]) {
        let seen = &mut *self.seen;
        if !seen.rows[seen.row].add(values) && seen.error.is_none() {
            let layer = Some(self.layers[seen.row].name);
            seen.error = Some(QuantizeError::NotFinite { layer, image: seen.images });
        }
        seen.row += 1;
    }
}

impl Observer for Look<'_> {
    fn layer<'x, T: Pod, M: Map<T>>(
        &mut self,
        real: impl Fn(T) -> f32,
        run: impl FnOnce() -> &'x M,
    ) -> &'x M {
        let map = run();
        let values: Vec<f32> = map.values().iter().map(|&value| real(value)).collect();
        self.note(&values);
        map
    }

    fn reads<T: Pod, M: Map<T>>(&mut self, layer: &ConvSpec, map: &M) {
        let moments = self.seen.moments.iter_mut().find(|(name, _)| *name == layer.name);
        if let Some((_, moments)) = moments {
            moments.add(bytemuck::cast_slice(map.values()));
        }
    }
}

/// A network's parameters in floats, by name.
#[derive(Default)]
struct Floats(Vec<(String, Vec<f32>)>);

impl Sink for Floats {
    fn tensor(&mut self, layer: &str, name: &str, _: &[usize], values: Vec<f32>) {
        self.0.push((format!("{layer}.{name}"), values));
    }

    fn integers(&mut self, _: &ConvSpec, _: Integers, _: Format) {
        unreachable!("only networks in floats are quantized");
    }

    fn edge(&mut self, _: &str, _: Edge, _: u8) {
        unreachable!("only networks in floats are quantized");
    }
}

impl Source for Floats {
    fn tensor(&mut self, parameter: Parameter<'_>) -> Result<Vec<f32>, LoadError> {
        let name = format!("{parameter}");
        let found = self.0.iter().find(|(other, _)| *other == name);
        found.map(|(_, values)| values.clone()).ok_or_else(|| {
            let error = LoadError::new(LoadErrorKind::Missing, "the same layers", "others");
            error.in_tensor(parameter)
        })
    }

    fn finish(&mut self) -> Result<(), LoadError> {
        Ok(())
    }
}

/// Notes which layer is in which format, and gives it nothing.
#[derive(Default)]
struct Formats {
    layers: Vec<(ConvSpec, Format)>,
}

impl Source for Formats {
    fn tensor(&mut self, parameter: Parameter<'_>) -> Result<Vec<f32>, LoadError> {
        Ok(vec![1.0; parameter.shape.iter().product()])
    }

    fn integers(&mut self, request: &IntegerRequest<'_>) -> Result<Integers, LoadError> {
        let shape = &request.spec.shape;
        self.layers.push((*request.spec, request.format));
        let layer = IntegerLayer {
            weights: vec![request.format.grid.max(); shape.weight_len()],
            bias: vec![0; shape.output[0]],
            multipliers: vec![1.0; shape.output[0]],
        };
        Ok(Integers { layer, sums: Edge::default(), results: Edge::default() })
    }

    fn edge(&mut self, _: &str, _: Option<usize>, _: u8) -> Result<Edge, LoadError> {
        Ok(Edge::default())
    }

    fn finish(&mut self) -> Result<(), LoadError> {
        Ok(())
    }
}

/// Where a quantized network gets its parameters from.
struct Quantizer {
    seen: Seen,
    parameters: Floats,
    options: QuantizeOptions,
    /// Of each row, with the sum of its squares.
    reports: Vec<(LayerReport, f64)>,
    error: Option<QuantizeError>,
}

impl Quantizer {
    /// What a row's integers mean.
    fn row(&mut self, row: usize, max: u8) -> Edge {
        let values = &self.seen.rows[row];
        let edge = self.options.range_method(max).edge(values, max);
        let (low, high) = edge.range(max);
        let (report, _) = &mut self.reports[row];
        report.range = Some((low, high));
        report.clipped = values.outside(low, high);
        edge
    }
}

impl Source for Quantizer {
    fn tensor(&mut self, parameter: Parameter<'_>) -> Result<Vec<f32>, LoadError> {
        Source::tensor(&mut self.parameters, parameter)
    }

    fn integers(&mut self, request: &IntegerRequest<'_>) -> Result<Integers, LoadError> {
        let &IntegerRequest { spec, activation, rows: [row, activation_row], input, format } =
            request;
        let (weights, bias) = spec.read(&mut self.parameters)?;
        let (sums, results) = match activation {
            _ if format.float => (Edge::default(), Edge::default()),
            Activation::Identity => (self.row(row, format.max), Edge::default()),
            _ if is_table(activation) => {
                (self.row(row, format.max), self.row(activation_row, format.max))
            }
            _ => (self.row(activation_row, format.max), Edge::default()),
        };
        let results = if is_table(activation) && !format.float { results } else { sums };
        let options = self.options.weights(format.grid);
        let moments = self.seen.moments.iter().find(|(name, _)| *name == spec.name);
        let inputs: Vec<Option<Compensation>> =
            moments.map_or_else(Vec::new, |(_, moments)| moments.prepare());
        let float = FloatLayer {
            name: spec.name,
            weights: &weights,
            bias: &bias,
            input,
            input_max: format.max,
            output: (!format.float).then_some(sums),
        };
        let layer = match IntegerLayer::new(float, format.grid, options, &inputs) {
            Ok(layer) => layer,
            Err(error) => {
                self.error = Some(error);
                return Err(LoadError::new(LoadErrorKind::Value, "sums of 32 bits", "larger ones"));
            }
        };
        let (report, _) = &mut self.reports[row];
        report.weight_error = float.squared_error(&layer) / weights.len() as f64;
        let compensated = inputs.iter().any(Option::is_some);
        report.rounding = Some(if compensated { Rounding::Compensated } else { Rounding::Nearest });
        Ok(Integers { layer, sums, results })
    }

    fn edge(&mut self, _: &str, row: Option<usize>, max: u8) -> Result<Edge, LoadError> {
        Ok(match row {
            Some(row) => self.row(row, max),
            None => self.options.range_method(max).edge(&self.seen.input, max),
        })
    }

    fn finish(&mut self) -> Result<(), LoadError> {
        Ok(())
    }
}
