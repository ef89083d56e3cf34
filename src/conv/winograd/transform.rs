//! The one-dimensional algorithm F(M, R): M neighbouring outputs of an R-tap filter from
//! N = M + R − 1 products.
//!
//! ```text
//! y = Aᵀ [ (G g) ⊙ (Bᵀ d) ]        g: R taps, d: N inputs, y: M outputs
//! ```
//!
//! The filter and the wanted outputs are polynomials; G takes the filter's values at N points, one
//! of which is infinity, Bᵀ and Aᵀ are the transposed interpolation and evaluation of the product
//! (Toom–Cook; Lavin & Gray 2015 use it on both axes of a tile). The points here are 0, ±1 and small
//! powers of two, so that Bᵀ and Aᵀ are exact in `f32`; G, which is applied once, in `f64`, takes
//! the divisions.

use crate::simd::Isa;

/// The points of an algorithm with `n` products, infinity aside.
const fn points(n: usize) -> &'static [f64] {
    match n {
        4 => &[0.0, 1.0, -1.0],
        6 => &[0.0, 1.0, -1.0, 0.5, -2.0],
        8 => &[0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0],
        _ => panic!("no points for this number of products"),
    }
}

/// A matrix of the largest algorithm's size.
type Square = [[f32; 8]; 8];

/// A block of code for each of the indices of a [`Square`], as constants: the transforms become
/// straight lines of additions and multiplications with the weights in them.
macro_rules! each {
    ($index:ident $then:block) => {
        each!(@ $index $then 0 1 2 3 4 5 6 7)
    };
    (@ $index:ident $then:block $($value:literal)*) => {
        $({
            const $index: usize = $value;
            $then
        })*
    };
}

/// F(M, R) with N products.
pub(super) struct F<const M: usize, const R: usize, const N: usize>;

/// The three matrices of an algorithm.
#[derive(Clone, Copy)]
struct Matrices<const M: usize, const R: usize, const N: usize> {
    /// Aᵀ
    output: [[f64; N]; M],
    /// G
    kernel: [[f64; R]; N],
    /// Bᵀ
    input: [[f64; N]; N],
}

impl<const M: usize, const R: usize, const N: usize> F<M, R, N> {
    const MATRICES: Matrices<M, R, N> = Matrices::new();
    const OUTPUT: Square = narrow(Self::MATRICES.output);
    const INPUT: Square = narrow(Self::MATRICES.input);

    /// G: the taps as values at the points.
    const KERNEL: [[f64; R]; N] = Self::MATRICES.kernel;

    /// (G g)ᵀ
    pub(super) const fn kernel<const COLUMNS: usize>(
        g: [[f64; COLUMNS]; R],
    ) -> [[f64; N]; COLUMNS] {
        // Copied once: a constant expression may compute this for thousands of kernels.
        let matrix = Self::KERNEL;
        let mut out = [[0.0; N]; COLUMNS];
        let mut row = 0;
        while row < N {
            let weights = matrix[row];
            let mut column = 0;
            while column < COLUMNS {
                let (mut sum, mut k) = (0.0, 0);
                while k < R {
                    sum += weights[k] * g[k][column];
                    k += 1;
                }
                out[column][row] = sum;
                column += 1;
            }
            row += 1;
        }
        out
    }

    /// Whether points `i` and `i + 1` are `a` and `-a`, so that the even and the odd terms of one are
    /// those of the other.
    const fn mirrored(i: usize) -> bool {
        M > 1 && i + 2 < N && points(N)[i] == -points(N)[i + 1] && points(N)[i] != 0.0
    }

    /// Whether `i` is the second one of two such points.
    const fn mirrors(i: usize) -> bool {
        i > 0 && Self::mirrored(i - 1)
    }

    /// Whether moreover row `i` of Bᵀ differs from the next one in the signs of its odd terms only.
    const fn input_mirrored(i: usize) -> bool {
        let (mut mirrored, mut k) = (Self::mirrored(i), 0);
        while mirrored && k < N {
            let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
            mirrored = Self::INPUT[i][k] == sign * Self::INPUT[i + 1][k];
            k += 1;
        }
        mirrored
    }

