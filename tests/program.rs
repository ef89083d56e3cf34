//! The `microcnn` program as its users meet it: every command, every kind of wrong input.
#![cfg(all(feature = "cli", not(target_family = "wasm")))]

#[path = "support/program.rs"]
mod program;

use program::{command, document, text};
use serde_json::Value;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Output;

/// The parameters of the program, in another network's hands.
const REFERENCE: &str = "data/reference-lenet.raw";

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the program starts")
}

/// The standard output of a run that succeeds and says nothing else.
#[track_caller]
fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(text(&output.stderr), "", "{arguments:?}");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    let out = text(&output.stdout);
    assert!(out.is_ascii(), "{arguments:?} prints more than plain text:\n{out}");
    assert!(!out.contains('\x1b'), "{arguments:?} prints escapes");
    let wide = out.lines().find(|line| line.len() > 80);
    assert!(wide.is_none() || out.starts_with('{'), "{arguments:?} is too wide:\n{out}");
    out.to_owned()
}

/// Lines may be as long as the paths in them.
#[track_caller]
fn succeed_wide(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

#[track_caller]
fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&succeed(arguments)).expect("one JSON document")
}

/// What a run says on standard error that ends with an exit code and prints nothing else.
#[track_caller]
fn fail(code: i32, arguments: &[&str]) -> String {
    let output = run(arguments);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    assert!(message.starts_with("error: "), "{arguments:?}: {message}");
    assert!(!message.contains('\x1b'), "{arguments:?} prints escapes");
    assert!(!message.contains("panicked"), "{arguments:?}: {message}");
    message.to_owned()
}

/// A line and its cause.
#[track_caller]
fn fail_for(arguments: &[&str], wanted: &[&str]) {
    let message = fail(1, arguments);
    let lines: Vec<&str> = message.lines().collect();
    assert!(lines.len() >= 2 && lines[1].starts_with("  cause: "), "{message}");
    for part in wanted {
        assert!(message.contains(part), "no `{part}` in: {message}");
    }
}

/// A file for one test.
fn file(name: &str, content: impl AsRef<[u8]>) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("program");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path.to_str().expect("the path is text").to_owned()
}

