//! Every tile, in strips of every height, against the definition in `f64`: in plain code, and the large ones, with pools
//! of every size, on every instruction set. (`tests/kernels` runs what plans choose on each.)

use super::*;
use crate::conv::oracle::{Case, Numbers, each_with_floats, first_wrong};
use crate::layers::Activation;
use crate::shape::Window;
use crate::simd::{Scalar, Visitor};
use alloc::{vec, vec::Vec};
use std::println;

/// One layer under one plan.
struct Layer<'a> {
    case: &'a Case,
    plan: Plan,
    weights: &'a [Block],
    pool: usize,
    output: &'a mut [f32],
}

impl Layer<'_> {
    fn plainly(self) {
        let tile = self.plan.tile();
        with_tile!(tile, |M, R, N| self.with::<Scalar, M, R, N>(Scalar));
    }

    /// Of tiles of 4×4 outputs.
    fn run<I: Isa>(self, isa: I) {
        match self.plan.tile() {
            43 => self.with::<I, 4, 3, 6>(isa),
            45 => self.with::<I, 4, 5, 8>(isa),
            other => panic!("{other} is no large tile"),
        }
    }

    fn with<I: Isa, const M: usize, const R: usize, const N: usize>(self, isa: I) {
        // What is in the scratch memory beforehand must not matter.
        let mut scratch = vec![Block([0xFF; 64]); self.plan.scratch()];
        let data = Data {
            weights: values(self.weights, self.plan.weights()),
            input: &self.case.input,
            scratch: &mut scratch,
            end: End {
                channels: self.case.parameters().channels,
                activation: Activation::ReLU,
                pool: self.pool,
                output: self.output,
            },
        };
        isa.run(AnyTile::<M, R, N, 2> { plan: self.plan, data });
    }
}

fn transformed(plan: Plan, case: &Case) -> Vec<Block> {
    let mut weights = vec![Block::ZERO; Block::count::<f32>(plan.weights())];
    transform(plan, Weights::Values(case.parameters().weights), &mut weights);
    weights
}

/// A layer, and what it gives.
struct Check<'a> {
    case: &'a Case,
    plan: Plan,
    pool: usize,
    exact: &'a [(f64, f64)],
}

impl Check<'_> {
    fn check(&self, isa: &str, run: impl FnOnce(Layer<'_>)) {
        let Self { case, plan, pool, exact } = *self;
        let weights = transformed(plan, case);
        let mut output = vec![f32::NAN; exact.len()];
        run(Layer { case, plan, weights: &weights, pool, output: &mut output });
        if let Some(at) = first_wrong(exact, &output, plan.roundings()) {
            let (found, wanted) = (output[at], exact[at].0);
            panic!("{isa} {plan:?}: output {at} is {found}, not {wanted}");
        }
    }
}

impl Visitor for Check<'_> {
    fn visit<I: Isa>(&mut self, isa: I) {
        self.check(I::NAME, |layer| layer.run(isa));
    }
}

#[test]
fn random_layers() {
    let mut numbers = Numbers(1);
    let mut pooled = 0;
    for round in 0..600 {
        let kernel = if round % 2 == 0 { 3 } else { 5 };
        let case = Case::new(numbers.shape([kernel; 2], 13), &mut numbers);
        let mut exact = case.exact();
        exact.iter_mut().for_each(|(sum, _)| *sum = sum.max(0.0));
        let mut plan = Plan::with_tile(case.shape, [1, 2, 4][numbers.within(0, 2)]);
        // Strips of every height that a larger layer would have.
        let divisors = |strip: &usize| plan.strip.is_multiple_of(*strip);
        let strips: Vec<usize> = (1..=plan.strip).filter(divisors).collect();
        plan.strip = strips[numbers.within(0, strips.len() - 1)];
        let fits = |&pool: &usize| {
            plan.m.is_multiple_of(pool) && case.shape.output[1..].iter().all(|&size| size >= pool)
        };
        let pools: Vec<usize> = [1, 1, 2, 4].into_iter().filter(fits).collect();
        let pool = pools[numbers.within(0, pools.len() - 1)];
        let exact = maxima(case.shape.output, pool, &exact);
        pooled += usize::from(pool > 1);
        let mut check = Check { case: &case, plan, pool, exact: &exact };
        match plan.m {
            4 => each_with_floats(&mut check),
            _ => check.check("scalar", |layer| layer.plainly()),
        }
    }
    println!("600 layers, {pooled} with a pool");
    assert!(pooled > 100);
}

