//! One-dimensional transforms of sixteen signals at once, one in each lane: nothing is shuffled.
//!
//! ```text
//! while n > 1:                                       s signals of length n lie interleaved
//!     for p in 0..n/r:                               radix r = 4, 3 or 2
//!         y[s(rp + k)] = w^(kp) · Σ_j x[s(p + j n/r)] e^(−2πi jk/r)      w = e^(−2πi/n)
//!     n = n / r, s = s · r, x and y change places
//! ```
//!
//! That is Stockham's form of Cooley & Tukey's algorithm (1965), whose results come out in order. The
//! inverse is the same with real and imaginary parts exchanged on both sides.
#![allow(clippy::needless_range_loop, reason = "loops over vectors are unrolled")]

use crate::conv::LANES;
use crate::simd::{Isa, Kernel};

/// Sixteen complex numbers: their real parts, their imaginary parts.
pub(super) type Complex = [[f32; LANES]; 2];

/// Zeros.
pub(super) const ZERO: Complex = [[0.0; LANES]; 2];

/// The roots of unity e^(−2πi k/n): real and imaginary part of each.
#[derive(Clone, Copy)]
pub(super) struct Roots<'a> {
    /// Those of a multiple of n.
    pub(super) table: &'a [[f32; 2]],
    /// That multiple over n.
    pub(super) every: usize,
}

impl Roots<'_> {
    #[inline(always)]
    fn at(self, k: usize) -> [f32; 2] {
        self.table[k * self.every]
    }
}

/// The number of roots, and the roots in `f64`.
pub(super) fn root(k: usize, n: usize) -> [f64; 2] {
    let angle = -2.0 * core::f64::consts::PI * (k % n) as f64 / n as f64;
    [num_traits::Float::cos(angle), num_traits::Float::sin(angle)]
}

/// Which way a transform goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    /// Without the factor 1/n.
    Inverse,
}

/// Sixteen complex numbers in registers.
type Vector<I> = [<I as Isa>::F32; 2];

#[inline(always)]
pub(super) fn load<I: Isa>(isa: I, from: &Complex, direction: Direction) -> Vector<I> {
    let [re, im] = [isa.load(&from[0]), isa.load(&from[1])];
    if direction == Direction::Forward { [re, im] } else { [im, re] }
}

#[inline(always)]
pub(super) fn store<I: Isa>(isa: I, value: Vector<I>, to: &mut Complex, direction: Direction) {
    let [re, im] = if direction == Direction::Forward { value } else { [value[1], value[0]] };
    isa.store(re, &mut to[0]);
    isa.store(im, &mut to[1]);
}

#[inline(always)]
fn add<I: Isa>(isa: I, a: Vector<I>, b: Vector<I>) -> Vector<I> {
    [isa.add(a[0], b[0]), isa.add(a[1], b[1])]
}

#[inline(always)]
fn sub<I: Isa>(isa: I, a: Vector<I>, b: Vector<I>) -> Vector<I> {
    [isa.sub(a[0], b[0]), isa.sub(a[1], b[1])]
}

/// `a · root`
#[inline(always)]
fn turn<I: Isa>(isa: I, a: Vector<I>, root: [f32; 2]) -> Vector<I> {
    let [cos, sin] = [isa.splat(root[0]), isa.splat(root[1])];
    [isa.neg_mul_add(a[1], sin, isa.mul(a[0], cos)), isa.mul_add(a[0], sin, isa.mul(a[1], cos))]
}

/// The transform of `n` values in `x`; where it lies afterwards: in `x` or in `y`.
///
/// A function of its own, one for all layers: where a layer's sizes were constants in it, it would be
/// compiled four times for each.
#[inline(always)]
pub(super) fn transform<'a, I: Isa>(
    isa: I,
    n: usize,
    roots: Roots<'_>,
    direction: Direction,
    x: &'a mut [Complex],
    y: &'a mut [Complex],
) -> &'a mut [Complex] {
    isa.run(Transform { n, roots, direction, x, y })
}

struct Transform<'a, 'r> {
    n: usize,
    roots: Roots<'r>,
    direction: Direction,
    x: &'a mut [Complex],
    y: &'a mut [Complex],
}

