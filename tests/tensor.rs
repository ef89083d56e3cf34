//! Tensors: places, views, shapes, and where their memory lies.

use approx::{AbsDiffEq, RelativeEq, UlpsEq};
use microcnn::tensor::ShapeError;
use microcnn::{I4, Tensor};
use std::thread;

/// Every value is the digits of its place.
fn places() -> Tensor<usize, 2, 3, 4, 5> {
    Tensor::from_fn(|[n, c, h, w]| 1000 * n + 100 * c + 10 * h + w)
}

fn message(run: impl FnOnce() + Send + 'static) -> String {
    *thread::spawn(run).join().unwrap_err().downcast().unwrap()
}

#[test]
fn values_lie_in_nchw_order() {
    let x = places();
    assert_eq!(x.as_slice().len(), Tensor::<usize, 2, 3, 4, 5>::LEN);
    assert!(x.as_slice().is_sorted());
    assert_eq!(x.as_slice()[5], 10);
    assert_eq!(x[[1, 2, 3, 4]], 1234);
    assert_eq!(x.get(1, 0, 3, 2), 1032);
    assert_eq!(size_of_val(&x), 120 * size_of::<usize>());
    assert_eq!(Tensor::<usize, 2, 3, 4, 5>::SHAPE, [2, 3, 4, 5]);
}

#[test]
fn a_changed_place_is_the_only_one() {
    let mut x = places();
    x.set(1, 2, 0, 1, 7);
    x[[0, 0, 0, 0]] = 8;
    x.as_mut_slice()[119] = 9;
    let changed = x.as_slice().iter().zip(places().as_slice()).filter(|(a, b)| a != b).count();
    assert_eq!((x[[1, 2, 0, 1]], x[[0, 0, 0, 0]], x[[1, 2, 3, 4]], changed), (7, 8, 9, 3));
}

#[test]
fn out_of_range_names_the_index_and_the_shape() {
    for at in [[2, 0, 0, 0], [0, 3, 0, 0], [0, 0, 4, 0], [0, 0, 0, 5], [0, 0, 0, usize::MAX]] {
        let [n, c, h, w] = at;
        let expected =
            format!("the index {at:?} is out of range for a tensor of shape [2, 3, 4, 5]");
        assert_eq!(message(move || _ = places()[at]), expected);
        assert_eq!(message(move || _ = places().get(n, c, h, w)), expected);
        assert_eq!(message(move || places().set(n, c, h, w, 1)), expected);
    }
    let expected = "there is no image 2 in a tensor of shape [2, 3, 4, 5]";
    assert_eq!(message(|| _ = places().image(2)), expected);
}

#[test]
fn slices_are_seen_and_not_copied() {
    let mut values: Vec<i8> = (0..60).collect();
    let start = values.as_ptr();
    let view = Tensor::<i8, 1, 3, 4, 5>::from_slice(&values).unwrap();
    assert_eq!(view.as_slice().as_ptr(), start);
    assert_eq!(view[[0, 2, 3, 4]], 59);
    Tensor::<i8, 1, 3, 4, 5>::from_mut_slice(&mut values).unwrap().set(0, 0, 0, 1, -1);
    assert_eq!(values[1], -1);

    let boxed: Box<Tensor<i8, 5, 3, 4, 1>> = values.into_boxed_slice().try_into().unwrap();
    assert_eq!(boxed.as_slice().as_ptr(), start);
    assert_eq!(boxed[[4, 2, 3, 0]], 59);
}

#[test]
fn a_slice_of_another_length_is_refused() {
    for found in [0, 1, 59, 61, 120] {
        let error = ShapeError { shape: [1, 3, 4, 5], wanted: 60, found };
        let mut values = vec![0u8; found];
        assert_eq!(Tensor::<u8, 1, 3, 4, 5>::from_slice(&values), Err(error));
        assert_eq!(Tensor::<u8, 1, 3, 4, 5>::from_mut_slice(&mut values), Err(error));
        assert_eq!(Box::<Tensor<u8, 1, 3, 4, 5>>::try_from(values.clone()), Err(error));
        let boxed = values.into_boxed_slice();
        assert_eq!(Box::<Tensor<u8, 1, 3, 4, 5>>::try_from(boxed), Err(error));
    }
}

#[test]
fn images_are_views_of_the_batch() {
    let x = places();
    assert_eq!(x.image(1).as_slice(), &x.as_slice()[60..]);
    assert_eq!(x.image(1).as_slice().as_ptr(), x.as_slice()[60..].as_ptr());
    assert_eq!(x.images().len(), 2);
    assert!(x.images().eq([x.image(0), x.image(1)]));
    assert_eq!((&x).into_iter().map(|image| image[[0, 1, 0, 0]]).collect::<Vec<_>>(), [100, 1100]);
}

#[test]
fn shapes_change_and_values_stay() {
    let flat = places().reshape::<2, 60, 1, 1>();
    assert_eq!(flat.as_slice(), places().as_slice());
    assert_eq!(flat.reshape(), places());
    let doubled = places().map(|value| 2.0 * value as f32);
    assert_eq!(doubled[[1, 2, 3, 4]], 2468.0);
    let array = places().into_array();
    assert_eq!(array[1][2][3][4], 1234);
    assert_eq!(Tensor::from(array), places());
}

