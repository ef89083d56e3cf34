//! LeNet-5 in every integer precision: accuracy on all test digits, size, and the same bits everywhere.

use microcnn::conv::{Convolve, Direct, Im2col, Naive};
use microcnn::lenet::LeNet5;
use microcnn::mnist::{MNIST, MNISTLabels};
use microcnn::prelude::*;
use microcnn::quant::RangeMethod;
use microcnn::weights::{from_safetensors, to_safetensors};

struct Digits {
    images: Vec<f32>,
    labels: Vec<usize>,
    calibration: MNIST,
    /// What the network in floats says.
    wanted: Vec<usize>,
}

const BATCH: usize = 100;

fn answers<P: Precision, A: Convolve<P>>(net: &LeNet5<P, A>, images: &[f32]) -> Vec<usize> {
    let batches = images.chunks_exact(784 * BATCH);
    batches
        .flat_map(|batch| {
            let batch = Tensor::<f32, BATCH, 1, 28, 28>::from_slice(batch).unwrap();
            net.predict(batch).argmax()
        })
        .collect()
}

impl Digits {
    fn new(net: &LeNet5) -> Self {
        let test = MNIST::new("data/t10k-images-idx3-ubyte.gz").unwrap();
        let labels = MNISTLabels::new("data/t10k-labels-idx1-ubyte.gz").unwrap();
        let images: Vec<f32> =
            (0..test.len()).flat_map(|i| test.image(i).as_slice().to_vec()).collect();
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
    Digits::new(&net).check_all(&net);
}

fn same_bits_everywhere<P: Precision>()
where
    Auto: Convolve<P>,
    Naive: Convolve<P>,
    Im2col: Convolve<P>,
    Direct: Convolve<P>,
{
    let calibration = MNIST::new("data/calibration-images-idx3-ubyte.gz").unwrap();
    let images = (0..20).map(|i| calibration.image(i));
    let net = LeNet5::pretrained().quantize::<P>(images).unwrap();
    let batch =
        Tensor::<f32, 16, 1, 28, 28>::from_fn(|[n, _, h, w]| calibration.image(n)[[0, 0, h, w]]);
    let pixels =
        Tensor::<u8, 16, 1, 28, 28>::from_fn(|[n, _, h, w]| calibration.at(n)[[0, 0, h, w]]);
    let wanted = net.predict(&batch);
    assert_eq!(wanted, net.predict_u8(&pixels));
    assert_eq!(wanted, net.clone().with_algorithm::<Naive>().predict(&batch));
    assert_eq!(wanted, net.clone().with_algorithm::<Im2col>().predict(&batch));
    assert_eq!(wanted, net.clone().with_algorithm::<Direct>().predict(&batch));
    for (n, image) in batch.images().enumerate() {
        assert_eq!(net.predict(image).as_slice(), wanted.image(n).as_slice());
        let trace = net.trace(image);
        assert_eq!(trace.last().unwrap().values, wanted.image(n).as_slice());
        let floats = LeNet5::pretrained().trace(image);
        let negative = |values: &[f32]| values.iter().any(|x| *x < 0.0);
        assert!(negative(&trace[0].values) && negative(&floats[0].values), "as written");
    }
    let file = to_safetensors(&net);
    let loaded: LeNet5<P> = from_safetensors(&file).unwrap();
    assert_eq!(wanted, loaded.predict(&batch));
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

#[test]
fn a_file_of_another_precision_is_an_error() {
    let calibration = MNIST::new("data/calibration-images-idx3-ubyte.gz").unwrap();
    let net = LeNet5::pretrained().quantize::<W4A8>([calibration.image(0)]).unwrap();
    let file = to_safetensors(&net);
    assert!(from_safetensors::<LeNet5<i8>>(&file).is_err());
    assert!(from_safetensors::<LeNet5<I4>>(&file).is_err());
    assert!(from_safetensors::<LeNet5<W2A8>>(&file).is_err());
    assert!(from_safetensors::<LeNet5<W4A8>>(&file).is_ok());
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
            for output in [i8.predict(&constant), i4.predict(&constant)] {
                assert!(output.as_slice().iter().all(|x| x.is_finite()));
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
