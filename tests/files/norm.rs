//! Batch normalizations: folded into a layer, or a layer of their own.

use microcnn::layers::{ConvSpec, NormSpec};
use microcnn::shape::{ConvShape, Window};
use microcnn::weights::{LoadErrorKind, Random, RawSink, RawSource};

const WINDOW: Window = Window { kernel: [1, 1], stride: [1, 1], padding: [0; 4], dilation: [1, 1] };

/// A layer of three channels, with what comes before its normalization.
fn layer(weight: bool, bias: bool, eps: f32) -> ConvSpec {
    ConvSpec {
        name: "conv",
        shape: ConvShape {
            input: [if weight { 2 } else { 3 }, 1, 1],
            output: [3, 1, 1],
            window: WINDOW,
            groups: if weight { 1 } else { 3 },
        },
        weight: if weight { Some(&[3, 2, 1, 1]) } else { None },
        bias,
        norm: Some(NormSpec { name: "bn", eps }),
    }
}

fn raw(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn read(layer: &ConvSpec, file: &[u8]) -> (Vec<f32>, Vec<f32>) {
    let mut source = RawSource::new(file, file.len() / 4).unwrap();
    layer.read(&mut source).unwrap()
}

#[test]
fn a_normalization_is_folded() {
    // Weights, then gain, shift, mean, variance.
    let file = raw(&[
        1.0, 2.0, 3.0, 4.0, 5.0, 6.0, //
        2.0, 3.0, 1.0, 0.5, 0.0, -1.0, 1.0, -2.0, 0.0, 4.0, 1.0, 0.25,
    ]);
    let (weight, bias) = read(&layer(true, false, 0.0), &file);
    assert_eq!(weight, [1.0, 2.0, 9.0, 12.0, 10.0, 12.0]);
    assert_eq!(bias, [-0.5, 6.0, -1.0]);
    let (weight, bias) = read(&layer(false, false, 0.0), &file[24..]);
    assert_eq!(weight, [1.0, 3.0, 2.0]);
    assert_eq!(bias, [-0.5, 6.0, -1.0]);
}

#[test]
fn saved_layers_load_bit_for_bit() {
    for (weight, bias) in [(true, true), (true, false), (false, false)] {
        for eps in [0.0, 1e-12, 1e-5, 1e-3, 0.3, 1.0, 7.0] {
            let layer = layer(weight, bias, eps);
            for seed in 0..200 {
                let first = layer.read(&mut Random::new(seed)).unwrap();
                let mut sink = RawSink::default();
                layer.write(first.0.clone(), first.1.clone(), &mut sink);
                let second = read(&layer, &sink.bytes);
                let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&first.0), bits(&second.0), "{weight} {bias} {eps}");
                assert_eq!(bits(&first.1), bits(&second.1), "{weight} {bias} {eps}");

                let mut again = RawSink::default();
                layer.write(second.0, second.1, &mut again);
                assert!(again.bytes == sink.bytes);
            }
        }
    }
}

#[test]
fn zeros_of_both_signs_load_bit_for_bit() {
    // A pruned channel: gain 0 makes negative zeros, from a positive mean and from negative weights.
    for shift in [0.0, -0.0] {
        let file = raw(&[
            -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, //
            0.0, -0.0, 1.0, shift, shift, shift, 0.5, 0.5, 0.0, 1.0, 1.0, 1.0,
        ]);
        for (layer, file) in
            [(layer(true, false, 1e-5), &file[..]), (layer(false, false, 1e-5), &file[24..])]
        {
            let first = read(&layer, file);
            let mut sink = RawSink::default();
            layer.write(first.0.clone(), first.1.clone(), &mut sink);
            let second = read(&layer, &sink.bytes);
            assert_eq!(raw(&first.0), raw(&second.0));
            assert_eq!(raw(&first.1), raw(&second.1));
        }
    }
}

#[test]
fn variances_are_checked_and_so_is_what_follows_from_them() {
    let good = [[1.0; 3], [0.0; 3], [0.0; 3], [1.0; 3]].concat();
    let error = |place: usize, value: f32| {
        let mut values = good.clone();
        values[place] = value;
        let error = layer(false, false, 0.0).read(&mut RawSource::new(&raw(&values), 12).unwrap());
        let error = error.unwrap_err();
        assert_eq!(error.kind, LoadErrorKind::Value);
        error.to_string()
    };
    assert_eq!(
        error(10, -0.5),
        "bn.running_var: wanted finite values of at least 0, found -0.5 at place 1"
    );
    assert_eq!(
        error(9, f32::NAN),
        "bn.running_var: wanted finite values of at least 0, found NaN at place 0"
    );
    assert_eq!(error(0, f32::INFINITY), "bn.weight: wanted finite values, found inf at place 0");
    assert_eq!(
        error(11, 0.0),
        "bn.weight: wanted a scale that leaves all weights finite, found 1 / sqrt(0 + 0) for channel 2"
    );
}
