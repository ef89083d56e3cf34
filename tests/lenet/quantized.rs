//! Quantizing it when a layer or the calibration images are odd, and files of another precision.

use microcnn::lenet::LeNet5;
use microcnn::mnist::{MNIST, MNISTLabels};
use microcnn::network::{Network, Pixel, predict_slice_on, workspace};
use microcnn::prelude::*;
use microcnn::quant::RangeMethod;
use microcnn::simd::Scalar;
use microcnn::weights::{from_safetensors, to_safetensors};

/// On no instruction set: kernels for each are as many networks to compile, and the program has them.
fn plainly<N: Network, T: Pixel>(net: &N, images: &[T]) -> Vec<f32> {
    let mut scores = vec![f32::NAN; images.len() / 784 * 10];
    predict_slice_on(Scalar, net, images, &mut scores, &mut workspace::<N>());
    scores
}

#[test]
fn a_file_of_another_precision_is_an_error() {
    let calibration = MNIST::new("data/calibration-images-idx3-ubyte.gz").unwrap();
    let net = LeNet5::pretrained().quantize::<W4A8>([calibration.image(0)]).unwrap();
    let file = to_safetensors(&net);
    let wrong = [
        (from_safetensors::<LeNet5<f32>>(&file).err(), "f32", "LeNet5<f32>"),
        (from_safetensors::<LeNet5<i8>>(&file).err(), "i8", "LeNet5<i8>"),
        (from_safetensors::<LeNet5<I4>>(&file).err(), "i4", "LeNet5<I4>"),
        (from_safetensors::<LeNet5<W2A8>>(&file).err(), "w2a8", "LeNet5<W2A8>"),
    ];
    for (error, precision, network) in wrong {
        let text = error.expect("it is a file of another precision").to_string();
        let wanted =
            format!("wanted parameters in {precision}, for a `{network}`, found a file in w4a8");
        assert!(text.contains(&wanted) && text.ends_with("load it into `LeNet5<W4A8>`"), "{text}");
    }
    assert!(from_safetensors::<LeNet5<W4A8>>(&file).is_ok());
    // The first and the last layer are those of `i8`.
    let net = LeNet5::pretrained().quantize::<W2A8>([calibration.image(0)]).unwrap();
    let mut file = to_safetensors(&net);
    let text = from_safetensors::<LeNet5<i8>>(&file).expect_err("w2a8").to_string();
    assert!(text.ends_with("a file in i8 and w2a8: load it into `LeNet5<W2A8>`"), "{text}");
    // What is wrong with a file of the right precision is said.
    let (len, rest) = file.split_first_chunk().unwrap();
    let len = u64::from_le_bytes(*len) as usize;
    let header: serde_json::Value = serde_json::from_slice(&rest[..len]).unwrap();
    let start = header["conv1.multiplier"]["data_offsets"][0].as_u64().unwrap() as usize;
    file[8 + len + start..][..4].copy_from_slice(&f32::NAN.to_le_bytes());
    let text = from_safetensors::<LeNet5<W2A8>>(&file).expect_err("NaN").to_string();
    assert!(text.contains("multiplier") && !text.contains("a file in"), "{text}");
    let floats = to_safetensors(&LeNet5::<f32>::pretrained());
    let text = from_safetensors::<LeNet5<I4>>(&floats).expect_err("floats").to_string();
    assert!(text.contains("a file in f32") && text.contains("`quantize::<I4>`"), "{text}");
}

/// LeNet-5 with some of the values of its `.raw` file changed.
fn changed(change: impl Fn(usize, f32) -> f32) -> LeNet5 {
    let raw = std::fs::read("data/lenet.raw").unwrap();
    let values = raw.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
    let values = values.enumerate().flat_map(|(at, value)| change(at, value).to_le_bytes());
    LeNet5::<f32>::from_raw(&values.collect::<Vec<u8>>()).unwrap()
}

/// Quantizes to the widest and the narrowest integers, and compares the results on an image.
fn close(net: &LeNet5, images: &[Tensor<f32, 1, 1, 28, 28>], most: f32) {
    let image = &images[0];
    let wanted = plainly(net, image.as_slice());
    let (i8, report) = net.quantize_report::<i8>(images, QuantizeOptions::default()).unwrap();
    let i4 = net.quantize::<I4>(images).unwrap();
    for found in [plainly(&i8, image.as_slice()), plainly(&i4, image.as_slice())] {
        for (found, wanted) in found.iter().zip(&wanted) {
            assert!((found - wanted).abs() <= most, "{found}, wanted {wanted}");
        }
    }
    for layer in report.layers {
        assert!(layer.weight_error.is_finite() && layer.squared_error.is_finite(), "{layer:?}");
        assert!(!layer.signal_to_noise.is_nan(), "{layer:?}");
        assert!(layer.range.is_none_or(|(low, high)| low < high), "{layer:?}");
    }
}

