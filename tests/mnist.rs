//! MNIST's files: plain, compressed, broken.

use allocation_counter::measure;
use flate2::Compression;
use flate2::write::GzEncoder;
use microcnn::Tensor;
use microcnn::mnist::{MNIST, MNISTLabels};
use microcnn::weights::{LoadError, LoadErrorKind};
use std::error::Error;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::path::Path;

/// A file of so many images; the pixels of image `n` begin with `n` and `n / 256`.
fn images(count: u32) -> Vec<u8> {
    let mut file = [0x0803, count, 28, 28].map(u32::to_be_bytes).concat();
    for n in 0..count {
        let start = [n as u8, (n / 256) as u8];
        file.extend(start.into_iter().chain((2..784).map(|pixel| (pixel * 7 + n) as u8)));
    }
    file
}

fn labels(labels: &[u8]) -> Vec<u8> {
    [&0x0801u32.to_be_bytes(), &(labels.len() as u32).to_be_bytes(), labels].concat()
}

fn gzip(file: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(file).unwrap();
    encoder.finish().unwrap()
}

#[track_caller]
fn assert_error<T>(result: Result<T, LoadError>, kind: LoadErrorKind, text: &str) {
    let error = result.map(drop).unwrap_err();
    assert_eq!(error.to_string(), text);
    assert_eq!(error.kind, kind);
}

#[test]
fn every_image_is_there() {
    let file = images(300);
    for file in [file.clone(), gzip(&file)] {
        let images = MNIST::from_bytes(&file).unwrap();
        assert_eq!((images.len(), images.is_empty()), (300, false));
        for i in 0..300 {
            let image = images.at(i);
            assert_eq!(image.as_slice()[..2], [i as u8, (i / 256) as u8]);
            assert_eq!(image[[0, 0, 27, 27]], (783 * 7 + i) as u8);
            assert_eq!(images.image(i), image.map(|pixel| f32::from(pixel) / 255.0));
        }
        assert_eq!(images.iter().len(), 300);
        assert!(images.iter().enumerate().all(|(i, image)| image == images.at(i)));
        assert!((&images).into_iter().zip(images.images()).all(|(bytes, reals)| {
            bytes.as_slice().iter().zip(reals.as_slice()).all(|(&b, &r)| f32::from(b) / 255.0 == r)
        }));
        let batch: &Tensor<u8, 44, 1, 28, 28> = images.batch(256);
        assert_eq!((batch.image(0), batch.image(43)), (images.at(256), images.at(299)));
        assert_eq!(format!("{images:?}"), "MNIST { len: 300, .. }");
    }
    assert!(MNIST::from_bytes(&images(0)).unwrap().is_empty());
}

#[test]
fn every_label_is_there() {
    let digits: Vec<u8> = (0..200).map(|i| i % 10).collect();
    for file in [labels(&digits), gzip(&labels(&digits))] {
        let labels = MNISTLabels::from_bytes(&file).unwrap();
        assert_eq!((labels.len(), labels.is_empty()), (200, false));
        assert!((0..200).all(|i| labels.at(i) == i % 10));
        assert!(labels.iter().eq((0..200).map(|i| i % 10)));
    }
    assert!(MNISTLabels::from_bytes(&labels(&[])).unwrap().is_empty());
}

#[cfg(panic = "unwind")]
#[test]
fn past_the_last_names_index_and_length() {
    fn message(run: impl FnOnce() + std::panic::UnwindSafe) -> String {
        *std::panic::catch_unwind(run).unwrap_err().downcast().unwrap()
    }
    let images = MNIST::from_bytes(&images(3)).unwrap();
    for i in [3, usize::MAX] {
        let text = format!("there is no image {i} among 3 images");
        assert_eq!(message(|| _ = images.at(i)), text);
        assert_eq!(message(|| _ = images.image(i)), text);
        assert_eq!(message(|| images.print(i)), text);
    }
    let text = "there are no 2 images from 2 on among 3 images";
    assert_eq!(message(|| _ = images.batch::<2>(2)), text);
    let labels = MNISTLabels::from_bytes(&labels(&[1, 2, 3])).unwrap();
    assert_eq!(message(|| _ = labels.at(3)), "there is no label 3 among 3 labels");
}