impl<'a> Kernel for Transform<'a, '_> {
    type Output = &'a mut [Complex];

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> &'a mut [Complex] {
        let Self { n, roots, direction, x, y } = self;
        match direction {
            Direction::Forward => steps(isa, n, roots, Direction::Forward, x, y),
            Direction::Inverse => steps(isa, n, roots, Direction::Inverse, x, y),
        }
    }
}

#[inline(always)]
fn steps<'a, I: Isa>(
    isa: I,
    n: usize,
    roots: Roots<'_>,
    direction: Direction,
    mut x: &'a mut [Complex],
    mut y: &'a mut [Complex],
) -> &'a mut [Complex] {
    let (mut left, mut s) = (n, 1);
    while left > 1 {
        let radix = [4, 3, 2].into_iter().find(|&radix| left.is_multiple_of(radix));
        let step = Step { isa, roots, direction, m: left / radix.unwrap_or(left), s };
        match radix {
            Some(4) => step.fours(x, y),
            Some(3) => step.threes(x, y),
            Some(2) => step.twos(x, y),
            _ => unreachable!("the plan makes sizes of these factors alone"),
        }
        (left, s) = (step.m, left / step.m * s);
        core::mem::swap(&mut x, &mut y);
    }
    x
}

/// One factor of a transform: from `s` interleaved signals of length r·m to r·s of length m.
struct Step<'r, I> {
    isa: I,
    roots: Roots<'r>,
    direction: Direction,
    m: usize,
    s: usize,
}

impl<I: Isa> Step<'_, I> {
    #[inline(always)]
    fn load<const R: usize>(&self, x: &[Complex], p: usize, q: usize) -> [Vector<I>; R] {
        let mut values = [[self.isa.splat(0.0); 2]; R];
        for j in 0..R {
            values[j] = load(self.isa, &x[q + self.s * (p + j * self.m)], self.direction);
        }
        values
    }

    /// The first of `R` results, and the others once they are turned.
    #[inline(always)]
    fn store<const R: usize>(&self, values: [Vector<I>; R], y: &mut [Complex], p: usize, q: usize) {
        for k in 0..R {
            let mut value = values[k];
            if k > 0 {
                value = turn(self.isa, value, self.roots.at(k * p * self.s));
            }
            store(self.isa, value, &mut y[q + self.s * (R * p + k)], self.direction);
        }
    }

    #[inline(always)]
    fn fours(&self, x: &[Complex], y: &mut [Complex]) {
        let isa = self.isa;
        for p in 0..self.m {
            for q in 0..self.s {
                let [a, b, c, d] = self.load(x, p, q);
                let (ac, bd) = (add(isa, a, c), add(isa, b, d));
                let (even, [re, im]) = (sub(isa, a, c), sub(isa, b, d));
                // −i (b − d) is (im, −re).
                let one = [isa.add(even[0], im), isa.sub(even[1], re)];
                let three = [isa.sub(even[0], im), isa.add(even[1], re)];
                self.store([add(isa, ac, bd), one, sub(isa, ac, bd), three], y, p, q);
            }
        }
    }

    #[inline(always)]
    fn threes(&self, x: &[Complex], y: &mut [Complex]) {
        let isa = self.isa;
        let (half, sin) = (isa.splat(0.5), isa.splat(SIN_THIRD));
        for p in 0..self.m {
            for q in 0..self.s {
                let [a, b, c] = self.load(x, p, q);
                let (sum, [re, im]) = (add(isa, b, c), sub(isa, b, c));
                let mid =
                    [isa.neg_mul_add(half, sum[0], a[0]), isa.neg_mul_add(half, sum[1], a[1])];
                // −i sin(2π/3) (b − c)
                let one = [isa.mul_add(sin, im, mid[0]), isa.neg_mul_add(sin, re, mid[1])];
                let two = [isa.neg_mul_add(sin, im, mid[0]), isa.mul_add(sin, re, mid[1])];
                self.store([add(isa, a, sum), one, two], y, p, q);
            }
        }
    }

    #[inline(always)]
    fn twos(&self, x: &[Complex], y: &mut [Complex]) {
        for p in 0..self.m {
            for q in 0..self.s {
                let [a, b] = self.load(x, p, q);
                self.store([add(self.isa, a, b), sub(self.isa, a, b)], y, p, q);
            }
        }
    }
}

/// sin(2π/3)
const SIN_THIRD: f32 = 0.866_025_4;