/// The largest exact result of each window of a pool, and the largest Σ|w| in it.
fn maxima(
    [channels, height, width]: [usize; 3],
    pool: usize,
    exact: &[(f64, f64)],
) -> Vec<(f64, f64)> {
    let [height, width_out] = [height / pool, width / pool];
    (0..height * width_out * channels)
        .map(|at| {
            let (y, x, c) = (at / channels / width_out, at / channels % width_out, at % channels);
            (0..pool * pool)
                .map(|tap| ((y * pool + tap / pool) * width + x * pool + tap % pool) * channels + c)
                .map(|at| exact[at])
                .reduce(|a, b| (a.0.max(b.0), a.1.max(b.1)))
                .expect("a window has a tap")
        })
        .collect()
}

/// Every step, with fewer and more tiles than it takes.
#[test]
fn products_in_every_step() {
    struct Products;
    impl Visitor for Products {
        fn visit<I: Isa>(&mut self, isa: I) {
            let mut numbers = Numbers(3);
            for (step, width) in
                (1..=12).flat_map(|step| [(step, 2 * step - 1), (step, 26), (step, 56)])
            {
                let shape = ConvShape {
                    input: [3, 2, width],
                    output: [5, 2, width],
                    window: WINDOW,
                    groups: 1,
                };
                let plan = Plan::with_tile(shape, 2);
                let mut random = |len| (0..len).map(|_| numbers.value()).collect::<Vec<f32>>();
                let positions = random(16 * plan.position());
                let weights = random(plan.weights());
                let mut sums = random(plan.parts()[3]);
                let data = (&positions[..], &weights[..], &mut sums[..]);
                with_step!(step, |T| isa.run(Step::<T>(plan, data)));
                for (at, &found) in sums.iter().enumerate() {
                    let (lane, position, tile) =
                        (at % 16, at / 16 % plan.sums(), at / 16 / plan.sums());
                    if position < 16 {
                        let wanted: f32 = (0..3)
                            .map(|i| {
                                positions[position * plan.position() + tile * 3 + i]
                                    * weights[(position * 3 + i) * 16 + lane]
                            })
                            .sum();
                        assert!(
                            (found - wanted).abs() < 1e-6,
                            "{}, {step} at a time: tile {tile}, position {position}",
                            I::NAME,
                        );
                    }
                }
            }
        }
    }
    struct Step<'a, const T: usize>(Plan, (&'a [f32], &'a [f32], &'a mut [f32]));
    impl<const T: usize> Kernel for Step<'_, T> {
        type Output = ();
        #[inline(always)]
        fn run<I: Isa>(self, isa: I) {
            let Self(plan, (positions, weights, sums)) = self;
            product::sums::<I, T>(isa, plan, [0, 0], positions, weights, sums);
        }
    }
    each_with_floats(&mut Products);
}

const WINDOW: Window = Window { kernel: [3; 2], stride: [1; 2], padding: [1; 4], dilation: [1; 2] };

/// The root mean square error of each tile against that of the definition in `f32`, as the module's
/// page states it.
#[test]
fn errors_are_as_stated() {
    for (m, kernel, many, one) in
        [(2, 3, 1.0, 2.0), (4, 3, 3.8, 6.5), (2, 5, 2.7, 4.8), (4, 5, 6.9, 12.5)]
    {
        for (channels, stated) in [(32, many), (1, one)] {
            let shape = ConvShape {
                input: [channels, 20, 20],
                output: [16, 20, 20],
                window: Window { kernel: [kernel; 2], padding: [kernel / 2; 4], ..WINDOW },
                groups: 1,
            };
            let case = Case::new(shape, &mut Numbers(7));
            let plan = Plan::with_tile(shape, m);
            let weights = transformed(plan, &case);
            let exact = case.exact();
            let mut found = vec![f32::NAN; exact.len()];
            Layer { case: &case, plan, weights: &weights, pool: 1, output: &mut found }.plainly();
            let error = |output: &[f32]| {
                let error = |(&(exact, _), &output): (&(f64, f64), &f32)| {
                    (f64::from(output.max(0.0)) - exact.max(0.0)).powi(2)
                };
                exact.iter().zip(output).map(error).sum::<f64>().sqrt()
            };
            let ratio = error(&found) / error(&case.plain());
            println!("F({m}, {kernel}), {channels} channels: {ratio:.2} × the definition's error");
            assert!(ratio <= stated, "F({m}, {kernel}): {ratio}, not {stated}");
        }
    }
}