#[test]
fn headers_are_the_right_ones() {
    let (file, digits) = (images(2), labels(&[1]));
    assert_error(
        MNIST::from_bytes(&digits),
        LoadErrorKind::Header,
        "wanted the magic number 0x00000803 of IDX images, found 0x00000801",
    );
    assert_error(
        MNISTLabels::from_bytes(&file),
        LoadErrorKind::Header,
        "wanted the magic number 0x00000801 of IDX labels, found 0x00000803",
    );
    for len in 0..16 {
        let kind = LoadErrorKind::Length;
        let unit = if len == 1 { "byte" } else { "bytes" };
        let text = format!("wanted an IDX header of 16 bytes, found {len} {unit}");
        assert_error(MNIST::from_bytes(&file[..len]), kind, &text);
        assert_error(MNIST::from_bytes(&gzip(&file[..len])), kind, &text);
    }
    assert_error(
        MNISTLabels::from_bytes(&digits[..7]),
        LoadErrorKind::Length,
        "wanted an IDX header of 8 bytes, found 7 bytes",
    );
    for (sizes, found) in [([32, 32], "32×32"), ([28, 784], "28×784"), ([0, 28], "0×28")] {
        let mut file = file.clone();
        file[8..16].copy_from_slice(&sizes.map(u32::to_be_bytes).concat());
        let text = format!("wanted images of 28×28, found {found}");
        assert_error(MNIST::from_bytes(&file), LoadErrorKind::Shape, &text);
    }
}

#[test]
fn there_are_as_many_bytes_as_announced() {
    let kind = LoadErrorKind::Length;
    let file = images(2);
    let wanted = "wanted 1568 bytes after the header, as it announces, found";
    let less = &file[..file.len() - 1];
    assert_error(MNIST::from_bytes(less), kind, &format!("{wanted} 1567 bytes"));
    assert_error(MNIST::from_bytes(&gzip(less)), kind, &format!("{wanted} 1567 bytes"));
    let more = [&file[..], &[0]].concat();
    assert_error(MNIST::from_bytes(&more), kind, &format!("{wanted} 1569 bytes"));
    assert_error(MNIST::from_bytes(&gzip(&more)), kind, &format!("{wanted} more"));
    let wanted = "wanted 2 bytes after the header, as it announces, found";
    assert_error(MNISTLabels::from_bytes(&labels(&[1, 2])[..9]), kind, &format!("{wanted} 1 byte"));
}

#[test]
fn labels_are_digits() {
    for file in [labels(&[0, 9, 10]), gzip(&labels(&[0, 9, 10]))] {
        assert_error(
            MNISTLabels::from_bytes(&file),
            LoadErrorKind::Value,
            "wanted labels from 0 to 9, found 10 at place 2",
        );
    }
}

#[test]
fn gzip_files_are_sound() {
    let file = gzip(&images(50));
    for len in 2..file.len() {
        let error = MNIST::from_bytes(&file[..len]).unwrap_err();
        assert!(matches!(error.kind, LoadErrorKind::Length | LoadErrorKind::Header), "{error}");
        assert!(error.wanted.contains("gzip"), "{len}: {error}");
        assert!(error.source().is_some());
    }
    assert_error(
        MNIST::from_bytes(&file[..file.len() - 5]),
        LoadErrorKind::Length,
        "wanted all of a gzip file, found unexpected end of file",
    );
    // The checksum, and what follows it.
    let mut changed = file.clone();
    changed[file.len() - 8] ^= 1;
    assert_error(
        MNIST::from_bytes(&changed),
        LoadErrorKind::Header,
        "wanted a sound gzip file, found corrupt gzip stream does not have a matching checksum",
    );
    assert_error(
        MNIST::from_bytes(&[&file[..], b"what is no member"].concat()),
        LoadErrorKind::Header,
        "wanted a sound gzip file, found invalid gzip header",
    );
    assert!(MNIST::from_bytes(&[&file[..], b"rest"].concat()).is_err());
    // A gzip file may have several members.
    let plain = images(50);
    let members = [gzip(&plain[..1000]), gzip(&plain[1000..])].concat();
    assert_eq!(MNIST::from_bytes(&members).unwrap().len(), 50);
}

