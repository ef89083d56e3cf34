//! `microcnn inspect`: the network's layers, or what is in a file.

use super::args::Inspect;
use super::data::Images;
use super::json::{Json, object};
use super::screen::{Screen, counted, printable, thousands};
use super::{Failure, Program, data, parameters};
use crate::mnist::idx::{self, Item};
use crate::weights::{self, Dtype, Held, LoadErrorKind, SafetensorsSource, TensorInfo};
use std::error::Error;
use std::path::Path;

pub(crate) fn run(program: &Program, screen: &Screen, args: &Inspect) -> Result<(), Failure> {
    let Some(path) = &args.file else { return network(program, screen, args.json) };
    let bytes = data::file(path)?;
    let content = content(program, path, &bytes)
        .map_err(|error| Failure::because(format!("cannot read {}", path.display()), error))?;
    if args.json {
        return screen.print_json(&content.json(program, path));
    }
    screen.print(&format!("{}: {}", printable(path.display()), content.text(program, screen)))
}

fn network(program: &Program, screen: &Screen, json: bool) -> Result<(), Failure> {
    let parameters: usize = program.layers.iter().map(|layer| layer.parameters).sum();
    let macs: usize = program.layers.iter().map(|layer| layer.macs).sum();
    let output = program.layers.last().map_or([0; 3], |layer| layer.output);
    let layers = program.layers.iter().zip(program.reference().algorithms);
    let quantized = program.quantized().map(|model| (model.precision, (model.formats)()));
    let quantized: Vec<(&str, Vec<Held>)> = quantized.collect();
    if json {
        let precisions = |name: &str| {
            let precisions = quantized.iter().filter_map(|(network, held)| {
                let held = held.iter().find(|held| held.layer == name)?;
                Some((*network, Json::from(held.precision)))
            });
            Json::Object(precisions.collect())
        };
        let layers = layers.map(|(layer, &algorithm)| {
            object! {
                "name": layer.name,
                "kind": layer.kind,
                "input": layer.input,
                "output": layer.output,
                "parameters": layer.parameters,
                "macs": layer.macs,
                "algorithm": Some(algorithm).filter(|algorithm| !algorithm.is_empty()),
                "quantized": precisions(layer.name),
            }
        });
        return screen.print_json(&object! {
            "network": program.network,
            "input": program.input,
            "output": output,
            "parameters": parameters,
            "macs": macs,
            "layers": layers.collect::<Json>(),
        });
    }
    let count = |count: usize| if count == 0 { String::new() } else { thousands(count) };
    let mut rows: Vec<Vec<String>> = layers
        .map(|(layer, &algorithm)| {
            vec![
                layer.name.into(),
                layer.kind.into(),
                screen.shape(&layer.output),
                count(layer.parameters),
                count(layer.macs),
                algorithm.into(),
            ]
        })
        .collect();
    let total = ["total".into(), String::new(), String::new(), thousands(parameters)];
    rows.push(total.into_iter().chain([thousands(macs), String::new()]).collect());
    let headings = ["Layer", "Kind", ">Output", ">Parameters", ">Multiply-adds", "Algorithm"];
    let mixed = quantized.iter().filter(|(_, held)| weights::precisions(held).len() > 1);
    let mixed =
        mixed.map(|(network, held)| format!("When quantized to {}\n", in_words(network, held)));
    screen.print(&format!(
        "{}: {} {} {}\n{}\n{}",
        program.network,
        screen.shape(&program.input),
        screen.text("→", "->"),
        screen.shape(&output),
        screen.table(&headings, &rows),
        mixed.collect::<String>(),
    ))
}

/// The precision in which the network can take a file's parameters, or why it can't.
type Fits = Result<&'static str, String>;

/// What is in a file.
enum Content {
    Labels { count: usize },
    Images { count: usize },
    Raw { values: usize, fits: Fits },
    Safetensors { tensors: Vec<TensorInfo>, held: Vec<Held>, fits: Fits },
}

fn content(program: &Program, path: &Path, bytes: &[u8]) -> Result<Content, Box<dyn Error>> {
    if data::looks_like_idx(bytes) {
        // The two are told apart by their magic number, under the compression if there is any.
        return Ok(match idx::read(bytes, bytes.len() as u64, Item::Label) {
            Err(error) if error.kind == LoadErrorKind::Header => {
                Content::Images { count: Images::from_bytes(program, bytes)?.len() }
            }
            labels => Content::Labels { count: labels?.len() },
        });
    }
    // A `.safetensors` file begins with the length of its header, and that with a brace.
    if bytes.get(8) == Some(&b'{') {
        let tensors = SafetensorsSource::list(bytes)?;
        let held = weights::held(bytes, program.layers);
        let fits = parameters::fits(program, bytes, false);
        return Ok(Content::Safetensors { tensors, held, fits });
    }
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("raw")) {
        return Ok(Content::Raw {
            values: bytes.len() / 4,
            fits: parameters::fits(program, bytes, true),
        });
    }
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors")) {
        // It says what its header lacks.
        SafetensorsSource::list(bytes)?;
    }
    Err("neither .safetensors, .raw nor IDX".into())
}

/// The shape of an image in an IDX file.
fn image(program: &Program) -> Vec<usize> {
    match program.input {
        [channels, 1, 1] => vec![channels],
        [1, height, width] => vec![height, width],
        input => input.to_vec(),
    }
}

/// The layer whose weights a tensor is.
fn layer<'a>(tensor: &TensorInfo, held: &'a [Held]) -> Option<&'a Held> {
    let name = tensor.name.strip_suffix(".weight")?;
    held.iter().find(|held| held.layer == name)
}