/// The bytes of a grey PNG.
fn png(width: u32, height: u32, pixel: impl Fn(u32, u32) -> u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    let pixels: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .map(|(x, y)| pixel(x, y))
        .collect();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

fn pictures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/pictures");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

mod demo {
    use super::*;

    #[test]
    fn shows_digit_layers_and_figures_and_is_what_runs_without_a_command() {
        let out = succeed(&["demo"]);
        for part in ["LeNet5", "61,706 parameters", "read as 7", "conv1", "6x28x28", "f32", "KiB"] {
            assert!(out.contains(part), "no `{part}` in:\n{out}");
        }
        let bars = out.lines().filter(|line| line.ends_with(" %")).count();
        assert_eq!(bars, 10, "{out}");
        // Times and what follows from them differ.
        let before_times = |text: &str| text.split("Layer by layer").next().map(str::to_owned);
        assert_eq!(before_times(&out), before_times(&succeed(&[])));
    }

    #[test]
    fn prints_the_same_as_json() {
        let document = json(&["demo", "--json", "--image", "1"]);
        assert_eq!(document["digit"], 2);
        assert_eq!(document["label"], 2);
        assert_eq!(document["images"], 200);
        assert_eq!(document["layers"].as_array().unwrap().len(), 13);
        let results = document["results"].as_array().unwrap();
        let names = results.iter().map(|row| row["precision"].as_str().unwrap());
        assert_eq!(names.collect::<Vec<_>>(), ["f32", "i8", "w4a8", "i4"]);
        let sum: f64 =
            document["probabilities"].as_array().unwrap().iter().map(|p| p.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-5);
    }

    #[test]
    fn shows_no_image_that_it_does_not_have() {
        let message = fail(2, &["demo", "--image", "200"]);
        assert!(message.contains("0 to 199") && message.contains("Usage: microcnn demo"));
    }
}

mod classify {
    use super::*;

    #[test]
    fn reads_every_picture() {
        let pictures = pictures();
        assert!(pictures.len() >= 10);
        for weights in [None, Some(REFERENCE)] {
            let mut arguments = vec!["classify"];
            arguments.extend(weights.iter().flat_map(|weights| ["--weights", weights]));
            arguments.extend(pictures.iter().map(|path| path.to_str().unwrap()));
            let out = succeed_wide(&arguments);
            let lines: Vec<&str> = out.lines().collect();
            assert_eq!(lines.len(), pictures.len());
            for (line, path) in lines.iter().zip(&pictures) {
                let name = path.file_name().unwrap().to_str().unwrap();
                let answer = line.rsplit_once(": ").unwrap().1;
                assert_eq!(answer[..1], name[..1], "{line}");
            }
        }
    }

    #[test]
    fn prints_the_same_as_json() {
        let document = json(&["classify", "--json", "data/pictures/7_photo.jpg"]);
        assert_eq!(document["precision"], "f32");
        assert_eq!(document["algorithm"], "Auto");
        assert_eq!(document["failures"], serde_json::json!([]));
        let narrow = ["classify", "--json", "--precision", "i4", "data/pictures/7_photo.jpg"];
        assert_eq!(json(&narrow)["images"][0]["digit"], 7);
        let image = &document["images"][0];
        assert_eq!(image["file"], "data/pictures/7_photo.jpg");
        assert_eq!(image["digit"], 7);
        assert_eq!(image["probabilities"].as_array().unwrap().len(), 10);
        assert_eq!(image["probabilities"][7], image["probability"]);
        assert!(image["probability"].as_f64().unwrap() > 0.8);
    }

    #[test]
    fn reads_all_images_of_an_idx_file() {
        let document = json(&["classify", "--json", "data/sample-images-idx3-ubyte.gz"]);
        let images = document["images"].as_array().unwrap();
        assert_eq!(images.len(), 200);
        let digits: Vec<u64> = images[..5].iter().map(|i| i["digit"].as_u64().unwrap()).collect();
        assert_eq!(digits, [7, 2, 1, 0, 4]);
        assert_eq!(images[3]["index"], 3);
    }

    #[test]
    fn goes_by_the_content_of_a_file_and_not_its_name() {
        let photo = fs::read("data/pictures/3_portrait.jpg").unwrap();
        let path = file("a jpeg.png", photo);
        assert_eq!(json(&["classify", "--json", &path])["images"][0]["digit"], 3);
    }

    #[test]
    fn every_algorithm_reads_alike() {
        for algorithm in ["naive", "im2col", "Direct", "WINOGRAD", "fft", "auto"] {
            let out = succeed(&[
                "classify",
                "--precision",
                "F32",
                "--algorithm",
                algorithm,
                "data/pictures/9_off_centre.jpg",
            ]);
            assert!(out.contains(": 9 ("), "{algorithm}: {out}");
        }
    }

    #[test]
    fn goes_on_after_a_file_that_it_can_not_read() {
        let output = run(&[
            "classify",
            "data/pictures/1_palette.png",
            "no such file",
            "Cargo.toml",
            "data/pictures/2_shadow.jpg",
        ]);
        assert_eq!(output.status.code(), Some(1));
        let (out, error) = (text(&output.stdout), text(&output.stderr));
        assert!(out.contains("palette.png: 1") && out.contains("shadow.jpg: 2"), "{out}");
        assert_eq!(error.matches("error: ").count(), 2, "{error}");
        assert_eq!(error.matches("  cause: ").count(), 3, "{error}");
        assert!(error.contains("no such file") && error.contains("Cargo.toml"), "{error}");
    }

    #[test]
    fn names_in_its_document_what_it_can_not_read() {
        let output = run(&["classify", "--json", "no such file", "data/pictures/1_palette.png"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).starts_with("error: cannot read no such file\n  cause: "));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["images"][0]["digit"], 1);
        let failures = document["failures"].as_array().unwrap();
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0]["error"], "cannot read no such file");
        assert_eq!(failures[0]["causes"][0], "wanted a file, found none");
    }

    #[test]
    fn says_what_is_wrong_with_a_picture() {
        let photo = fs::read("data/pictures/7_photo.jpg").unwrap();
        let sound =
            png(40, 40, |x, y| if x.abs_diff(20) < 3 && y.abs_diff(20) < 15 { 0 } else { 255 });
        let mut flipped = sound.clone();
        *flipped.iter_mut().rev().nth(20).unwrap() ^= 0x55;
        let mut huge = sound.clone();
        huge[16..24].copy_from_slice(&[0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF]);
        let mut checksum = flate2::Crc::new();
        checksum.update(&huge[12..29]);
        huge[29..33].copy_from_slice(&checksum.sum().to_be_bytes());
        let cases: &[(&str, &[u8], &str)] = &[
            ("empty.png", &[], "neither PNG, JPEG nor IDX"),
            ("text.png", b"a seven", "neither PNG, JPEG nor IDX"),
            ("cut.png", &sound[..sound.len() / 2], "damaged PNG"),
            ("header.png", &sound[..12], "damaged PNG"),
            ("flipped.png", &flipped, "damaged PNG"),
            ("huge.png", &huge, "65535x65535 pixels"),
            ("header.jpg", &photo[..100], "damaged JPEG"),
            ("nothing.jpg", &[0xFF, 0xD8], "damaged JPEG"),
            ("white.png", &png(300, 200, |_, _| 255), "nothing on it"),
            ("black.png", &png(28, 28, |_, _| 0), "nothing on it"),
            ("dot.png", &png(1, 1, |_, _| 0), "nothing on it"),
            (
                "grain.png",
                &png(90, 90, |x, y| (200 + (x * 37 + y * 61 + x * y * 13) % 23) as u8),
                "nothing on it",
            ),
            ("slope.png", &png(300, 200, |x, _| (x / 2) as u8), "nothing on it"),
            ("cut.gz", &[0x1F, 0x8B, 8], "gzip"),
            ("cut.idx", &[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28, 1], "784 bytes"),
            ("labels.idx", &[0, 0, 8, 1, 0, 0, 0, 1, 7], "images"),
        ];
        for (name, content, wanted) in cases {
            fail_for(&["classify", &file(name, content)], &[name, wanted]);
        }
        fail_for(&["classify", "."], &["."]);
    }

    #[test]
    fn survives_damage_anywhere() {
        for path in ["data/pictures/0_28x28.png", "data/pictures/9_off_centre.jpg"] {
            let sound = fs::read(path).unwrap();
            let files: Vec<String> = (0..40)
                .map(|case| {
                    let mut bytes = sound.clone();
                    let at = case * 7919 % bytes.len();
                    match case % 3 {
                        0 => bytes.truncate(at),
                        1 => bytes[at] ^= 1 << (case % 8),
                        _ => bytes[at..].iter_mut().take(9).for_each(|byte| *byte = 0xFF),
                    }
                    file(&format!("damaged {case} {}", path.rsplit_once('/').unwrap().1), bytes)
                })
                .collect();
            let arguments: Vec<&str> =
                ["classify"].into_iter().chain(files.iter().map(String::as_str)).collect();
            let output = run(&arguments);
            assert!(output.status.code().is_some_and(|code| code <= 1));
            assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
        }
    }

    #[test]
    fn wants_a_file() {
        fail(2, &["classify"]);
    }
}