/// The spectrum of `n` real values from that of the n/2 complex numbers that they make in pairs,
/// number `k` of n/2 + 1:
///
/// ```text
/// X[k] = (Z[k] + Z*[n/2 − k]) / 2 − i w^k (Z[k] − Z*[n/2 − k]) / 2        w = e^(−2πi/n)
/// ```
#[inline(always)]
pub(super) fn unpack<I: Isa>(isa: I, z: &[Complex], k: usize, roots: Roots<'_>) -> Vector<I> {
    let half = z.len();
    let a = load(isa, &z[k % half], Direction::Forward);
    let b = load(isa, &z[(half - k) % half], Direction::Forward);
    let (sum, difference) = fold(isa, a, b);
    // −i times the difference, turned.
    let [re, im] = turn(isa, difference, roots.at(k));
    let scale = isa.splat(0.5);
    [isa.mul(scale, isa.add(sum[0], im)), isa.mul(scale, isa.sub(sum[1], re))]
}

/// The inverse of [`unpack`], but for a factor of 2: number `k` of n/2.
///
/// ```text
/// 2 Z[k] = (X[k] + X*[n/2 − k]) + i w^(−k) (X[k] − X*[n/2 − k])
/// ```
#[inline(always)]
pub(super) fn pack<I: Isa>(isa: I, x: &[Complex], k: usize, roots: Roots<'_>) -> Vector<I> {
    let a = load(isa, &x[k], Direction::Forward);
    let b = load(isa, &x[x.len() - 1 - k], Direction::Forward);
    let (sum, difference) = fold(isa, a, b);
    let [cos, sin] = roots.at(k);
    let [re, im] = turn(isa, difference, [cos, -sin]);
    [isa.sub(sum[0], im), isa.add(sum[1], re)]
}

/// `a + b*` and `a - b*`
#[inline(always)]
fn fold<I: Isa>(isa: I, a: Vector<I>, b: Vector<I>) -> (Vector<I>, Vector<I>) {
    ([isa.add(a[0], b[0]), isa.sub(a[1], b[1])], [isa.sub(a[0], b[0]), isa.add(a[1], b[1])])
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::conv::oracle::{Numbers, each_with_floats};
    use crate::simd::{Kernel, Visitor};
    use std::vec::Vec;

    struct Both<'a> {
        n: usize,
        direction: Direction,
        x: &'a mut [Complex],
        y: &'a mut [Complex],
    }

    impl Kernel for Both<'_> {
        type Output = Vec<Complex>;

        #[inline(always)]
        fn run<I: Isa>(self, isa: I) -> Vec<Complex> {
            let Self { n, direction, x, y } = self;
            let table: Vec<[f32; 2]> =
                (0..2 * n).map(|k| root(k, 2 * n).map(|part| part as f32)).collect();
            transform(isa, n, Roots { table: &table, every: 2 }, direction, x, y).to_vec()
        }
    }

    struct Sizes;

    impl Visitor for Sizes {
        fn visit<I: Isa>(&mut self, isa: I) {
            let mut numbers = Numbers(5);
            for n in [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96] {
                let values: Vec<Complex> =
                    (0..n).map(|_| [0, 1].map(|_| [0; LANES].map(|_| numbers.value()))).collect();
                for direction in [Direction::Forward, Direction::Inverse] {
                    let (mut x, mut y) = (values.clone(), values.clone());
                    let found = isa.run(Both { n, direction, x: &mut x, y: &mut y });
                    for (k, lane) in (0..n).flat_map(|k| (0..LANES).map(move |lane| (k, lane))) {
                        let mut sum = [0.0, 0.0];
                        for (j, value) in values.iter().enumerate() {
                            let [re, im] = [0, 1].map(|part| f64::from(value[part][lane]));
                            let [cos, mut sin] = root(j * k, n);
                            if direction == Direction::Inverse {
                                sin = -sin;
                            }
                            sum[0] += re * cos - im * sin;
                            sum[1] += re * sin + im * cos;
                        }
                        for part in [0, 1] {
                            let error = (f64::from(found[k][part][lane]) - sum[part]).abs();
                            assert!(error < 1e-5, "{}: {n} values, number {k}: {error}", I::NAME);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn transforms_of_every_kind_of_size() {
        each_with_floats(&mut Sizes);
    }
}