/// Values of a `.raw` file before conv2's weights, then before its bias, conv3's weights and their end.
const PLACES: [usize; 4] = [156, 156 + 2400, 2572, 2572 + 48_000];

#[test]
fn degenerate_layers() {
    let calibration = MNIST::new("data/calibration-images-idx3-ubyte.gz").unwrap();
    let images: Vec<_> = (0..8).map(|i| calibration.image(i)).collect();
    let [conv2, bias2, conv3, end3] = PLACES;
    // One image, however little it shows.
    close(&LeNet5::pretrained(), &images[..1], 0.1);
    // An output channel of zeros, with and without its bias; then all of a layer's.
    let channel = conv2 + 3 * 150..conv2 + 4 * 150;
    close(&changed(|at, x| if channel.contains(&at) { 0.0 } else { x }), &images, 0.2);
    let all_of_it = |at| channel.contains(&at) || at == bias2 + 3;
    close(&changed(|at, x| if all_of_it(at) { 0.0 } else { x }), &images, 0.2);
    close(&changed(|at, x| if (conv3..end3).contains(&at) { 0.0 } else { x }), &images, 0.1);
    // A ReLU that lets nothing through, so that every layer behind it sees zeros.
    close(&changed(|at, x| if (bias2..conv3).contains(&at) { -1e3 } else { x }), &images, 0.1);
    // Sums that no float holds.
    let net = changed(|at, x| if at < conv3 { x * 1e30 } else { x });
    let error = net.quantize::<i8>(&images).unwrap_err();
    assert_eq!(error, QuantizeError::NotFinite { layer: Some("conv2"), image: 0 });
}

#[test]
fn odd_calibration_images() {
    let net = LeNet5::random(1);
    let zeros = Tensor::<f32, 1, 1, 28, 28>::zeros();
    let constant = Tensor::<f32, 1, 1, 28, 28>::from_fn(|_| 0.5);
    for images in [&zeros, &constant] {
        for method in [
            RangeMethod::MinMax,
            RangeMethod::SquaredError,
            RangeMethod::Percentile(0.99),
            RangeMethod::Divergence,
        ] {
            let options = QuantizeOptions::default().ranges(method);
            let i8 = net.quantize_with::<i8>(images, options).unwrap();
            let i4 = net.quantize_with::<I4>(images, &options).unwrap();
            let constant = constant.as_slice();
            for output in [plainly(&i8, constant), plainly(&i4, constant)] {
                assert!(output.iter().all(|x| x.is_finite()));
            }
        }
    }
    let none: [Tensor<f32, 1, 1, 28, 28>; 0] = [];
    assert_eq!(net.quantize::<i8>(none).unwrap_err(), QuantizeError::NoImages);
    for bad in [f32::NAN, f32::INFINITY] {
        let mut image = constant.clone();
        image.as_mut_slice()[100] = bad;
        let error = net.quantize::<i8>([&constant, &image]).unwrap_err();
        assert_eq!(error, QuantizeError::NotFinite { layer: None, image: 1 });
    }
    let error = net.quantize::<i8>([vec![0.0; 783]]).unwrap_err();
    assert_eq!(error, QuantizeError::WrongLength { image: 0, wanted: 784, found: 783 });
}

/// Most of what the first layer gives is the background of each channel, one value.
#[test]
fn ranges_by_the_measure_of_kullback_and_leibler_lose_little() {
    const DIGITS: usize = 1_000;
    let net = LeNet5::<f32>::from_file("data/reference-lenet.raw").unwrap();
    let images = MNIST::new("data/t10k-images-idx3-ubyte.gz").unwrap();
    let labels = MNISTLabels::new("data/t10k-labels-idx1-ubyte.gz").unwrap();
    let calibration = MNIST::new("data/calibration-images-idx3-ubyte.gz").unwrap();
    let options = QuantizeOptions::default().ranges(RangeMethod::Divergence);
    let quantized =
        net.quantize_with::<i8>((0..100).map(|i| calibration.image(i)), options).unwrap();
    let scores = plainly(&quantized, images.batch::<DIGITS>(0).as_slice());
    let scores = Tensor::<f32, DIGITS, 10, 1, 1>::from_fn(|[n, c, ..]| scores[10 * n + c]);
    let found = scores.argmax();
    let right = (0..DIGITS).filter(|&i| found[i] == labels.at(i)).count();
    // In floats, 987 are right.
    assert!(right >= 982, "{right} of {DIGITS}");
}
