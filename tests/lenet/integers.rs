//! LeNet-5 in every integer precision: accuracy on all test digits, size, and the same bits everywhere.

use microcnn::conv::{Convolve, Direct, Im2col, Naive};
use microcnn::lenet::LeNet5;
use microcnn::mnist::{MNIST, MNISTLabels};
use microcnn::network::{Network, predict_slice_on, trace_slice_on, workspace};
use microcnn::prelude::*;
use microcnn::quant::RangeMethod;
use microcnn::simd::Scalar;
use microcnn::weights::{from_safetensors, to_safetensors};

struct Digits {
    images: MNIST,
    labels: Vec<usize>,
    calibration: MNIST,
    /// What the network in floats says.
    wanted: Vec<usize>,
}

const BATCH: usize = 100;

fn answers<P: Precision, A: Convolve<P>>(net: &LeNet5<P, A>, images: &MNIST) -> Vec<usize> {
    let batches = (0..images.len() / BATCH).map(|at| images.batch::<BATCH>(at * BATCH));
    batches.flat_map(|batch| net.predict_u8(batch).argmax()).collect()
}

impl Digits {
    fn new(net: &LeNet5) -> Self {
        let images = MNIST::new("data/t10k-images-idx3-ubyte.gz").unwrap();
        let labels = MNISTLabels::new("data/t10k-labels-idx1-ubyte.gz").unwrap();
        let wanted = answers(net, &images);
        let labels = (0..labels.len()).map(|i| labels.at(i)).collect();
        let calibration = MNIST::new("data/calibration-images-idx3-ubyte.gz").unwrap();
        Self { images, labels, calibration, wanted }
    }

    fn right(&self, answers: &[usize]) -> usize {
        answers.iter().zip(&self.labels).filter(|(a, b)| a == b).count()
    }

    /// Drop in hundredths of a percentage point and agreement in percent.
    fn check<P: Precision>(&self, net: &LeNet5, most_drop: i64, least_agreement: f64, bytes: usize)
    where
        Auto: Convolve<P>,
    {
        let images = (0..self.calibration.len()).map(|i| self.calibration.image(i));
        let (quantized, report) =
            net.quantize_report::<P>(images, QuantizeOptions::default()).unwrap();
        let answers = answers(&quantized, &self.images);
        let drop = self.right(&self.wanted) as i64 - self.right(&answers) as i64;
        let same = answers.iter().zip(&self.wanted).filter(|(a, b)| a == b).count();
        let agreement = same as f64 / 100.0;
        let size = quantized.weight_bytes();
        println!("{}: drop {drop}, agreement {agreement}, {size} bytes\n{report}", P::NAME);
        assert!(drop <= most_drop, "{}: drop of {drop}", P::NAME);
        assert!(agreement >= least_agreement, "{}: agreement {agreement}", P::NAME);
        assert!(size <= bytes, "{}: {size} bytes", P::NAME);
    }

    fn check_all(&self, net: &LeNet5) {
        self.check::<i8>(net, 5, 99.9, 64_000);
        self.check::<W4A8>(net, 10, 99.65, 33_500);
        self.check::<I4>(net, 20, 99.4, 33_500);
        self.check::<W2A8>(net, 35, 99.3, 19_000);
    }
}

#[test]
fn accuracy_with_our_weights() {
    let net = LeNet5::pretrained();
    Digits::new(&net).check_all(&net);
}

#[test]
fn accuracy_with_the_reference_weights() {
    let net = LeNet5::<f32>::from_file("data/reference-lenet.raw").unwrap();
    let digits = Digits::new(&net);
    digits.check_all(&net);
    // Most of what the first layer gives is the background of each channel, one value.
    let images = (0..100).map(|i| digits.calibration.image(i));
    let options = QuantizeOptions::default().ranges(RangeMethod::Divergence);
    let quantized = net.quantize_with::<i8>(images, options).unwrap();
    let right = digits.right(&answers(&quantized, &digits.images));
    let drop = digits.right(&digits.wanted) as i64 - right as i64;
    assert!(drop <= 50, "by Kullback and Leibler's measure: drop of {drop}");
}