    /// Whether row `i` of Bᵀ is the second one of two such rows.
    const fn input_mirrors(i: usize) -> bool {
        i > 0 && Self::input_mirrored(i - 1)
    }

    /// How much larger an error of the products can be in a result than in a plain sum: the largest
    /// over outputs and taps of Σᵢ |Aᵀ|·|G|·‖Bᵀᵢ‖₁.
    pub(super) const CONDITION: f64 = {
        let mut worst = 0.0;
        let (mut y, mut tap) = (0, 0);
        while tap < R {
            let (mut sum, mut i) = (0.0, 0);
            while i < N {
                let (mut norm, mut k) = (0.0, 0);
                while k < N {
                    norm += Self::MATRICES.input[i][k].abs();
                    k += 1;
                }
                sum += (Self::MATRICES.output[y][i] * Self::KERNEL[i][tap]).abs() * norm;
                i += 1;
            }
            if sum > worst {
                worst = sum;
            }
            (y, tap) = if y + 1 < M { (y + 1, tap) } else { (0, tap + 1) };
        }
        worst
    };

    /// Bᵀ d
    #[inline(always)]
    pub(super) fn input<I: Isa>(isa: I, d: [I::F32; N]) -> [I::F32; N] {
        let mut out = d;
        each!(ROW {
            if const { ROW < N && !Self::input_mirrors(ROW) } {
                let (mut even, mut odd) = (None, None);
                each!(K {
                    if const { Self::INPUT[ROW][K] != 0.0 } {
                        let sum = if const { is_odd(K) && Self::input_mirrored(ROW) } {
                            &mut odd
                        } else {
                            &mut even
                        };
                        *sum = add_weighted(isa, *sum, const { Self::INPUT[ROW][K] }, d[K]);
                    }
                });
                let even = even.expect("a row has weights");
                out[ROW] = even;
                if const { Self::input_mirrored(ROW) } {
                    let odd = odd.expect("a mirrored row has odd terms");
                    (out[ROW], out[ROW + 1]) = (isa.add(even, odd), isa.sub(even, odd));
                }
            }
        });
        out
    }

    /// Aᵀ m
    #[inline(always)]
    pub(super) fn output<I: Isa>(isa: I, m: [I::F32; N]) -> [I::F32; M] {
        let (mut even, mut odd) = (m, m);
        each!(K {
            if const { Self::mirrored(K) } {
                even[K] = isa.add(m[K], m[K + 1]);
                odd[K] = isa.sub(m[K], m[K + 1]);
            }
        });
        let mut out = [m[0]; M];
        each!(ROW {
            if const { ROW < M } {
                let terms = if const { is_odd(ROW) } { odd } else { even };
                let mut sum = None;
                each!(K {
                    if const { Self::OUTPUT[ROW][K] != 0.0 && !Self::mirrors(K) } {
                        sum = add_weighted(isa, sum, const { Self::OUTPUT[ROW][K] }, terms[K]);
                    }
                });
                out[ROW] = sum.expect("a row has weights");
            }
        });
        out
    }
}

const fn is_odd(index: usize) -> bool {
    index % 2 == 1
}

/// `sum + weight * value`, without a multiplication by ±1; `weight` is known when this is compiled.
#[inline(always)]
fn add_weighted<I: Isa>(isa: I, sum: Option<I::F32>, weight: f32, value: I::F32) -> Option<I::F32> {
    Some(match sum {
        None if weight == 1.0 => value,
        None => isa.mul(isa.splat(weight), value),
        Some(sum) if weight == 1.0 => isa.add(sum, value),
        Some(sum) if weight == -1.0 => isa.sub(sum, value),
        Some(sum) => isa.mul_add(isa.splat(weight), value, sum),
    })
}

