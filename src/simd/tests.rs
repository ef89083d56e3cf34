//! Operations of each instruction set of this machine, against plain ones.

use super::{INPUT_OFFSET, Isa, Kernel, Matrix, Steps, Visitor, each_supported};
use crate::layers::Activation;
use core::array::from_fn;

/// Bytes without order, each of them possible.
fn bytes<const LEN: usize>(seed: u32) -> [u8; LEN] {
    let mut state = seed;
    from_fn(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
}

/// Such bytes as weights: no weight is -128.
fn weights<const LEN: usize>(seed: u32) -> [u8; LEN] {
    bytes(seed).map(|byte| if byte == 0x80 { 0x7F } else { byte })
}

fn product(input: u8, weight: u8) -> i32 {
    (i32::from(input) - INPUT_OFFSET) * i32::from(weight.cast_signed())
}

fn lanes<I: Isa>(isa: I, sums: I::I32) -> [i32; 16] {
    let mut lanes = [0.0; 16];
    isa.store(isa.to_f32(sums), &mut lanes);
    // Small enough to be exact as floats.
    lanes.map(|lane| lane as i32)
}

/// Sixteen sums to start from.
fn starts<I: Isa>(isa: I, first: i32) -> I::I32 {
    isa.load_i32(&from_fn(|lane| first + lane as i32))
}

struct Products;

impl Kernel for Products {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let (inputs, weights) = (bytes::<64>(1), weights::<64>(2));
        let factors = isa.weights(isa.load_quads(&weights), 0, 0xFF, 0);
        let sums = isa.dot(starts(isa, 5), isa.inputs(isa.load_quads(&inputs)), factors);
        let wanted: [i32; 16] = from_fn(|lane| {
            let products = (4 * lane..4 * lane + 4).map(|at| product(inputs[at], weights[at]));
            5 + lane as i32 + products.sum::<i32>()
        });
        assert_eq!(lanes(isa, sums), wanted, "{}", I::NAME);
    }
}

/// Four bytes in all lanes: factors, inputs one by one, and inputs that are loaded together.
struct Spread;

impl Kernel for Spread {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let (inputs, lanes_weights) = (bytes::<16>(50), weights::<64>(51));
        let weights = isa.weights(isa.load_quads(&lanes_weights), 0, 0xFF, 0);
        let (quads, _) = inputs.as_chunks::<4>();
        let wanted = |[a, b, c, d]: [u8; 4]| {
            from_fn(|lane| {
                let products = [a, b, c, d].into_iter().zip(&lanes_weights[4 * lane..]);
                5 + lane as i32 + products.map(|(a, &b)| product(a, b)).sum::<i32>()
            })
        };
        let check = |sums: I::I32, what: &str, inputs: [u8; 4]| {
            assert_eq!(lanes(isa, sums), wanted(inputs), "{what} on {}", I::NAME);
        };
        for &quad in quads {
            let [a, b, ..] = quad;
            let sums = isa.dot(starts(isa, 5), isa.inputs(isa.splat_quad(quad)), weights);
            check(sums, "a quad", quad);
            let sums = isa.dot(starts(isa, 5), isa.inputs(isa.splat_pair([a, b])), weights);
            check(sums, "a pair", [a, b, a, b]);
        }
        if I::AHEAD {
            let ahead = isa.load_ahead(&inputs);
            check(isa.dot_ahead::<0>(starts(isa, 5), ahead, weights), "place 0", quads[0]);
            check(isa.dot_ahead::<1>(starts(isa, 5), ahead, weights), "place 1", quads[1]);
            check(isa.dot_ahead::<2>(starts(isa, 5), ahead, weights), "place 2", quads[2]);
            check(isa.dot_ahead::<3>(starts(isa, 5), ahead, weights), "place 3", quads[3]);
        }
        let inputs = isa.inputs(isa.load_quads(&bytes(52)));
        let factors = [0x8107_65FF, 0x7F00_4321];
        for (spread, factor) in
            isa.spread_factors(&factors).into_iter().zip(factors.map(u32::to_le_bytes))
        {
            let bytes = bytes::<64>(52);
            let wanted: [i32; 16] = from_fn(|lane| {
                let products = bytes[4 * lane..].iter().zip(factor);
                5 + lane as i32 + products.map(|(&a, b)| product(a, b)).sum::<i32>()
            });
            let sums = isa.dot(starts(isa, 5), inputs, spread);
            assert_eq!(lanes(isa, sums), wanted, "factors on {}", I::NAME);
        }
    }
}