mod eval {
    use super::*;

    #[test]
    fn prints_the_document_that_others_read() {
        let document = json(&[
            "eval",
            "--json",
            "--limit",
            "120",
            "--precision",
            "f32",
            "--algorithm",
            "auto,naive",
        ]);
        assert_eq!(document["images"], 120);
        let results = document["results"].as_array().unwrap();
        assert_eq!(results.len(), 2);
        for (row, algorithm) in results.iter().zip(["Auto", "Naive"]) {
            assert_eq!(row["precision"], "f32");
            assert_eq!(row["algorithm"], algorithm);
            assert!(microcnn::simd::NAMES.contains(&row["isa"].as_str().unwrap()));
            assert!((0.98..=1.0).contains(&row["accuracy"].as_f64().unwrap()));
            assert_eq!(row["drop"], 0.0);
            assert_eq!(row["agreement"], 1.0);
            assert!(row["weight_bytes"].as_u64().unwrap() >= 4 * 61_706);
            assert!(row["us_per_image"].as_f64().unwrap() > 0.0);
            let layers = row["layers"].as_array().unwrap();
            assert_eq!(layers.len(), 13);
            assert_eq!(layers[0]["name"], "conv1");
            assert_eq!(layers[0]["kind"], "Conv2d");
            assert!(layers.iter().all(|layer| layer["mse"].as_f64().unwrap() < 1e-6));
        }
    }

    #[test]
    fn compares_all_precisions() {
        let document = json(&["eval", "--json"]);
        assert_eq!(document["images"], 200);
        let results = document["results"].as_array().unwrap();
        let names: Vec<&str> =
            results.iter().map(|row| row["precision"].as_str().unwrap()).collect();
        assert_eq!(names, ["f32", "i8", "w4a8", "i4"]);
        for (row, most_bytes) in results.iter().zip([280_000, 64_000, 33_500, 33_500]) {
            assert_eq!(row["algorithm"], "Auto");
            assert!(row["accuracy"].as_f64().unwrap() >= 0.99, "{row}");
            assert!(row["drop"].as_f64().unwrap().abs() <= 0.005, "{row}");
            assert!(row["agreement"].as_f64().unwrap() >= 0.99, "{row}");
            assert!(row["weight_bytes"].as_u64().unwrap() <= most_bytes, "{row}");
            assert_eq!(row["layers"].as_array().unwrap().len(), 13);
            let integer = row["precision"] != "f32";
            assert_eq!(row["layers"][0]["mse"].as_f64().unwrap() > 0.0, integer, "{row}");
        }
    }

    #[test]
    fn compares_precisions_that_are_not_shown_unasked() {
        let document = json(&["eval", "--json", "--precision", "W2A8, f32", "--limit", "50"]);
        assert_eq!(document["results"][0]["precision"], "w2a8");
        assert_eq!(document["results"][1]["precision"], "f32");
        assert!(document["results"][0]["accuracy"].as_f64().unwrap() > 0.95);
    }