impl<const M: usize, const R: usize, const N: usize> Matrices<M, R, N> {
    const fn new() -> Self {
        assert!(N == M + R - 1);
        let mut this = Self { output: [[0.0; N]; M], kernel: [[0.0; R]; N], input: [[0.0; N]; N] };
        if M == 1 {
            // One output: its products are those of the definition.
            let mut i = 0;
            while i < N {
                this.output[0][i] = 1.0;
                this.kernel[i][i] = 1.0;
                this.input[i][i] = 1.0;
                i += 1;
            }
            return this;
        }
        let points = points(N);
        let mut i = 0;
        while i + 1 < N {
            let (mut power, mut k) = (1.0, 0);
            while k < M || k < R {
                if k < M {
                    this.output[k][i] = power;
                }
                if k < R {
                    this.kernel[i][k] = power / others_at(points, i);
                }
                power *= points[i];
                k += 1;
            }
            this.input[i] = product(points, i);
            i += 1;
        }
        this.output[M - 1][N - 1] = 1.0;
        this.kernel[N - 1][R - 1] = 1.0;
        this.input[N - 1] = product(points, N);
        this
    }
}

/// Π (point `i` − another point)
const fn others_at(points: &[f64], i: usize) -> f64 {
    let (mut value, mut k) = (1.0, 0);
    while k < points.len() {
        if k != i {
            value *= points[i] - points[k];
        }
        k += 1;
    }
    value
}

/// The coefficients of Π (x − point) over all points but `skipped`, the constant first.
const fn product<const N: usize>(points: &[f64], skipped: usize) -> [f64; N] {
    let mut polynomial = [0.0; N];
    polynomial[0] = 1.0;
    let mut i = 0;
    while i < points.len() {
        if i != skipped {
            let mut k = N - 1;
            while k > 0 {
                polynomial[k] = polynomial[k - 1] - points[i] * polynomial[k];
                k -= 1;
            }
            polynomial[0] *= -points[i];
        }
        i += 1;
    }
    polynomial
}

/// A matrix whose entries are exact in `f32`, zeros around it.
const fn narrow<const ROWS: usize, const COLUMNS: usize>(wide: [[f64; COLUMNS]; ROWS]) -> Square {
    let mut narrow = [[0.0; 8]; 8];
    let mut i = 0;
    while i < ROWS * COLUMNS {
        let value = wide[i / COLUMNS][i % COLUMNS];
        assert!(value as f32 as f64 == value);
        narrow[i / COLUMNS][i % COLUMNS] = value as f32;
        i += 1;
    }
    narrow
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Scalar;

    /// Integer inputs and dyadic points: the transformed sum equals the definition up to the
    /// rounding of G.
    fn computes_a_filter<const M: usize, const R: usize, const N: usize>() {
        let taps: [f64; R] = core::array::from_fn(|k| (7 * k % 5) as f64 - 2.0);
        let inputs: [f32; N] = core::array::from_fn(|k| (11 * k % 7) as f32 - 3.0);
        let d = F::<M, R, N>::input(Scalar, inputs.map(|value| [value; 16]));
        let m = core::array::from_fn(|i| {
            let g: f64 = (0..R).map(|k| F::<M, R, N>::KERNEL[i][k] * taps[k]).sum();
            [g as f32 * d[i][0]; 16]
        });
        let y = F::<M, R, N>::output(Scalar, m);
        for (at, y) in y.into_iter().enumerate() {
            let wanted: f64 = (0..R).map(|k| taps[k] * f64::from(inputs[at + k])).sum();
            let error = (f64::from(y[0]) - wanted).abs();
            assert!(error < 1e-4, "F({M}, {R}), output {at}: {} instead of {wanted}", y[0]);
        }
    }

    #[test]
    fn every_tile_computes_a_filter() {
        computes_a_filter::<1, 3, 3>();
        computes_a_filter::<2, 3, 4>();
        computes_a_filter::<4, 3, 6>();
        computes_a_filter::<1, 5, 5>();
        computes_a_filter::<2, 5, 6>();
        computes_a_filter::<4, 5, 8>();
    }
}
