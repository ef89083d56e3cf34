//! What is written is what is read.

use crate::support::{Directory, Entry, RAW, SHAPES, entries, file, lenet, reference, with_header};
use microcnn::lenet::LeNet5;
use microcnn::weights::{
    Dtype, SafetensorsSource, from_file, from_raw, from_safetensors, list, load, random, read,
    save, to_raw, to_safetensors,
};
use std::fs;

#[test]
fn both_formats_give_the_same_network_bit_for_bit() {
    let network = reference();
    assert!(to_raw(&network) == RAW);
    let safetensors = to_safetensors(&network);
    assert!(to_raw(&lenet(&safetensors).unwrap()) == RAW);
    assert!(to_safetensors(&lenet(&safetensors).unwrap()) == safetensors);
}

#[test]
fn a_saved_file_lists_its_tensors_in_the_order_of_the_layers() {
    let bytes = to_safetensors(&reference());
    let tensors = SafetensorsSource::list(&bytes).unwrap();
    let found: Vec<_> = tensors.iter().map(|t| (&*t.name, &*t.shape)).collect();
    assert_eq!(found, SHAPES);
    assert!(tensors.iter().all(|tensor| tensor.dtype == Dtype::F32));
    let header = u64::from_le_bytes(*bytes.first_chunk().unwrap());
    assert_eq!(header % 8, 0);
    assert!(bytes[8 + header as usize..] == *RAW);
}

#[test]
fn files_are_written_and_read() {
    let directory = Directory::new("written-and-read");
    let network = random::<LeNet5>(3);
    for name in ["lenet.raw", "lenet.safetensors", "CAPITALS.RAW", "größe 1.safetensors"] {
        let path = directory.path().join(name);
        save(&network, &path).unwrap();
        let mut loaded: LeNet5 = from_file(&path).unwrap();
        assert!(to_raw(&loaded) == to_raw(&network), "{name}");

        save(&reference(), &path).unwrap();
        load(&mut loaded, &path).unwrap();
        assert!(to_raw(&loaded) == RAW, "{name}");
        let expected =
            if name.ends_with("safetensors") { to_safetensors(&loaded) } else { RAW.to_vec() };
        assert!(read(&path).unwrap() == expected, "{name}");
    }
    assert_eq!(list(directory.path().join("lenet.safetensors")).unwrap().len(), 10);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 4, "nothing else is left");
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    let directory = Directory::new("link");
    let [target, link] = ["target.raw", "link.raw"].map(|name| directory.path().join(name));
    fs::write(&target, "old").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    save(&reference(), &link).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read(&target).unwrap() == RAW);
}

#[test]
fn random_parameters_follow_their_seed() {
    let file = |seed| to_raw(&random::<LeNet5>(seed));
    assert!(file(1) == file(1));
    assert!(file(1) != file(2));
    let values = file(1);
    let values: Vec<f32> =
        values.chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect();
    // conv3's weights: the variance of a uniform distribution that keeps the size of activations.
    let weights = &values[156 + 2416..][..48_000];
    let variance = weights.iter().map(|w| w * w).sum::<f32>() / 48_000.0;
    assert!((variance / (2.0 / 400.0) - 1.0).abs() < 0.02, "{variance}");
}

/// Sixteen bits of each value, and the value that they stand for.
fn halves(dtype: &str) -> (Vec<Entry>, Vec<u8>) {
    let mut raw = Vec::new();
    let entries = entries().into_iter().map(|entry| {
        let mut bytes = Vec::new();
        for (at, _) in entry.bytes.chunks(4).enumerate() {
            // 1, 1.5 and a subnormal half, of both signs.
            let (half, value): (u16, f32) = match (dtype, at % 3) {
                ("F16", 0) => (0x3c00, 1.0),
                ("F16", 1) => (0xbe00, -1.5),
                ("F16", _) => (0x8003, -3.0 / (1 << 24) as f32),
                (_, 0) => (0x3f80, 1.0),
                (_, 1) => (0xbfc0, -1.5),
                (_, _) => (0x4120, 10.0),
            };
            bytes.extend(half.to_le_bytes());
            raw.extend(value.to_le_bytes());
        }
        Entry { dtype: dtype.into(), bytes, ..entry }
    });
    (entries.collect(), raw)
}

#[test]
fn halves_are_widened() {
    for dtype in ["F16", "BF16"] {
        let (entries, raw) = halves(dtype);
        assert!(to_raw(&lenet(&file(&entries)).unwrap()) == raw, "{dtype}");
    }
}

#[test]
fn the_order_in_the_file_is_free() {
    let mut entries = entries();
    entries.reverse();
    assert!(to_raw(&lenet(&file(&entries)).unwrap()) == RAW);
}

#[test]
fn a_count_of_batches_without_its_norm_is_unknown() {
    for name in ["bn1.num_batches_tracked", "num_batches_tracked"] {
        let mut entries = entries();
        entries.push(Entry::new(name, "I64", &[], vec![7; 8]));
        let error = lenet(&file(&entries)).unwrap_err();
        assert_eq!(error.tensor.as_deref(), Some(name));
    }
}

#[test]
fn json_is_read_as_json_is_written() {
    let header = concat!(
        " {\n\t\"__metadata__\" : { \"format\":\"pt\",\"a\":\"\\\"\\\\\" } ,\r\n",
        r#" "\u00e9\u65e5\ud83d\ude00\n\/\t" : { "shape" : [ 2 , 0 ] , "dtype":"BF16","#,
        r#" "data_offsets":[0 , 0]}, "x":{"data_offsets":[0,3],"dtype":"F4","shape":[6]}} "#,
    );
    let file = with_header(header, &[0; 3]);
    let tensors = SafetensorsSource::list(&file).unwrap();
    let names: Vec<&str> = tensors.iter().map(|tensor| &*tensor.name).collect();
    assert_eq!(names, ["é日😀\n/\t", "x"]);
    assert_eq!(tensors[0].shape, [2, 0]);
    assert_eq!(tensors[1].dtype, Dtype::F4);
    assert!(SafetensorsSource::list(&with_header("{}", &[])).unwrap().is_empty());
}

#[test]
fn unaligned_bytes_are_read() {
    let mut shifted = vec![0; RAW.len() + 1];
    shifted[1..].copy_from_slice(RAW);
    assert!(to_raw(&from_raw::<LeNet5>(&shifted[1..]).unwrap()) == RAW);
    let file = file(&entries());
    let mut shifted = vec![0; file.len() + 3];
    shifted[3..].copy_from_slice(&file);
    assert!(to_raw(&from_safetensors::<LeNet5>(&shifted[3..]).unwrap()) == RAW);
}
