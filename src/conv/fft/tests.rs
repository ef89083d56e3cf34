//! Windows of every size on every instruction set of this machine, against the definition in `f64`.

use super::*;
use crate::conv::oracle::{Case, Numbers, each_with_floats, first_wrong};
use crate::layers::Activation;
use crate::shape::Window;
use crate::simd::{Scalar, Visitor};
use alloc::vec::Vec;
use std::println;

/// One layer under one plan.
struct Layer<'a> {
    case: &'a Case,
    plan: Plan,
    spectra: &'a [Block],
    output: &'a mut [f32],
}

impl Kernel for Layer<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        // What is in the scratch memory beforehand must not matter.
        let mut scratch = vec![Block([0xFF; 64]); self.plan.scratch()];
        let Self { case, plan, spectra, output } = self;
        let channels = case.parameters().channels;
        let end = End { channels, activation: Activation::ReLU, output };
        if at_once::<I>(&plan) == 4 {
            run::<I, 4>(isa, plan, spectra, &case.input, end, &mut scratch);
        } else {
            run::<I, 1>(isa, plan, spectra, &case.input, end, &mut scratch);
        }
    }
}

fn transformed(plan: Plan, case: &Case) -> Vec<Block> {
    let mut blocks = vec![Block::ZERO; plan.blocks()];
    spectra(plan, case.parameters().weights, &mut blocks);
    blocks
}

struct Check<'a> {
    case: &'a Case,
    exact: &'a [(f64, f64)],
    plan: Plan,
    ran: usize,
}

impl Visitor for Check<'_> {
    fn visit<I: Isa>(&mut self, isa: I) {
        let spectra = transformed(self.plan, self.case);
        let mut output = vec![f32::NAN; self.exact.len()];
        let layer =
            Layer { case: self.case, plan: self.plan, spectra: &spectra, output: &mut output };
        isa.run(layer);
        if let Some(at) = first_wrong(self.exact, &output, self.plan.roundings()) {
            let (found, wanted) = (output[at], self.exact[at].0);
            panic!("{} {:?}: output {at} is {found}, not {wanted}", I::NAME, self.plan);
        }
        self.ran += 1;
    }
}

#[test]
fn random_layers() {
    let mut numbers = Numbers(2);
    let mut ran = 0;
    for round in 0..600 {
        let kernel = [numbers.within(1, 9), numbers.within(1, 9)];
        let case = Case::new(numbers.shape(kernel, 13), &mut numbers);
        let mut exact = case.exact();
        exact.iter_mut().for_each(|(sum, _)| *sum = sum.max(0.0));
        let mut plan = Plan::new(case.shape);
        if round % 2 == 0 {
            // As many tiles as there can be.
            plan = Plan::fitting(case.shape, kernel);
        }
        let mut check = Check { case: &case, exact: &exact, plan, ran: 0 };
        each_with_floats(&mut check);
        ran = check.ran;
    }
    println!("600 layers on each of {ran} instruction sets");
}

/// The root mean square error against that of the definition in `f32`, as the module's page states it.
#[test]
fn errors_are_as_stated() {
    for (kernel, channels, stated) in [(5, 1, 2.0), (5, 32, 1.0), (3, 1, 2.0), (9, 4, 1.0)] {
        let shape = ConvShape {
            input: [channels, 20, 20],
            output: [16, 20, 20],
            window: Window {
                kernel: [kernel; 2],
                stride: [1; 2],
                padding: [kernel / 2; 4],
                dilation: [1; 2],
            },
            groups: 1,
        };
        let case = Case::new(shape, &mut Numbers(7));
        let plan = Plan::new(shape);
        let spectra = transformed(plan, &case);
        let exact = case.exact();
        let mut found = vec![f32::NAN; exact.len()];
        Scalar.run(Layer { case: &case, plan, spectra: &spectra, output: &mut found });
        let error = |output: &[f32]| {
            let error = |(&(exact, _), &output): (&(f64, f64), &f32)| {
                (f64::from(output.max(0.0)) - exact.max(0.0)).powi(2)
            };
            exact.iter().zip(output).map(error).sum::<f64>().sqrt()
        };
        let ratio = error(&found) / error(&case.plain());
        println!("{kernel}×{kernel}, {channels} channels: {ratio:.2} × the definition's error");
        assert!(ratio <= stated, "{kernel}×{kernel}, {channels} channels: {ratio}, not {stated}");
    }
}