#[test]
fn small_files_take_little_memory() {
    // Announces 3.4 TB, and what it has is 10 MB of zeros.
    let mut bomb = [0x0803, u32::MAX, 28, 28].map(u32::to_be_bytes).concat();
    bomb.resize(10_000_000, 0);
    let compressed = gzip(&bomb);
    assert!(compressed.len() < 12_000);
    let refused = |file: &[u8], wanted: &str| {
        let memory = measure(|| {
            let error = MNIST::from_bytes(file).unwrap_err().to_string();
            assert!(error.starts_with(wanted), "{error}");
        });
        assert!(memory.bytes_max < 100_000, "{}", memory.bytes_max);
    };
    let huge = "wanted 3367254359280 bytes after the header, as it announces, found";
    refused(&compressed, &format!("{huge} a gzip file that can hold at most"));
    refused(&bomb[..1000], &format!("{huge} 984 bytes"));
    // Announces one image.
    bomb[4..8].copy_from_slice(&1u32.to_be_bytes());
    refused(&gzip(&bomb), "wanted 784 bytes after the header, as it announces, found more");
}

#[test]
fn mutated_files_are_errors_or_images() {
    let mut state = 1u64;
    let mut random = |end: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % end
    };
    for original in [images(3), gzip(&images(3)), labels(&[1, 2, 3]), gzip(&labels(&[1; 300]))] {
        for _ in 0..1000 {
            let mut file = original.clone();
            for _ in 0..=random(3) {
                let end = if random(2) == 0 { 20 } else { 3000 };
                let at = random(file.len().min(end));
                match random(4) {
                    0 => file[at] ^= 1 << random(8),
                    1 => file[at] = random(256) as u8,
                    2 => file.truncate(at + 1),
                    _ => file.insert(at, random(256) as u8),
                }
            }
            let limit = 1032 * 2 * file.len() as u64 + 100_000;
            let memory = measure(|| {
                let errors = [
                    MNIST::from_bytes(&file).map(drop).err(),
                    MNISTLabels::from_bytes(&file).map(drop).err(),
                ];
                assert!(errors.iter().flatten().all(|error| error.to_string().contains("found")));
                assert!(errors.iter().flatten().count() > 0);
            });
            assert!(memory.bytes_max < limit);
        }
    }
}

#[test]
fn files_are_named() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("mnist-{:016x}", RandomState::new().hash_one(())));
    fs::create_dir_all(&directory).unwrap();
    let path = |name: &str| directory.join(name);
    // The content says whether it is compressed, not the name.
    fs::write(path("plain.gz"), images(2)).unwrap();
    fs::write(path("compressed"), gzip(&labels(&[3, 4]))).unwrap();
    assert_eq!(MNIST::new(path("plain.gz")).unwrap().len(), 2);
    assert_eq!(MNISTLabels::new(path("compressed")).unwrap().at(1), 4);

    let shown = |name: &str| path(name).display().to_string();
    assert_error(
        MNIST::new(path("none.gz")),
        LoadErrorKind::Io,
        &format!("{}: wanted a file, found none", shown("none.gz")),
    );
    assert_error(
        MNIST::new(&directory),
        LoadErrorKind::Io,
        &format!("{}: wanted a file, found a directory", directory.display()),
    );
    fs::write(path("labels"), labels(&[3, 40])).unwrap();
    assert_error(
        MNISTLabels::new(path("labels")),
        LoadErrorKind::Value,
        &format!("{}: wanted labels from 0 to 9, found 40 at place 1", shown("labels")),
    );
    assert_error(
        MNISTLabels::new(path("plain.gz")),
        LoadErrorKind::Header,
        &format!(
            "{}: wanted the magic number 0x00000801 of IDX labels, found 0x00000803",
            shown("plain.gz")
        ),
    );
    fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_digit_is_drawn() {
    let mut file = images(1);
    file[16..].fill(0);
    let mut ink = |h: usize, w: usize, value| file[16 + 28 * h + w] = value;
    for w in 3..7 {
        ink(0, w, 255);
        ink(4, w, 255);
        ink(5, w, 255);
        ink(27, w, 255);
    }
    for (w, value) in [60, 120, 170, 255].into_iter().enumerate() {
        ink(8, w, value);
        ink(9, w, value);
    }
    let images = MNIST::from_bytes(&file).unwrap();
    let drawn = images.render(0).to_string();
    let expected =
        ["   ▀▀▀▀", "", "   ████", "", "░▒▓█", "", "", "", "", "", "", "", "", "   ▄▄▄▄"];
    assert_eq!(drawn.lines().collect::<Vec<_>>(), expected);
    images.print(0);
}
