//! Each command of the program, with what it takes and with what it does not.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_your-program")).args(arguments).output().unwrap()
}

/// Standard output and standard error of a run with this exit code.
#[track_caller]
fn ends(code: i32, arguments: &[&str]) -> (String, String) {
    let output = run(arguments);
    let [out, error] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {out}{error}");
    (out, error)
}

fn file(name: &str, content: &[u8]) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// An IDX file of noise, with a count and these sizes.
fn idx(name: &str, sizes: &[u32], most: u32) -> String {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    let mut state = 1_u32;
    bytes.extend((0..sizes.iter().product()).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 8) % (most + 1)) as u8
    }));
    file(name, &bytes)
}

#[test]
fn every_command() {
    let images = idx("images.idx", &[20, 3, 32, 32], 255);
    let labels = idx("labels.idx", &[20], 9);
    let data = ["--images", &images, "--labels", &labels];
    let eval = |more: &[&str]| ends(0, &[&["eval", "--json"], &data[..], more].concat());

    // Random parameters, and nothing to quantize with: both are told, and the document is whole.
    let (out, error) = eval(&[]);
    assert!(out.starts_with('{') && out.contains("\"images\": 20"), "{out}");
    assert!(out.contains("\"f32\"") && !out.contains("\"i8\""), "{out}");
    assert!(error.contains("random") && error.contains("--calibration"), "{error}");

    let (out, error) = eval(&["--calibration", &images]);
    assert!(out.contains("\"f32\"") && out.contains("\"i8\""), "{out}");
    assert!(error.contains("--images and --calibration are one file"), "{error}");

    let path = file("i8.safetensors", b"");
    let (out, _) =
        ends(0, &["quantize", "--precision", "i8", "--calibration", &images, "--output", &path]);
    assert!(out.contains("Pictures in i8, calibrated on 20 images"), "{out}");
    // There are no parameters in floats to compare a quantized file with.
    let (out, _) = eval(&["--weights", &path]);
    assert!(out.contains("\"i8\"") && out.contains("\"drop\": null"), "{out}");
    let (out, _) = ends(0, &[&["eval"], &data[..], &["--weights", &path]].concat());
    assert!(out.contains("i8") && out.contains(" - "), "{out}");

    let (out, _) = ends(0, &["classify", "--json", &images]);
    assert_eq!(out.matches("\"class\"").count(), 20);
    let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/pictures/7_photo.jpg");
    let (out, _) = ends(0, &["classify", "--weights", &path, picture]);
    assert!(out.contains("7_photo.jpg: ") && out.contains(" %"), "{out}");

    let (out, _) = ends(0, &["inspect"]);
    assert!(out.starts_with("Pictures: 3x32x32 -> 10"), "{out}");
    let (out, _) = ends(0, &["inspect", &path]);
    assert!(out.contains("fits Pictures in i8"), "{out}");
    let (out, _) = ends(0, &["inspect", &images]);
    assert!(out.contains("20 images of 3x32x32"), "{out}");

    let (out, _) = ends(0, &["--help"]);
    assert!(out.contains("Pictures") && !out.contains("demo"), "{out}");
    // What the program was compiled for, and nothing else.
    let (out, _) = ends(0, &["eval", "--help"]);
    assert!(out.contains("by commas: f32, i8 [default: all]") && !out.contains("w4a8"), "{out}");
    let (out, _) = ends(0, &["quantize", "--help"]);
    assert!(out.contains("Number format to write: i8\n"), "{out}");
    assert_eq!(ends(0, &["--version"]).0, "your-program 0.0.0\n");
}

#[test]
fn wrong_use() {
    let images = idx("few images.idx", &[4, 3, 32, 32], 255);
    let labels = idx("few labels.idx", &[4], 9);
    let wrong = |code, arguments: &[&str], wanted: &str| {
        let (out, error) = ends(code, arguments);
        assert!(out.is_empty() && error.contains(wanted), "{arguments:?}: {out}{error}");
    };
    wrong(2, &[], "Usage");
    wrong(2, &["demo"], "--images FILE");
    wrong(2, &["eval"], "--images FILE and --labels FILE");
    wrong(2, &["eval"], "Usage: your-program eval [OPTIONS]");
    wrong(2, &["eval", "--images", &images], "--labels FILE");
    wrong(2, &["eval", "--labels", &labels], "--images FILE");
    let data = ["eval", "--images", &images, "--labels", &labels];
    wrong(2, &[&data[..], &["--precision", "i8"]].concat(), "--calibration FILE");
    wrong(2, &[&data[..], &["--precision", "w4a8"]].concat(), "this program has f32, i8");
    wrong(2, &["quantize", "--precision", "i8", "--output", "x.safetensors"], "--calibration FILE");
    let large = idx("large labels.idx", &[4], 255);
    wrong(1, &["eval", "--images", &images, "--labels", &large], "labels from 0 to 9");
    let grey = idx("grey.idx", &[4, 32, 32], 255);
    wrong(1, &["eval", "--images", &grey, "--labels", &labels], "0x00000804");
    let wide = idx("wide.idx", &[4, 3, 32, 33], 255);
    wrong(1, &["classify", &wide], "3×32×32");
    let lenet = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/lenet.safetensors");
    wrong(1, &["eval", "--weights", lenet, "--images", &images, "--labels", &labels], "conv1");
}