#[test]
fn argmax_is_the_first_of_the_largest() {
    let nan = f32::NAN;
    let rows = [
        [0.0, 1.0, 1.0, 0.5],
        [-1.0, -3.0, -2.0, -0.5],
        [nan, -1.0, nan, 2.0],
        [nan, nan, nan, nan],
        [f32::NEG_INFINITY, nan, f32::NEG_INFINITY, f32::NEG_INFINITY],
    ];
    let x = Tensor::<f32, 5, 4, 1, 1>::from_fn(|[n, c, ..]| rows[n][c]);
    assert_eq!(x.argmax(), [1, 3, 3, 0, 0]);
    assert_eq!(x.reshape::<5, 1, 2, 2>().argmax(), [1, 3, 3, 0, 0]);
    assert_eq!(Tensor::from_array([[[[I4::MIN, I4::MAX]]]]).argmax(), [1]);
}

#[test]
fn every_element_works() {
    fn holds<T: num_traits::Zero + num_traits::One + Copy + PartialEq + std::fmt::Debug>() {
        let mut x = Tensor::<T, 2, 1, 2, 2>::zeros();
        assert!(x.as_slice().iter().all(T::is_zero));
        x.set(1, 0, 1, 1, T::one());
        assert_eq!(*Tensor::<T, 2, 1, 2, 2>::boxed_from_fn(|at| x[at]), x);
        assert_ne!(*Tensor::boxed_zeros(), x);
    }
    holds::<f32>();
    holds::<i8>();
    holds::<u8>();
    holds::<I4>();
    assert_eq!(size_of::<Tensor<I4, 1, 2, 3, 4>>(), 24);
}

#[test]
fn an_empty_batch_is_a_tensor() {
    let x = Tensor::<f32, 0, 3, 4, 5>::zeros();
    assert_eq!(x.as_slice(), []);
    assert_eq!(x.argmax(), []);
    assert_eq!(x.images().next(), None);
    assert_eq!(x.map(|value| value > 0.0).as_slice(), []);
    assert_eq!(*Tensor::<f32, 0, 3, 4, 5>::boxed_zeros(), x);
    assert_eq!(Tensor::<f32, 0, 3, 4, 5>::from_slice(&[]), Ok(&x));
    assert_eq!(format!("{x:?}"), "Tensor [0, 3, 4, 5]\n[]");
    assert_eq!(
        message(|| _ = Tensor::<f32, 0, 3, 4, 5>::zeros()[[0; 4]]),
        "the index [0, 0, 0, 0] is out of range for a tensor of shape [0, 3, 4, 5]"
    );
}

#[test]
fn large_tensors_never_touch_the_stack() {
    type Large = Tensor<f32, 1000, 1, 160, 160>;
    assert!(size_of::<Large>() > 100_000_000);
    let sums = thread::Builder::new().stack_size(2 << 20).spawn(|| {
        let mut zeros = Large::boxed_zeros();
        assert!(zeros.as_slice().iter().all(|&value| value == 0.0));
        zeros[[999, 0, 159, 159]] = 1.0;
        let function = Large::boxed_from_fn(|[n, ..]| n as f32);
        let values: Box<Large> = vec![2.0; Large::LEN].try_into().unwrap();
        let nibbles = Tensor::<I4, 1000, 1, 300, 300>::boxed_zeros();
        let (zeros, function, values) = (zeros.image(999), function.image(3), values.image(1));
        let sum = |x: &Tensor<f32, 1, 1, 160, 160>| x.as_slice().iter().sum::<f32>();
        (sum(zeros), sum(function), sum(values), nibbles[[999, 0, 299, 299]])
    });
    assert_eq!(sums.unwrap().join().unwrap(), (1.0, 76_800.0, 51_200.0, I4::default()));
}

#[test]
fn a_large_tensor_is_shown_in_short() {
    let shown = format!("{:?}", Tensor::<f32, 1000, 1, 28, 28>::boxed_zeros());
    assert!(shown.starts_with("Tensor [1000, 1, 28, 28]\n[[[[0.0, 0.0, 0.0, …, 0.0, 0.0, 0.0],\n"));
    assert!(shown.ends_with("]]]]") && shown.len() < 3000, "{}", shown.len());
    assert_eq!(
        format!(
            "{:.1?}",
            Tensor::from_array([[[[1.04, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]])
        ),
        "Tensor [1, 2, 2, 2]\n[[[[1.0, 2.0],\n   [3.0, 4.0]],\n  [[5.0, 6.0],\n   [7.0, 8.0]]]]"
    );
}

#[test]
fn approximate_equality_looks_at_every_value() {
    let x = places().map(|value| value as f32);
    for at in [0, 59, 119] {
        let mut y = x.clone();
        y.as_mut_slice()[at] += 0.25;
        assert!(x.abs_diff_eq(&x, 0.0) && x.abs_diff_eq(&y, 0.25) && !x.abs_diff_eq(&y, 0.24));
        assert!(x.relative_eq(&y, 0.25, 0.0) && !x.relative_eq(&y, 0.0, 1e-5));
        assert!(x.ulps_eq(&x, 0.0, 1) && !x.ulps_eq(&y, 0.0, 1));
        assert_ne!(x, y);
    }
    let nan = x.map(|_| f32::NAN);
    assert!(!nan.abs_diff_eq(&nan, 1.0) && nan != nan.clone());
}

#[test]
fn tensors_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<Tensor<f32, 1, 1, 28, 28>>();
    crosses::<Tensor<I4, 1, 1, 28, 28>>();
}