    #[test]
    fn calibrates_on_other_images() {
        let ten = fs::read("data/calibration-images-idx3-ubyte.gz").unwrap();
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&ten[..]).read_to_end(&mut plain).unwrap();
        plain.truncate(16 + 10 * 784);
        plain[4..8].copy_from_slice(&[0, 0, 0, 10]);
        let few = file("ten images.idx", &plain);
        let mse = |arguments: &[&str]| {
            let document = json(&[&["eval", "--json", "--precision", "i8"], arguments].concat());
            assert!(document["results"][0]["accuracy"].as_f64().unwrap() > 0.98);
            document["results"][0]["layers"][0]["mse"].as_f64().unwrap()
        };
        assert_ne!(mse(&[]), mse(&["--calibration", &few]));
        plain[4..8].copy_from_slice(&[0; 4]);
        plain.truncate(16);
        let none = file("no calibration.idx", &plain);
        let eval = |path| ["eval", "--precision", "i8", "--calibration", path];
        fail_for(&eval(&none), &["i8", "at least one image"]);
        fail_for(&eval("no file"), &["no file"]);
        fail_for(&eval("data/t10k-labels-idx1-ubyte.gz"), &["t10k-labels", "images"]);
    }

    #[test]
    fn reads_files() {
        let document = json(&[
            "eval",
            "--json",
            "--precision",
            "f32",
            "--limit",
            "1000",
            "--weights",
            REFERENCE,
            "--images",
            "data/t10k-images-idx3-ubyte.gz",
            "--labels",
            "data/t10k-labels-idx1-ubyte.gz",
        ]);
        assert_eq!(document["images"], 1000);
        assert_eq!(document["results"][0]["accuracy"], 0.987);
    }

    #[test]
    fn prints_tables() {
        let out = succeed(&["eval", "--limit", "50", "--precision", "f32", "--algorithm", "Auto"]);
        assert!(out.starts_with("LeNet5 on 50 images"), "{out}");
        assert!(out.contains("100.00 %"), "{out}");
    }

    #[test]
    fn says_which_precisions_and_algorithms_there_are() {
        for name in ["i9", "", "float"] {
            let message = fail(2, &["eval", "--precision", name]);
            assert!(message.contains(&format!("`{name}`")) && message.contains("f32"), "{message}");
        }
        let message = fail(2, &["eval", "--algorithm", "auto,fastest"]);
        assert!(message.contains("`fastest`") && message.contains("Winograd"), "{message}");
        let message = fail(2, &["eval", "--precision", "f32,i8", "--algorithm", "Winograd"]);
        assert!(message.contains("Winograd does not run in i8: i8 has Auto"), "{message}");
        assert!(message.contains("Winograd runs in f32"), "{message}");
        let output = run(&["eval", "--json", "--limit", "9", "--algorithm", "winograd"]);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["results"].as_array().unwrap().len(), 1, "f32 alone has it");
        let note = text(&output.stderr);
        assert!(note.starts_with("note: Winograd does not run in i8, "), "{note}");
        assert_eq!((output.status.code(), note.lines().count()), (Some(0), 1), "{note}");
        let out = succeed(&["eval", "--limit", "2", "--algorithm", "naive"]);
        assert!(out.contains("\ni8, w4a8, i4 under Naive: on scalar\n"), "{out}");
    }

    #[test]
    fn says_what_is_wrong_with_the_command_line() {
        for wrong in ["0", "-3", "many", "1.5", "99999999999999999999"] {
            let message = fail(2, &["eval", "--limit", wrong]);
            assert!(message.contains(&format!("invalid value '{wrong}'")), "{message}");
            let wanted = format!("a whole number of images from 1 to {}", usize::MAX);
            assert!(message.contains(&wanted), "{message}");
        }
        let message = fail(2, &["eval", "--images", "data/t10k-images-idx3-ubyte.gz"]);
        assert!(message.contains("\nUsage: microcnn eval [OPTIONS]\n"), "{message}");
        fail(2, &["eval", "--labels", "data/t10k-labels-idx1-ubyte.gz"]);
        fail(2, &["eval", "--weights"]);
        fail(2, &["eval", "--wights", "x"]);
        fail(2, &["evaluate"]);
        fail(2, &["eval", "something"]);
    }

    #[test]
    fn says_what_is_wrong_with_files() {
        let images = "data/sample-images-idx3-ubyte.gz";
        let labels = "data/sample-labels-idx1-ubyte.gz";
        let with = |images: &str, labels: &str, wanted: &[&str]| {
            fail_for(&["eval", "--images", images, "--labels", labels], wanted);
        };
        with("no images", labels, &["no images"]);
        with(images, "no labels", &["no labels"]);
        with(labels, labels, &[labels, "images"]);
        with(images, images, &[images, "labels"]);
        let ten = file("ten.idx", [0, 0, 8, 1, 0, 0, 0, 1, 10]);
        with(images, &ten, &["10 at place 0"]);
        let seven = file("seven.idx", [0, 0, 8, 1, 0, 0, 0, 1, 7]);
        let message = fail(1, &["eval", "--images", images, "--labels", &seven]);
        assert!(message.contains("200 images") && message.contains("1 label"), "{message}");
        let none = file("none.idx", [0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28]);
        let no_labels = file("no labels.idx", [0, 0, 8, 1, 0, 0, 0, 0]);
        let message = fail(1, &["eval", "--images", &none, "--labels", &no_labels]);
        assert!(message.contains("no images"), "{message}");
    }

    #[test]
    fn says_what_is_wrong_with_weights() {
        let short = file("short.raw", [0; 40]);
        fail_for(&["eval", "--weights", &short], &["246824 bytes", "40 bytes"]);
        fail_for(&["eval", "--weights", "no.raw"], &["no.raw", "No such file"]);
        fail_for(&["eval", "--weights", "Cargo.toml"], &["Cargo.toml", ".safetensors"]);
        let broken = file("broken.safetensors", b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F{}");
        fail_for(&["eval", "--weights", &broken], &["broken.safetensors"]);
        let nan: Vec<u8> = f32::NAN.to_le_bytes().repeat(61_706);
        fail_for(&["eval", "--weights", &file("nan.raw", nan)], &["conv1.weight", "NaN"]);
    }

    #[test]
    fn runs_on_the_instruction_set_that_is_asked_for() {
        let mut five = command(&["eval", "--json", "--limit", "5", "--precision", "f32,i8"]);
        let document = document(five.env("MICROCNN_ISA", "scalar"));
        assert_eq!(document["results"][0]["isa"], "scalar");
        assert_eq!(document["results"][1]["isa"], "scalar");

        let absent = if cfg!(target_arch = "x86_64") { "neon" } else { "avx2" };
        for (name, wanted) in [("mmx", "no instruction set has this name"), (absent, "not here")] {
            let output = command(&["eval"]).env("MICROCNN_ISA", name).output().unwrap();
            let message = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1));
            for part in [name, wanted, "scalar"] {
                assert!(message.contains(part), "no `{part}` in: {message}");
            }
            assert!(!message.contains("panicked"), "{message}");
        }
    }
}