/// The values of a tensor; of packed weights these are more than its bytes.
fn values(tensor: &TensorInfo, held: &[Held]) -> usize {
    match layer(tensor, held) {
        Some(layer) if tensor.dtype == Dtype::U8 => layer.weights,
        _ => elements(tensor),
    }
}

/// Weights and biases among some tensors.
fn trained(tensors: &[TensorInfo], held: &[Held]) -> usize {
    let trained =
        |tensor: &&TensorInfo| tensor.name.ends_with(".weight") || tensor.name.ends_with(".bias");
    tensors.iter().filter(trained).map(|tensor| values(tensor, held)).sum()
}

/// The precision that most layers have.
fn usual(held: &[Held]) -> &'static str {
    let count = |name: &&str| held.iter().filter(|layer| layer.precision == *name).count();
    weights::precisions(held).into_iter().max_by_key(count).unwrap_or_default()
}

/// `w2a8`, or `w2a8; i8 in conv1, fc2` where not all layers are in this one.
fn in_words(most: &str, held: &[Held]) -> String {
    let precisions = weights::precisions(held);
    let others = precisions.iter().filter(|name| **name != most).map(|name| {
        let layers = held.iter().filter(|layer| layer.precision == *name);
        let layers: Vec<&str> = layers.map(|layer| layer.layer).collect();
        match layers.len() {
            ..=3 => format!("; {name} in {}", layers.join(", ")),
            count => format!("; {name} in {count} layers"),
        }
    });
    format!("{most}{}", others.collect::<String>())
}

/// A size of 0 makes the tensor empty, however large its other sizes claim to be.
fn elements(tensor: &TensorInfo) -> usize {
    match tensor.shape.contains(&0) {
        true => 0,
        false => tensor.shape.iter().fold(1, |product, size| product.saturating_mul(*size)),
    }
}

fn bytes(tensor: &TensorInfo) -> usize {
    elements(tensor).saturating_mul(tensor.dtype.bits()).div_ceil(8)
}

impl Content {
    fn json(&self, program: &Program, path: &Path) -> Json {
        let file = path.display().to_string();
        match self {
            Self::Labels { count } => {
                object! { "file": file, "format": "IDX labels", "shape": [*count] }
            }
            Self::Images { count } => {
                let shape: Vec<usize> = [*count].into_iter().chain(image(program)).collect();
                object! { "file": file, "format": "IDX images", "shape": shape }
            }
            Self::Raw { values, fits } => object! {
                "file": file,
                "format": "raw",
                "values": *values,
                "precision": fits.as_ref().ok().copied(),
                "misfit": fits.as_ref().err().cloned(),
            },
            Self::Safetensors { tensors, held, fits } => object! {
                "file": file,
                "format": "safetensors",
                "values": tensors.iter().map(|tensor| values(tensor, held)).sum::<usize>(),
                "parameters": trained(tensors, held),
                "precision": fits.as_ref().ok().copied(),
                "misfit": fits.as_ref().err().cloned(),
                "tensors": tensors.iter().map(|tensor| object! {
                    "name": tensor.name.as_str(),
                    "dtype": tensor.dtype.name(),
                    "shape": tensor.shape.as_slice(),
                    "precision": layer(tensor, held).map(|layer| layer.precision),
                    "values": values(tensor, held),
                    "bytes": bytes(tensor),
                }).collect::<Json>(),
            },
        }
    }

    fn text(&self, program: &Program, screen: &Screen) -> String {
        let answer = |fits: &Fits| match fits {
            Ok(precision) => format!("fits {} in {precision}\n", program.network),
            Err(why) => format!("does not fit {}: {why}\n", program.network),
        };
        match self {
            Self::Labels { count } => format!("IDX, {}\n", counted(*count, "label")),
            Self::Images { count } => {
                let size = screen.shape(&image(program));
                format!("IDX, {} of {size}\n", counted(*count, "image"))
            }
            Self::Raw { values, fits } => {
                format!("raw, {}\n{}", counted(*values, "value"), answer(fits))
            }
            Self::Safetensors { tensors, held, fits } => {
                let rows = tensors.iter().map(|tensor| {
                    let shape: Vec<String> = tensor.shape.iter().map(usize::to_string).collect();
                    vec![
                        printable(&tensor.name),
                        tensor.dtype.name().into(),
                        shape.join(screen.text("×", "x")),
                        layer(tensor, held).map_or_else(String::new, |it| it.precision.into()),
                        thousands(values(tensor, held)),
                        thousands(bytes(tensor)),
                    ]
                });
                let mut rows: Vec<Vec<String>> = rows.collect();
                let mut headings =
                    vec!["Tensor", "Type", ">Shape", "Precision", ">Values", ">Bytes"];
                let all = tensors.iter().map(|tensor| values(tensor, held)).sum();
                let title = if held.iter().all(|layer| layer.precision == "f32") {
                    // Types say it all.
                    headings.remove(3);
                    rows.iter_mut().for_each(|row| _ = row.remove(3));
                    counted(all, "value")
                } else {
                    let most = fits.as_ref().copied().unwrap_or_else(|_| usual(held));
                    let parameters = counted(trained(tensors, held), "parameter");
                    format!("{parameters} in {}", in_words(most, held))
                };
                let table = screen.table(&headings, &rows);
                format!("safetensors, {title}\n{table}\n{}", answer(fits))
            }
        }
    }
}
