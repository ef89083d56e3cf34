//! `microcnn quantize`: a quantized file from one in floats, and what that did to each layer.

use super::args::Quantize;
use super::json::{Json, object};
use super::parameters::Parameters;
use super::screen::{Screen, counted, printable};
use super::{Failure, Program};
use crate::quant::{LayerReport, QuantizeReport, Rounding};
use crate::weights::{FileFormat, LoadError, LoadErrorKind, write};
use std::path::Path;

pub(crate) fn run(program: &Program, screen: &Screen, args: &Quantize) -> Result<(), Failure> {
    let model = program.select(std::slice::from_ref(&args.precision), &[])?[0];
    if model.quantize.is_none() {
        let known: Vec<&str> = program.quantized().map(|model| model.precision).collect();
        let instead = match known.is_empty() {
            true => "this program was compiled for no other".to_owned(),
            false => format!("quantizing is to {}", known.join(", ")),
        };
        return Err(Failure::usage(format!(
            "--precision {}: parameters that are not quantized have it already; {instead}",
            model.precision,
        )));
    }
    let cannot_write = |error: LoadError| {
        Failure::because(format!("cannot write {}", args.output.display()), error)
    };
    let format = FileFormat::of(&args.output).map_err(|mut error| {
        // Of the two formats, one holds integers.
        error.wanted = "a file name that ends in `.safetensors`".into();
        cannot_write(error)
    });
    match format? {
        FileFormat::Safetensors => {}
        FileFormat::Raw => {
            let wanted = "`.safetensors` for a quantized network";
            let found = "`.raw`, which holds floats";
            return Err(cannot_write(LoadError::new(LoadErrorKind::Format, wanted, found)));
        }
    }
    let parameters =
        Parameters::open(program, args.weights.as_deref(), args.calibration.as_deref())?;
    if let Some(precision) = parameters.precision() {
        return Err(Failure::usage(format!(
            "{} is quantized already, as {precision}: quantizing takes parameters in floats",
            parameters.origin
        )));
    }
    let quantized = parameters.quantize(model)?;
    let (bytes, report) = &*quantized;
    write(&args.output, bytes).map_err(cannot_write)?;
    if args.json {
        return screen.print_json(&object! {
            "file": args.output.display().to_string(),
            "bytes": bytes.len(),
            "precision": model.precision,
            "images": report.images,
            "layers": report.layers.iter().collect::<Json>(),
        });
    }
    screen.print(&text(program, screen, model.precision, &args.output, bytes.len(), report))
}

impl From<&LayerReport> for Json {
    fn from(layer: &LayerReport) -> Self {
        let range = |(low, high): (f32, f32)| [low, high];
        object! {
            "name": layer.name,
            "kind": layer.kind,
            "observed": range(layer.observed),
            "range": layer.range.map(range),
            "clipped": layer.clipped,
            "rounding": layer.rounding.map(rounding),
            "weight_mse": layer.weight_error,
            "mse": layer.squared_error,
            "signal_to_noise_db": layer.signal_to_noise,
        }
    }
}

fn rounding(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::Nearest => "nearest",
        Rounding::Compensated => "compensated",
    }
}

fn text(
    program: &Program,
    screen: &Screen,
    precision: &str,
    output: &Path,
    bytes: usize,
    report: &QuantizeReport,
) -> String {
    let none = String::new;
    let range = |(low, high): (f32, f32)| format!("{low:.2} to {high:.2}");
    let rows: Vec<Vec<String>> = report
        .layers
        .iter()
        .map(|layer| {
            let decibels = format!("{:.1}", layer.signal_to_noise);
            vec![
                layer.name.into(),
                range(layer.observed),
                layer.range.map_or_else(none, range),
                layer.range.map_or_else(none, |_| format!("{:.2} %", 100.0 * layer.clipped)),
                layer.rounding.map_or_else(none, |_| format!("{:.1e}", layer.weight_error)),
                format!("{:.1e}", layer.squared_error),
                if layer.signal_to_noise.is_finite() { decibels } else { "exact".into() },
            ]
        })
        .collect();
    let headings = ["Layer", ">Observed", ">Range", ">Clipped", ">Weights", ">Results", ">dB"];
    format!(
        "{} in {precision}, calibrated on {}: {}, {:.1} KiB\n{}\n{}\n",
        program.network,
        counted(report.images, "image"),
        printable(output.display()),
        bytes as f64 / 1024.0,
        screen.table(&headings, &rows),
        screen.faint(
            "Weights and Results: mean squared errors against f32; dB: signal to noise of results.",
        ),
    )
}