mod quantize {
    use super::*;

    fn output(name: &str) -> String {
        let path = file(name, "");
        fs::remove_file(&path).unwrap();
        path
    }

    #[test]
    fn writes_what_eval_reads_as_it_is() {
        let path = output("quantized w4a8.safetensors");
        let out = run(&["quantize", "--precision", "w4a8", "--output", &path]);
        assert_eq!((out.status.code(), text(&out.stderr)), (Some(0), ""));
        let out = text(&out.stdout);
        assert!(out.contains("LeNet5 in w4a8, calibrated on 1,000 images"), "{out}");
        let bytes = fs::metadata(&path).unwrap().len();
        assert!((30_000..40_000).contains(&bytes), "{bytes}");
        let limit = ["eval", "--json", "--limit", "60"];
        let wanted = json(&[&limit[..], &["--precision", "w4a8"]].concat());
        for more in [&[][..], &["--precision", "W4A8"]] {
            let found = json(&[&limit[..], &["--weights", &path], more].concat());
            assert_eq!(found["results"].as_array().unwrap().len(), 1);
            for key in ["precision", "accuracy", "drop", "agreement", "weight_bytes", "layers"] {
                assert_eq!(found["results"][0][key], wanted["results"][0][key], "{key}");
            }
        }
        let out = run(&["eval", "--limit", "5", "--weights", &path]);
        assert!(text(&out.stdout).contains("against the f32 parameters inside"));
        let plain = json(&[&limit[..], &["--weights", &path, "--algorithm", "naive"]].concat());
        assert_eq!(plain["results"][0]["layers"], wanted["results"][0]["layers"]);
        assert_eq!(plain["results"][0]["isa"], "scalar");

        let digit = json(&["classify", "--json", "--weights", &path, "data/pictures/7_photo.jpg"]);
        assert_eq!(digit["precision"], "w4a8");
        assert_eq!(digit["images"][0]["digit"], 7);
        let document = json(&["inspect", "--json", &path]);
        assert_eq!(document["precision"], "w4a8");
        assert_eq!(document["misfit"], Value::Null);
        assert_eq!(document["parameters"], 61_706);
        let tensors = document["tensors"].as_array().unwrap();
        let weights: Vec<(u64, u64)> = tensors
            .iter()
            .filter(|tensor| tensor["precision"] == "w4a8")
            .map(|tensor| [&tensor["values"], &tensor["bytes"]].map(|n| n.as_u64().unwrap()).into())
            .collect();
        let wanted = [(150, 75), (2400, 1200), (48_000, 24_000), (10_080, 5040), (840, 420)];
        assert_eq!(weights, wanted);

        let message = fail(2, &["eval", "--weights", &path, "--precision", "f32"]);
        assert!(message.contains("quantized already, as w4a8; leave the option out"), "{message}");
        let images = "data/calibration-images-idx3-ubyte.gz";
        let message = fail(2, &["eval", "--weights", &path, "--calibration", images]);
        assert!(message.contains("no use"), "{message}");
        let again = ["quantize", "--precision", "i8", "--weights", &path, "--output", "x.raw"];
        assert!(fail(1, &again).contains("x.raw"));
        let other = output("again.safetensors");
        let again = ["quantize", "--precision", "i8", "--weights", &path, "--output", &other];
        assert!(fail(2, &again).contains("quantized already, as w4a8"));
        assert!(!Path::new(&other).exists());

        let mut damaged = fs::read(&path).unwrap();
        damaged.truncate(damaged.len() - 1);
        let damaged = file("cut.safetensors", &damaged);
        fail_for(&["eval", "--weights", &damaged], &["cut.safetensors"]);
        let mut damaged = fs::read(&path).unwrap();
        let at = damaged.len() - 40;
        damaged[at..].fill(0xFF);
        let damaged = file("nan.safetensors", &damaged);
        fail_for(&["eval", "--weights", &damaged], &["nan.safetensors", "fc2.", "wanted"]);
    }

