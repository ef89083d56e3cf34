//! The command line.

use super::Program;
use super::program::Pictures;
use clap::{Args, CommandFactory, Parser, Subcommand};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

/// What stands below the list of commands.
const AFTER: &str = "With no command: demo. Everything works with no file given: a trained network
and a sample of MNIST's test images are inside.";

#[derive(Debug, Parser)]
#[command(
    version,
    about = "A convolutional network for handwritten digits, and what it is made of",
    after_help = AFTER
)]
pub(crate) struct Line {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The command line of a program.
pub(crate) fn command(program: &Program) -> clap::Command {
    let command = Line::command().name(program.name).version(program.version);
    let command = choices(command, program);
    let command = match program.pictures {
        Pictures::Digits => command,
        Pictures::Plain => command.mut_subcommand("classify", |classify| {
            classify
                .about("Tell what pictures show: PNG, JPEG or IDX files")
                .mut_arg("files", |files| {
                    files.help("Pictures of the network's kind; or IDX files")
                })
        }),
    };
    if program.inside.is_some() {
        return command;
    }
    let about = format!("The network {}, and how good and fast it is", program.network);
    command
        .about(about)
        .after_help("")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .mut_subcommand("demo", |demo| demo.hide(true))
}

/// Tells each option what this program was compiled for.
fn choices(command: clap::Command, program: &Program) -> clap::Command {
    let (all, usual) = (program.precisions(), program.usual_precisions());
    let unnamed = if all == usual { "all".into() } else { usual.join(",") };
    let (all, algorithms) = (all.join(", "), program.algorithms().join(", "));
    let model = program.reference();
    let (precision, algorithm) = (model.precision, model.algorithm);
    let quantized: Vec<&str> = program.quantized().map(|model| model.precision).collect();
    let precisions = format!("Number formats, by commas: {all} [default: {unnamed}]");
    let helped = |command: clap::Command, precision: &str, algorithm: &str| {
        let (precision, algorithm) = (lines(precision), lines(algorithm));
        let command = command.mut_arg("precision", |option| option.help(precision));
        command.mut_arg("algorithm", |option| option.help(algorithm))
    };
    command
        .mut_subcommand("classify", |command| {
            helped(
                command,
                &format!("Number format: {all} [default: {precision}, or the file's own]"),
                &format!("Convolution algorithm: {algorithms} [default: {algorithm}]"),
            )
        })
        .mut_subcommand("eval", |command| {
            let algorithms = format!("Algorithms, by commas: {algorithms} [default: {algorithm}]");
            helped(command, &precisions, &algorithms)
        })
        .mut_subcommand("bench", |command| {
            let algorithms = format!(
                "Algorithms, by commas: {algorithms} [default: {algorithm}, and in the table of \
                 algorithms all]"
            );
            helped(command, &precisions, &algorithms)
        })
        .mut_subcommand("quantize", |command| {
            let help = lines(&format!("Number format to write: {}", quantized.join(", ")));
            // Without integers there is nothing to write.
            command.hide(quantized.is_empty()).mut_arg("precision", |option| option.help(help))
        })
}

/// The help of an option in lines that fit beside the options' names.
fn lines(text: &str) -> String {
    const LETTERS: usize = 50;
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is one");
        match line.is_empty() {
            true => *line += word,
            false if line.len() + 1 + word.len() <= LETTERS => *line += &format!(" {word}"),
            false => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

/// How many images.
fn count(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| format!("a whole number of images from 1 to {} is wanted", usize::MAX))
}

/// How long.
fn seconds(text: &str) -> Result<Duration, String> {
    let time = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.ok_or_else(|| "a number of seconds is wanted: 0.5, 2 or 10".to_owned())
}

/// Which image.
fn index(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("a whole number from 0 to {} is wanted", usize::MAX))
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show a digit, each layer's time, and how good and fast it all is
    Demo(Demo),
    /// Read digits from pictures: PNG, JPEG or IDX files
    Classify(Classify),
    /// Measure accuracy, speed and each layer's error on labelled images
    Eval(Eval),
    /// Write the parameters in another precision
    Quantize(Quantize),
    /// Measure time by precision, layer, algorithm and instruction set
    Bench(Bench),
    /// List the network's layers, or what is in a file
    Inspect(Inspect),
}

#[derive(Args, Debug, Default)]
pub(crate) struct Demo {
    /// Which of the images inside to show
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = index, allow_negative_numbers = true)]
    pub(crate) image: usize,
    /// Print one JSON document and nothing else
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Classify {
    /// Pictures of one digit each, of any size; or IDX files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Number format to compute in
    #[arg(long, value_name = "P")]
    pub(crate) precision: Option<String>,
    /// Convolution algorithm
    #[arg(long, value_name = "A")]
    pub(crate) algorithm: Option<String>,
    /// Other parameters (.safetensors or .raw)
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// Training images to quantize with (IDX)
    #[arg(long, value_name = "FILE")]
    pub(crate) calibration: Option<PathBuf>,
    /// Print one JSON document and nothing else
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Eval {
    /// Other parameters (.safetensors or .raw)
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// Other images than those inside (IDX or gzip)
    #[arg(long, value_name = "FILE")]
    pub(crate) images: Option<PathBuf>,
    /// Their labels (IDX or gzip)
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Use the first N images only
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub(crate) limit: Option<NonZeroUsize>,
    /// Number formats, by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) precision: Vec<String>,
    /// Convolution algorithms, by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) algorithm: Vec<String>,
    /// Training images to quantize with (IDX)
    #[arg(long, value_name = "FILE")]
    pub(crate) calibration: Option<PathBuf>,
    /// Print one JSON document and nothing else
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Quantize {
    /// Number format to write
    #[arg(long, value_name = "P")]
    pub(crate) precision: String,
    /// Parameters in floats (.safetensors or .raw)
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// File to write (.safetensors)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Training images to quantize with (IDX)
    #[arg(long, value_name = "FILE")]
    pub(crate) calibration: Option<PathBuf>,
    /// Print one JSON document and nothing else
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Bench {
    #[command(flatten)]
    pub(crate) what: Eval,
    /// Seconds to measure for each table
    #[arg(long, value_name = "S", default_value = "2", value_parser = seconds, allow_negative_numbers = true)]
    pub(crate) seconds: Duration,
    /// Write a page with the tables and plots, too
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// Parameters, images or labels [default: the network itself]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Print one JSON document and nothing else
    #[arg(long)]
    pub(crate) json: bool,
}