/// Two steps of four windows and sixteen channels.
struct Matrices;

impl Kernel for Matrices {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let quads: [[u8; 64]; 4] = from_fn(|quad| weights(10 + quad as u32));
        let factors = |quad: usize| isa.weights(isa.load_quads(&quads[quad]), 0, 0xFF, 0);
        let mut matrices: [Matrix; 2] = [[0; 128]; 2];
        isa.arrange([factors(0), factors(1)], &mut matrices[0]);
        isa.arrange([factors(2), factors(3)], &mut matrices[1]);
        let windows: [[u8; 16]; 4] = from_fn(|window| bytes(20 + window as u32));
        for steps in 1..=2 {
            let pairs = [[&windows[0], &windows[1]], [&windows[2], &windows[3]]];
            let mut sums =
                [0, 100].map(|first| isa.join_pair([starts(isa, first), starts(isa, -first)]));
            isa.multiply(&mut sums, &pairs, &matrices[..steps]);
            for (pair, sums) in sums.into_iter().enumerate() {
                for (side, sums) in isa.part_pair(sums).into_iter().enumerate() {
                    let first = [[0, 0], [100, -100]][pair][side];
                    let wanted: [i32; 16] = from_fn(|channel| {
                        let weight = |at: usize| quads[at / 4][4 * channel + at % 4];
                        let input = |at: usize| windows[2 * pair + side][at];
                        let products = (0..8 * steps).map(|at| product(input(at), weight(at)));
                        first + channel as i32 + products.sum::<i32>()
                    });
                    assert_eq!(lanes(isa, sums), wanted, "{}, {steps} steps", I::NAME);
                }
            }
        }
    }
}

/// A step of sixteen windows and two channels.
struct Eights;

impl Kernel for Eights {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let (row, weights) = (bytes::<24>(30), weights::<16>(31));
        let starts = isa.join_pair([starts(isa, 1), starts(isa, 50)]);
        let half = |at: usize| {
            let inputs = isa.slide_eights(row[8 * at..].first_chunk().expect("16 of 24"));
            isa.dot_eights(starts[at], inputs, &weights)
        };
        let channels = isa.part_pair([half(0), half(1)]);
        for (channel, sums) in channels.into_iter().enumerate() {
            let wanted: [i32; 16] = from_fn(|window| {
                let products =
                    (0..8).map(|at| product(row[window + at], weights[8 * channel + at]));
                [1, 50][channel] + window as i32 + products.sum::<i32>()
            });
            assert_eq!(lanes(isa, sums), wanted, "{}", I::NAME);
        }
    }
}

/// Some bytes in a table, as many as fill no register and more.
struct LookedUp;

impl Kernel for LookedUp {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let table = bytes::<256>(40);
        let all: [u8; 256] = from_fn(|at| at as u8);
        for count in [0, 1, 15, 16, 17, 63, 64, 65, 200, 256] {
            let mut values = all;
            isa.look_up(&table, &mut values[..count]);
            let wanted: [u8; 256] = from_fn(|at| if at < count { table[at] } else { all[at] });
            assert_eq!(values, wanted, "{}, {count} values", I::NAME);
        }
    }
}

/// Maxima of numbers of every kind.
struct Maxima;