    #[test]
    fn reports_each_layer() {
        let path = output("quantized i8.safetensors");
        let document = json(&[
            "quantize",
            "--json",
            "--precision",
            "i8",
            "--weights",
            REFERENCE,
            "--output",
            &path,
        ]);
        assert_eq!(document["precision"], "i8");
        assert_eq!(document["images"], 1000);
        assert_eq!(document["bytes"], fs::metadata(&path).unwrap().len());
        let layers = document["layers"].as_array().unwrap();
        assert_eq!(layers.len(), 13);
        assert_eq!(
            (&layers[0]["name"], &layers[0]["rounding"]),
            (&"conv1".into(), &"nearest".into())
        );
        assert_eq!(layers[1]["clipped"], 0.0);
        assert!(layers.iter().all(|layer| layer["signal_to_noise_db"].as_f64().unwrap() > 30.0));
    }

    #[test]
    fn says_what_is_wrong() {
        fail(2, &["quantize"]);
        fail(2, &["quantize", "--precision", "i8"]);
        fail(2, &["quantize", "--output", "x.safetensors"]);
        let to = |precision, path| ["quantize", "--precision", precision, "--output", path];
        assert!(fail(2, &to("i7", "x.safetensors")).contains("i8, w4a8, i4"));
        assert!(fail(2, &to("f32", "x.safetensors")).contains("i8, w4a8, i4"));
        fail_for(&to("i8", "x.raw"), &["x.raw", "holds floats"]);
        fail_for(&to("i8", "x.txt"), &["x.txt", "`.txt`"]);
        fail_for(&to("i8", "no folder/x.safetensors"), &["no folder"]);
        assert!(!Path::new(env!("CARGO_MANIFEST_DIR")).join("x.safetensors").exists());
    }
}

mod inspect {
    use super::*;

    #[test]
    fn lists_the_layers() {
        let out = succeed(&["inspect"]);
        assert!(out.starts_with("LeNet5: 1x28x28 -> 10"), "{out}");
        assert!(out.contains("61,706") && out.contains("416,520"), "{out}");
        assert!(out.ends_with("\nWhen quantized to w2a8; i8 in conv1, fc2\n"), "{out}");
        let document = json(&["inspect", "--json"]);
        assert_eq!(document["parameters"], 61_706);
        assert_eq!(document["macs"], 416_520);
        assert_eq!(document["layers"][3]["output"], serde_json::json!([16, 10, 10]));
        assert_eq!(document["layers"][1]["algorithm"], Value::Null);
        let wanted =
            |w2a8| serde_json::json!({"i8": "i8", "w4a8": "w4a8", "i4": "i4", "w2a8": w2a8});
        assert_eq!(document["layers"][0]["quantized"], wanted("i8"));
        assert_eq!(document["layers"][3]["quantized"], wanted("w2a8"));
        assert_eq!(document["layers"][1]["quantized"], serde_json::json!({}));
    }

    #[test]
    fn lists_the_tensors_of_a_file() {
        let out = succeed(&["inspect", "data/lenet.safetensors"]);
        assert!(out.contains("conv2.weight") && out.contains("16x6x5x5"), "{out}");
        assert!(out.contains("\nfits LeNet5"), "{out}");
        let document = json(&["inspect", "data/lenet.safetensors", "--json"]);
        assert_eq!(document["values"], 61_706);
        assert_eq!(document["misfit"], Value::Null);
        assert_eq!(document["tensors"].as_array().unwrap().len(), 10);
    }

    #[test]
    fn tells_layers_of_other_precisions() {
        let path = file("w2a8.safetensors", "");
        succeed_wide(&["quantize", "--precision", "w2a8", "--output", &path]);
        let output = run(&["inspect", &path]);
        let out = text(&output.stdout);
        let title = "safetensors, 61,706 parameters in w2a8; i8 in conv1, fc2\n";
        assert!(out.contains(title) && out.ends_with("\nfits LeNet5 in w2a8\n"), "{out}");
        for (name, precision) in [("conv1.weight", "i8"), ("conv2.weight", "w2a8")] {
            let row = out.lines().find(|line| line.starts_with(name)).unwrap();
            assert_eq!(row.split_whitespace().nth(3), Some(precision), "{row}");
        }
    }