/// Real values on no instruction set: kernels for each, and for real values and pixels, are as many
/// networks to compile, and `tests/integers.rs` and `tests/batch.rs` have small ones.
fn plainly<N: Network>(net: &N, images: &[f32]) -> Vec<f32> {
    let mut scores = vec![f32::NAN; images.len() / 784 * 10];
    predict_slice_on(Scalar, net, images, &mut scores, &mut workspace::<N>());
    scores
}

/// Our weights, and the images of which the first twenty have quantized them.
fn quantized<P: Precision>() -> (LeNet5<P>, MNIST)
where
    Auto: Convolve<P>,
{
    let calibration = MNIST::new("data/calibration-images-idx3-ubyte.gz").unwrap();
    let images = (0..20).map(|i| calibration.image(i));
    (LeNet5::pretrained().quantize::<P>(images).unwrap(), calibration)
}

fn same_bits_everywhere<P: Precision>()
where
    Auto: Convolve<P>,
    Naive: Convolve<P>,
    Direct: Convolve<P>,
{
    let (net, calibration) = quantized::<P>();
    let pixels = calibration.batch::<16>(0);
    let batch = pixels.map(|pixel| f32::from(pixel) / 255.0);
    let wanted = net.predict_u8(pixels);
    assert_eq!(wanted.as_slice(), plainly(&net, batch.as_slice()));
    assert_eq!(
        wanted.as_slice(),
        plainly(&net.clone().with_algorithm::<Naive>(), batch.as_slice())
    );
    assert_eq!(
        wanted.as_slice(),
        plainly(&net.clone().with_algorithm::<Direct>(), batch.as_slice())
    );
    for (n, image) in batch.images().enumerate() {
        assert_eq!(net.predict_u8(calibration.at(n)).as_slice(), wanted.image(n).as_slice());
        let trace = trace_slice_on(Scalar, &net, image.as_slice());
        assert_eq!(trace.last().unwrap().values, wanted.image(n).as_slice());
        let floats = LeNet5::pretrained().trace(image);
        let negative = |values: &[f32]| values.iter().any(|x| *x < 0.0);
        assert!(negative(&trace[0].values) && negative(&floats[0].values), "as written");
    }
    let file = to_safetensors(&net);
    let loaded: LeNet5<P> = from_safetensors(&file).unwrap();
    assert_eq!(wanted, loaded.predict_u8(pixels));
    assert_eq!(to_safetensors(&loaded), file);
    assert!(from_safetensors::<LeNet5>(&file).is_err());
}

#[test]
fn same_bits() {
    same_bits_everywhere::<i8>();
    same_bits_everywhere::<W4A8>();
    same_bits_everywhere::<I4>();
    same_bits_everywhere::<W2A8>();
}

/// Where weights share bytes (`I4` runs the kernels of `W4A8`); `tests/integers.rs` has `i8`.
#[test]
fn same_bits_unfolded() {
    fn check<P: Precision>()
    where
        Auto: Convolve<P>,
        Im2col: Convolve<P>,
    {
        let (net, calibration) = quantized::<P>();
        let pixels = calibration.batch::<16>(0);
        let wanted = net.predict_u8(pixels);
        assert_eq!(wanted, net.with_algorithm::<Im2col>().predict_u8(pixels), "{}", P::NAME);
    }
    check::<W4A8>();
    check::<W2A8>();
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
    let wanted = net.predict(image);
    let (i8, report) = net.quantize_report::<i8>(images, QuantizeOptions::default()).unwrap();
    let i4 = net.quantize::<I4>(images).unwrap();
    for found in [plainly(&i8, image.as_slice()), plainly(&i4, image.as_slice())] {
        for (found, wanted) in found.iter().zip(wanted.as_slice()) {
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