impl Kernel for Maxima {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let kinds =
            [0.0, -0.0, 1.5, -1.5, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-40, -1e-40];
        let bits = |values: [f32; 16]| values.map(f32::to_bits);
        for first in 0..kinds.len() {
            let values: [f32; 16] = from_fn(|lane| kinds[(first + lane) % kinds.len()]);
            let (mut stored, mut wanted) = ([9.0; 16], [9.0; 16]);
            isa.store_max(isa.load(&values), isa.splat(0.0), &mut stored);
            isa.store(isa.max(isa.load(&values), isa.splat(0.0)), &mut wanted);
            assert_eq!(bits(stored), bits(wanted), "{}: {values:?}", I::NAME);
            let plain = values.map(|value| Activation::ReLU.apply(value));
            assert_eq!(stored, plain, "{}: {values:?}", I::NAME);
            for count in 0..16 {
                let mut some = [9.0; 16];
                Activation::ReLU.store(isa, isa.load(&values), &mut some[..count]);
                assert_eq!(bits(some)[..count], bits(wanted)[..count], "{}", I::NAME);
                assert_eq!(some[count..], [9.0; 16][count..], "{}", I::NAME);
            }
        }
    }
}

/// Vectors whose lanes are stored one after the other, beside others' or not, as floats and as bytes.
struct Interleaved;

/// From lanes that lie side by side to those with two values between them.
const STRIDES: usize = 3;
/// Room for sixteen lanes of nine vectors.
const ROOM: usize = 16 * (9 + STRIDES);

impl Interleaved {
    #[inline(always)]
    fn check<I: Isa, const COUNT: usize>(isa: I) {
        let value = |vector: usize, lane: usize| (20 * vector + lane) as f32 - 60.25;
        let mut vectors = [isa.splat(0.0); COUNT];
        for (vector, lanes) in vectors.iter_mut().enumerate() {
            *lanes = isa.load(&from_fn(|lane| value(vector, lane)));
        }
        let range = Steps { zero: 70, low: 20, high: 150 };
        let byte = |vector, lane| (value(vector, lane).round() + 70.0).clamp(20.0, 150.0) as u8;
        for (stride, places) in (COUNT..COUNT + STRIDES).flat_map(|s| (1..=16).map(move |p| (s, p)))
        {
            let what = format!("{COUNT} of {stride} values, {places} places on {}", I::NAME);
            let place = |at: usize| {
                let (lane, vector) = (at / stride, at % stride);
                (lane < places && vector < COUNT).then_some((vector, lane))
            };
            let mut values = [9.0; ROOM];
            isa.store_interleaved(&vectors, &mut values, [stride, places]);
            let wanted = from_fn(|at| place(at).map_or(9.0, |(vector, lane)| value(vector, lane)));
            assert_eq!(values, wanted, "{what}");
            let wanted: [u8; ROOM] =
                from_fn(|at| place(at).map_or(9, |(vector, lane)| byte(vector, lane)));
            let end = (places - 1) * stride + COUNT;
            for len in [end, ROOM] {
                let mut bytes = [9; ROOM];
                isa.store_pixels(&vectors, range, &mut bytes[..len], [stride, places]);
                // Behind the last lane, only what was not passed has to be as it was.
                assert_eq!(bytes[..end], wanted[..end], "{what}, {len} bytes");
                assert_eq!(bytes[len..], wanted[len..], "{what}, {len} bytes");
            }
        }
    }
}

impl Kernel for Interleaved {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        Self::check::<I, 1>(isa);
        Self::check::<I, 2>(isa);
        Self::check::<I, 3>(isa);
        Self::check::<I, 4>(isa);
        Self::check::<I, 5>(isa);
        Self::check::<I, 6>(isa);
        Self::check::<I, 7>(isa);
        Self::check::<I, 8>(isa);
        Self::check::<I, 9>(isa);
    }
}

struct Each;

impl Visitor for Each {
    fn visit<I: Isa>(&mut self, isa: I) {
        isa.run(Products);
        isa.run(Spread);
        isa.run(LookedUp);
        isa.run(Maxima);
        isa.run(Interleaved);
        if I::MATRICES {
            isa.run(Matrices);
            isa.run(Eights);
        }
    }
}

#[test]
fn operations_are_exact() {
    each_supported(&mut Each);
}