    #[test]
    fn says_what_other_files_hold() {
        assert!(succeed(&["inspect", REFERENCE]).contains("61,706 values\nfits LeNet5"));
        assert!(
            succeed(&["inspect", "data/t10k-images-idx3-ubyte.gz"])
                .contains("10,000 images of 28x28")
        );
        let document = json(&["inspect", "data/t10k-labels-idx1-ubyte.gz", "--json"]);
        assert_eq!(document["shape"], serde_json::json!([10_000]));
        let short = file("inspect.raw", [0; 40]);
        let document = json(&["inspect", &short, "--json"]);
        assert!(document["misfit"].as_str().unwrap().contains("246824 bytes"), "{document}");
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        fail_for(&["inspect", "no file"], &["no file"]);
        fail_for(&["inspect", "Cargo.toml"], &["Cargo.toml", "neither"]);
        let broken = file("inspect.safetensors", b"\x02\0\0\0\0\0\0\0{]");
        fail_for(&["inspect", &broken], &["inspect.safetensors"]);
        let noise = file("noise.safetensors", [7; 2000]);
        fail_for(&["inspect", &noise], &["noise.safetensors", "header", "found 1992 bytes"]);
    }
}

#[test]
fn helps() {
    let out = succeed(&["--help"]);
    for command in ["demo", "classify", "eval", "quantize", "inspect"] {
        assert!(out.contains(&format!("\n  {command} ")), "{out}");
        assert!(succeed(&[command, "--help"]).contains("--json"));
    }
    let help =
        |command| succeed(&[command, "--help"]).split_whitespace().collect::<Vec<_>>().join(" ");
    for command in ["eval", "bench"] {
        let out = help(command);
        let wanted = "by commas: f32, i8, w4a8, i4, w2a8 [default: f32,i8,w4a8,i4]";
        assert!(out.contains(wanted) && out.contains("Auto, Naive, Im2col, "), "{out}");
    }
    assert!(help("bench").contains("[default: Auto, and in the table of algorithms all]"));
    assert!(help("quantize").contains("to write: i8, w4a8, i4, w2a8"));
    assert_eq!(succeed(&["--version"]), format!("microcnn {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn colour_is_shown_when_it_is_asked_for() {
    let output = command(&["classify", "no file"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(text(&output.stderr).contains('\x1b'));
    let output = command(&["classify", "no file"])
        .envs([("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")])
        .output()
        .unwrap();
    assert!(!text(&output.stderr).contains('\x1b'));
}

#[test]
#[cfg(unix)]
fn a_reader_that_leaves_is_no_failure() {
    use std::process::Stdio;
    let mut child = command(&["classify", "data/t10k-images-idx3-ubyte.gz"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn bench_measures_each_precision_layer_algorithm_and_instruction_set() {
    let page = file("bench.html", "");
    let mut arguments = vec!["bench", "--limit", "40", "--precision", "f32,i4", "--seconds", "0.2"];
    arguments.extend(["--html", &page, "--json"]);
    let report = json(&arguments);
    assert_eq!(report["images"], 40);
    assert_eq!(report["error_images"], 40);
    assert_eq!((&report["reference"], &report["agreement_with"]), (&"f32".into(), &"f32".into()));
    let [precisions, algorithms, isas] =
        ["precisions", "algorithms", "isas"].map(|name| report[name].as_array().unwrap());
    assert_eq!(precisions.len(), 2);
    assert_eq!(precisions[0]["speed_up"], 1.0);
    assert_eq!(precisions[1]["precision"], "i4");
    assert!(precisions[1]["saving"].as_f64().unwrap() > 7.0);
    for row in precisions {
        let [batch, each] = [&row["images_per_second"], &row["batch_time"]["us"]];
        assert!((batch.as_f64().unwrap() * each.as_f64().unwrap() / 1e6 - 1.0).abs() < 1e-9);
        assert!(row["batch"].as_u64().unwrap().is_power_of_two());
        let right: u64 =
            (0..10).map(|digit| row["confusion"][digit][digit].as_u64().unwrap()).sum();
        let misread = row["misread"].as_array().unwrap().len() as u64;
        assert_eq!(right + misread, 40);
        assert_eq!(row["accuracy"], right as f64 / 40.0);
        let names = row["layers"].as_array().unwrap().iter().map(|layer| &layer["name"]);
        let names: Vec<_> = names.map(|name| name.as_str().unwrap()).collect();
        assert_eq!(names, ["input", "conv1", "conv2", "conv3", "fc1", "fc2", "softmax1"]);
    }
    // A layer that is fused into another one has no time of its own.
    assert_eq!(report["stages"][1]["layers"], serde_json::json!(["conv1", "relu1", "pool1"]));
    let named = |name: &str| algorithms.iter().find(|row| row["algorithm"] == name).unwrap();
    assert_eq!(named("Naive")["error"], 0.0);
    assert!(named("Winograd")["error"].as_f64().unwrap() > 0.0);
    assert_eq!(named("Winograd")["layers"][0]["algorithm"], "Winograd");
    assert_eq!(named("Winograd")["layers"][3]["algorithm"], "Direct");
    for row in algorithms {
        // A factor says something where both run on one instruction set.
        let same = |other: &&Value| {
            other["precision"] == row["precision"]
                && other["algorithm"] == "Naive"
                && other["isa"] == row["isa"]
        };
        let naive = algorithms.iter().find(same);
        let times = naive.map(|naive| [naive, row].map(|row| row["time"]["us"].as_f64().unwrap()));
        let [told, factor] = [row["speed_up"].as_f64(), times.map(|[naive, own]| naive / own)];
        assert_eq!(told.is_some(), factor.is_some(), "{row}");
        assert!(told.zip(factor).is_none_or(|(a, b)| (a / b - 1.0).abs() < 1e-9), "{row}");
    }
    // Integers are compared where `Naive` runs.
    let scalar = |row: &&Value| row["precision"] == "i4" && row["isa"] == "scalar";
    assert!(algorithms.iter().filter(scalar).any(|row| row["algorithm"] == "Auto"));
    assert_eq!(precisions.iter().map(|row| &row["element_bytes"]).collect::<Vec<_>>(), [4, 1]);
    assert_eq!(report["stages"][1]["values"], 28 * 28 + 6 * 14 * 14);
    let here = report["machine"]["isas"].as_array().unwrap().len();
    assert_eq!(isas.len(), 2 * here);
    let times = precisions.iter().chain(algorithms).chain(isas).map(|row| &row["time"]);
    for time in times {
        let [low, median, high] =
            ["us_p25", "us", "us_p75"].map(|name| time[name].as_f64().unwrap());
        assert!(0.0 < low && low <= median && median <= high && median < 1e5, "{time}");
        let gigahertz = time["gigahertz"].as_f64().unwrap();
        let cycles = time["cycles"].as_f64().unwrap();
        assert!((0.01..10.0).contains(&gigahertz), "{time}");
        assert!((gigahertz * median * 1e3 / cycles - 1.0).abs() < 1e-9, "{time}");
    }
    assert_eq!(report["machine"]["gigahertz"], precisions[0]["time"]["gigahertz"]);
    let timed = report["machine"]["time"].as_str().unwrap();
    assert_eq!(timed.starts_with("processor time"), microcnn::bench::Stopwatch::OF_THREAD);
    let page = fs::read_to_string(page).unwrap();
    assert!(page.ends_with("</html>\n"));
}

#[test]
fn bench_prints_four_tables() {
    let arguments = ["--precision", "f32", "--algorithm", "Direct", "--seconds", "0"];
    let text = succeed(&[["bench", "--limit", "10"].as_slice(), &arguments].concat());
    let tables = ["Precisions", "Time of each layer", "Convolution algorithms", "Instruction sets"];
    for title in tables {
        assert!(text.lines().any(|line| line.starts_with(title)), "no {title} in:\n{text}");
    }
    let compared: Vec<&str> =
        ["Naive", "Direct", "Winograd"].into_iter().filter(|name| text.contains(name)).collect();
    assert_eq!(compared, ["Naive", "Direct"]);
}

#[test]
fn bench_tells_two_algorithms_of_one_precision_apart() {
    let arguments = ["--precision", "f32", "--algorithm", "auto,direct", "--seconds", "0"];
    let text = succeed(&[["bench", "--limit", "10"].as_slice(), &arguments].concat());
    for title in ["Instruction sets, f32", "Instruction sets, f32 Direct"] {
        assert_eq!(text.lines().filter(|line| *line == title).count(), 1, "{text}");
    }
    assert!(text.lines().any(|line| line.starts_with("f32 Direct ")), "{text}");
}

#[test]
fn bench_wants_a_number_of_seconds() {
    for wrong in ["-1", "NaN", "1e30", "long", ""] {
        let message = fail(2, &["bench", "--seconds", wrong]);
        assert!(message.contains("'--seconds <S>': a number of seconds is wanted"), "{message}");
    }
}

#[test]
fn bench_fails_where_a_page_cannot_be_written() {
    // Before anything is measured, as nothing is printed.
    fail_for(
        &["bench", "--limit", "10", "--precision", "f32", "--html", "no/folder/x.html"],
        &["cannot write no/folder/x.html"],
    );
}

#[test]
fn bench_leaves_a_page_alone_until_there_is_another() {
    let page = file("kept.html", "as it was");
    fail(1, &["bench", "--weights", "no file", "--html", &page]);
    assert_eq!(fs::read_to_string(&page).unwrap(), "as it was");
}
