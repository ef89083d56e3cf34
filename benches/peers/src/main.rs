//! LeNet-5 in this crate and in others: the same weights, the same images, one interleaved run.

mod bounds;
mod clock;
mod engine;
#[cfg(feature = "others")]
mod onnx;
#[cfg(feature = "others")]
mod others;
mod ours;
mod published;
mod readme;
mod report;

use engine::{CHUNK, Chunk, Expected, Row};
use microcnn::mnist::{MNIST, MNISTLabels};
use report::Measured;
use std::error::Error;
use std::process::ExitCode;

/// The files that every engine reads.
mod paths {
    pub const WEIGHTS: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/reference-lenet.raw");
    pub const IMAGES: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/t10k-images-idx3-ubyte.gz");
    pub const LABELS: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/t10k-labels-idx1-ubyte.gz");
    pub const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    pub const CALIBRATION: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/calibration-images-idx3-ubyte.gz");
}

const USAGE: &str = "\
cargo run --release [--features others] -- [--images N] [--only TEXT] [--json | --readme]

  --images N    images that each engine is timed on (5000), rounded up to whole chunks
  --only TEXT   besides the first row, which the others are compared with, rows whose name has TEXT;
                may be repeated
  --json        one JSON document instead of the tables
  --readme      writes the README's table of figures anew, too; wants the feature `others`

The feature `others` adds tract, rten and candle, which take minutes to build.";

/// What is measured where nothing else is said.
const CHUNKS: usize = 5000usize.div_ceil(CHUNK);

struct Options {
    chunks: usize,
    only: Vec<String>,
    json: bool,
    readme: bool,
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn options(mut args: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options { chunks: CHUNKS, only: Vec::new(), json: false, readme: false };
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} wants a value"));
        match arg.as_str() {
            "--images" => {
                let images = value()?;
                options.chunks = match images.parse::<usize>() {
                    Ok(images @ 1..=9_984) => images.div_ceil(CHUNK),
                    _ => return Err(format!("--images wants 1 to 9984, not `{images}`")),
                };
            }
            "--only" => options.only.push(value()?),
            "--json" => options.json = true,
            "--readme" if cfg!(feature = "others") => options.readme = true,
            "--readme" => return Err("--readme wants all rows: --features others".to_owned()),
            "--help" | "-h" => return Ok(None),
            _ => return Err(format!("no option `{arg}`")),
        }
    }
    if options.readme && (options.chunks != CHUNKS || !options.only.is_empty()) {
        return Err("--readme measures every row on all images that the README says".to_owned());
    }
    Ok(Some(options))
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let images = MNIST::new(paths::IMAGES)?;
    let labels: Vec<_> = MNISTLabels::new(paths::LABELS)?.iter().collect();
    let mut rows = published::rows(&images);
    rows.extend(ours::rows()?);
    #[cfg(feature = "others")]
    rows.extend(others::rows()?);
    let wanted = |name: &str| options.only.iter().any(|text| name.contains(text.as_str()));
    let others = rows.split_off(1).into_iter();
    rows.extend(others.filter(|row| options.only.is_empty() || wanted(&row.name)));

    check(&mut rows, &images, &labels)?;
    let measured = measure(&mut rows, &images, &labels, options.chunks);
    if options.readme {
        let readme = std::fs::read_to_string(paths::README)?;
        std::fs::write(paths::README, readme::update(&readme, &measured)?)?;
    }
    if options.json {
        println!("{:#}", report::json(&measured));
    } else {
        print!("{}", report::table(&measured));
        print!("{}", bounds::table(&measured));
    }
    Ok(())
}

/// Images that are checked before anything is timed.
const CHECKED: usize = 1_000;

/// Whether every engine answers as it has to.
fn check(rows: &mut [Row], images: &MNIST, labels: &[usize]) -> Result<(), String> {
    let chunks: Vec<_> = Chunk::all(images).take(CHECKED.div_ceil(CHUNK)).collect();
    let mut first = Vec::new();
    for row in rows {
        let mut digits = Vec::new();
        for chunk in chunks.iter().step_by(row.every) {
            digits.extend((chunk.first..CHECKED).zip(row.digits(chunk)));
        }
        let name = &row.name;
        match row.expected {
            Expected::SameDigits => {
                for (image, digit) in digits {
                    let other = first[image];
                    if digit != other {
                        return Err(format!("{name}: image {image} is a {digit}, not a {other}"));
                    }
                }
            }
            Expected::Right(expected) => {
                let right = right(&digits, labels);
                if right != expected {
                    return Err(format!("{name}: {right} of {CHECKED} right, {expected} expected"));
                }
                if first.is_empty() {
                    first = digits.into_iter().map(|(_, digit)| digit).collect();
                }
            }
            Expected::AtLeast(least) => {
                let right = right(&digits, labels);
                if right < least {
                    return Err(format!(
                        "{name}: {right} of {CHECKED} right, at least {least} expected"
                    ));
                }
            }
        }
    }
    Ok(())
}

/// How many digits are those of the labels.
fn right(digits: &[(usize, usize)], labels: &[usize]) -> usize {
    digits.iter().filter(|(image, digit)| labels[*image] == *digit).count()
}

/// One engine after the other on each chunk, so that whatever the machine does hits all alike.
fn measure(rows: &mut [Row], images: &MNIST, labels: &[usize], chunks: usize) -> Vec<Measured> {
    let mut measured: Vec<_> = rows.iter().map(Measured::new).collect();
    for (at, chunk) in Chunk::all(images).take(chunks).enumerate() {
        for (row, measured) in rows.iter_mut().zip(&mut measured) {
            if at % row.every == 0 {
                let digits = row.time(&chunk, &mut measured.times);
                let labels = &labels[chunk.first..];
                measured.images += CHUNK;
                measured.right += digits.iter().zip(labels).filter(|(a, b)| a == b).count();
            }
        }
    }
    for row in &mut measured {
        row.times.sort_unstable_by(f64::total_cmp);
    }
    measured
}
