//! Networks of more kinds of layers than LeNet-5 has.

use crate::support::{Entry, file};
use allocation_counter::measure;
use microcnn::prelude::*;
use microcnn::weights::{
    LoadErrorKind, SafetensorsSource, TensorInfo, from_raw, from_safetensors, to_raw,
    to_safetensors,
};

network! {
    struct Normed: [3, 8, 8] {
        first: BatchNorm2d(eps = 0.01),
        conv1: Conv2d<16, 3>(padding = 1, bias = false),
        bn1: BatchNorm2d,
        ReLU,
        block1: Residual {
            conv: Conv2d<32, 3>(stride = 2, padding = 1),
            bn: BatchNorm2d(eps = 0.001),
            ReLU,
            depthwise: Conv2d<32, 3>(groups = 32, padding = same),
            alone: Sequential { Tanh, bn: BatchNorm2d },
        } shortcut {
            skip: Conv2d<32, 1>(stride = 2, bias = false),
        },
        grouped: Conv2d<24, 3>(groups = 4, padding = [1, 0, 2, 0]),
        GlobalAvgPool2d,
        Flatten,
        fc: Linear<5>(bias = false),
        bn2: BatchNorm1d,
    }
}

#[test]
fn saved_networks_load_bit_for_bit() {
    for seed in 0..20 {
        let network = Normed::random(seed);
        let image = Tensor::<f32, 1, 3, 8, 8>::from_fn(|[_, c, h, w]| {
            ((c + 3 * h + 5 * w) % 7) as f32 - 3.0
        });
        let [raw, named] = [to_raw(&network), to_safetensors(&network)];
        for again in [from_raw::<Normed>(&raw).unwrap(), from_safetensors(&named).unwrap()] {
            assert!(again.predict(&image) == network.predict(&image));
            assert!(to_raw(&again) == raw && to_safetensors(&again) == named);
        }
    }
}

/// A network's file, tensor by tensor.
fn entries(network: &Normed) -> Vec<Entry> {
    let bytes = to_safetensors(network);
    let tensors = SafetensorsSource::list(&bytes).unwrap();
    let mut rest = &bytes[bytes.len() - to_raw(network).len()..];
    let entry = |tensor: TensorInfo| {
        let (values, after) = rest.split_at(4 * tensor.shape.iter().product::<usize>());
        rest = after;
        Entry::new(&tensor.name, "F32", &tensor.shape, values.to_vec())
    };
    tensors.into_iter().map(entry).collect()
}

#[test]
fn a_norms_count_of_batches_is_ignored() {
    let network = Normed::random(1);
    let mut entries = entries(&network);
    entries.insert(2, Entry::new("first.num_batches_tracked", "I64", &[], vec![7; 8]));
    let loaded = from_safetensors::<Normed>(&file(&entries)).unwrap();
    assert!(to_raw(&loaded) == to_raw(&network));
}

#[test]
fn names_nest_as_the_blocks_do() {
    let file = to_safetensors(&Normed::random(0));
    let tensors = SafetensorsSource::list(&file).unwrap();
    let names: Vec<&str> = tensors.iter().map(|tensor| &*tensor.name).collect();
    let norm = |layer: &str| {
        ["weight", "bias", "running_mean", "running_var"].map(|name| format!("{layer}.{name}"))
    };
    let expected = [
        &norm("first")[..],
        &["conv1.weight".into()],
        &norm("bn1"),
        &["block1.conv.weight".into(), "block1.conv.bias".into()],
        &norm("block1.bn"),
        &["block1.depthwise.weight".into(), "block1.depthwise.bias".into()],
        &norm("block1.alone.bn"),
        &["block1.skip.weight".into(), "grouped.weight".into(), "grouped.bias".into()],
        &["fc.weight".into()],
        &norm("bn2"),
    ];
    assert_eq!(names, expected.concat());
    assert_eq!(tensors[8].name, "bn1.running_var");
    assert_eq!(tensors[9].shape, [32, 16, 3, 3]);
    assert_eq!(4 * tensors.iter().map(|t| t.shape.iter().product::<usize>()).sum::<usize>(), {
        to_raw(&Normed::random(0)).len()
    });
}

#[test]
fn a_negative_variance_in_any_block_is_named() {
    let entries = entries(&Normed::random(0));
    assert!(from_safetensors::<Normed>(&file(&entries)).is_ok());
    let variances = entries.iter().enumerate().filter(|(_, e)| e.name.ends_with("running_var"));
    let variances: Vec<usize> = variances.map(|(at, _)| at).collect();
    assert_eq!(variances.len(), 5);
    for at in variances {
        let mut entries = entries.clone();
        entries[at].bytes[8..12].copy_from_slice(&(-0.25f32).to_le_bytes());
        let error = from_safetensors::<Normed>(&file(&entries)).unwrap_err();
        assert_eq!(error.kind, LoadErrorKind::Value);
        assert_eq!(
            error.to_string(),
            format!(
                "{}: wanted finite values of at least 0, found -0.25 at place 2",
                entries[at].name
            )
        );
    }
}

network! {
    struct Large: [256, 32, 32] {
        conv1: Conv2d<2, 1>,
        Flatten,
        fc1: Linear<4000>,
        fc2: Linear<4000>,
    }
}

#[test]
fn a_small_file_for_a_large_network_takes_little_memory() {
    assert_eq!(Large::<f32>::PARAMETERS, 514 + 2048 * 4000 + 4000 + 4000 * 4000 + 4000);
    let small = [
        Entry::new("conv1.weight", "F32", &[2, 256, 1, 1], vec![0; 2048]),
        Entry::new("conv1.bias", "F16", &[2], vec![0; 4]),
        Entry::new("fc1.weight", "F32", &[4000, 0], vec![]),
    ];
    for count in 0..=3 {
        let file = file(&small[..count]);
        let memory = measure(|| {
            assert!(from_safetensors::<Large>(&file).is_err());
            assert!(from_raw::<Large>(&file).is_err());
        });
        assert!(memory.bytes_max < 50_000, "{}", memory.bytes_max);
    }
}
