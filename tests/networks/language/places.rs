//! Where a network can be declared, and what it gives to whoever declares it.

use microcnn::Tensor;
use microcnn::prelude::{Auto, Naive, network};

network! {
    #![crate = renamed]
    pub(crate) struct Renamed: [1, 2, 2] { ReLU }
}

network! {
    #![crate = crate::places::door::inner]
    pub(crate) struct ByPath: [1, 2, 2] { fc: Conv2d<1, 2> }
}

mod door {
    pub(super) use microcnn as inner;
}

#[test]
fn the_crate_may_have_another_name() {
    let image = Tensor::from_array([[[[1.0, -1.0], [2.0, -2.0]]]]);
    assert_eq!(
        Renamed::<f32>::from_raw(&[]).unwrap().predict(&image).as_slice(),
        [1.0, 0.0, 2.0, 0.0]
    );
    let parameters: Vec<u8> = [1.0f32, 2.0, 3.0, 4.0, 5.0].map(f32::to_le_bytes).concat();
    assert_eq!(ByPath::<f32>::from_raw(&parameters).unwrap().predict(&image).as_slice(), [2.0]);
}

mod shadowed {
    //! Names that the expansion must not meet.
    #![allow(dead_code, non_camel_case_types, non_snake_case, unused_macros)]

    struct Option;
    struct Some;
    struct None;
    struct Result;
    struct Ok;
    struct Vec;
    struct Box;
    struct Clone;
    struct Default;
    struct Tensor;
    struct Conv2d;
    struct Network;
    struct f32;
    struct usize;
    struct str;
    mod core {}
    mod microcnn {}
    mod std {}
    struct P;
    struct A;
    trait Precision {
        const SLOTS: u8 = 0;
    }
    impl<T> Precision for T {}

    macro_rules! assert {
        ($($tokens:tt)*) => {
            compile_error!("the user's macro")
        };
    }
    macro_rules! panic {
        ($($tokens:tt)*) => {
            compile_error!("the user's macro")
        };
    }
    macro_rules! vec {
        ($($tokens:tt)*) => {
            compile_error!("the user's macro")
        };
    }

    super::network! {
        pub(super) struct Linear: [2, 4, 4] -> [3] {
            conv1: Conv2d<4, 3>(padding = same), bn: BatchNorm2d, ReLU,
            MaxPool2d<2>, AvgPool2d<2>(stride = 1), Flatten,
            Residual { fc0: Linear<4> }, fc: Linear<3>, Softmax,
        }
    }
}

network! {
    struct P: [2] { fc: Linear<2> }
}

network! {
    struct A: [2] { fc: Linear<2> }
}

network! {
    struct B: [2] { fc: Linear<2> }
}

network! {
    struct N: [2] { fc: Linear<2> }
}

#[test]
fn names_of_the_users_hide_nothing() {
    assert_eq!(
        shadowed::Linear::random(1).predict(&Tensor::<_, 2, 2, 4, 4>::zeros()).argmax().len(),
        2
    );
    assert_eq!(P::<f32, Auto>::MACS + A::<f32, Naive>::random_macs(), 8);
    let (two, image) = (B::random(1).with_algorithm::<Naive>(), Tensor::<_, 3, 2, 1, 1>::zeros());
    assert_eq!(two.predict(&image).argmax().len(), 3);
    assert_eq!(N::random(1).predict(&image).argmax().len(), 3);
}

impl A<f32, Naive> {
    fn random_macs() -> usize {
        A::<f32>::MACS
    }
}

#[test]
fn in_a_function() {
    #[derive(Clone, Copy, Debug, Default)]
    struct Local;

    impl microcnn::conv::Algorithm for Local {
        const NAME: &'static str = "Local";

        fn supports(_: &microcnn::shape::ConvShape) -> bool {
            true
        }
    }

    impl microcnn::conv::Kernels<f32> for Local {
        type Kernel<L: microcnn::layers::ConvLayer> = Naive;
    }

    network! {
        /// With an algorithm that no module can name.
        #[derive(Debug, Clone)]
        struct Inside: [1, 3, 3] -> [2] { conv: Conv2d<2, 3>(algorithm = Local), ReLU }
    }

    let network = Inside::random(3);
    let same = network.clone().with_algorithm::<Naive>();
    let image = Tensor::<_, 5, 1, 3, 3>::from_fn(|[n, _, h, w]| (n * h + w) as f32);
    approx::assert_abs_diff_eq!(network.predict(&image), same.predict(&image), epsilon = 1e-5);
    assert!(format!("{network:?}").starts_with("Inside"));
}

mod visible {
    use microcnn::prelude::network;

    network! {
        /// Attributes stay: this one is `PartialEq` in its own way.
        #[cfg(test)]
        #[must_use]
        #[derive(Clone)]
        pub(in crate::places) struct Attributed: [1, 4, 4] { conv: Conv2d<1, 4> }
    }

    network! {
        #[cfg(any())]
        pub struct Absent: [1, 4, 4] { conv: Conv2d<1, 4>(algorithm = there::is::No) }
    }
}

#[test]
fn attributes_and_visibility() {
    let network = visible::Attributed::random(1);
    assert_eq!(visible::Attributed::<f32>::WORKSPACE_BYTES % 64, 0);
    assert_eq!(network.weight_bytes(), visible::Attributed::PACKED * 64);
}

network! {
    struct Mixed: [1, 4, 4] -> [2] {
        conv: Conv2d<2, 3>(algorithm = Naive, precision = f32),
        block: Residual { inner: Conv2d<2, 3>(padding = 1) } shortcut { skip: Conv2d<2, 1>(precision = f32) },
        Flatten,
        fc1: Linear<4>(precision = f32),
        ReLU,
        fc2: Linear<2>,
    }
}

#[test]
fn a_float_network_is_float_throughout() {
    let network = Mixed::random(1);
    let image = Tensor::<f32, 1, 1, 4, 4>::from_fn(|[_, _, h, w]| h as f32 - w as f32);
    let output = network.predict(&image);
    let wanted: Vec<f64> = output.as_slice().iter().map(|&value| value.into()).collect();
    let trace = network.trace(&image);
    crate::reference::assert_near(&trace.last().unwrap().values, &wanted, "trace");
    let naive = network.with_algorithm::<Naive>().predict(&image);
    crate::reference::assert_near(naive.as_slice(), &wanted, "Naive");
}

static PACKED: [microcnn::simd::Block; Mixed::<f32>::PACKED] =
    Mixed::pack(&[0; Mixed::<f32>::PARAMETERS * 4]);
static CONSTANT: Mixed = Mixed::from_packed(&PACKED);

#[test]
fn a_network_in_a_constant() {
    let image = Tensor::<f32, 1, 1, 4, 4>::zeros();
    assert_eq!(CONSTANT.predict(&image).as_slice(), [0.0, 0.0]);
}
