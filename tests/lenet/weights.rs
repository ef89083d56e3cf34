//! Where its parameters come from.

use microcnn::lenet::LeNet5;
use microcnn::network::trace_slice_on;
use microcnn::simd::Scalar;
use microcnn::weights::to_safetensors;

#[test]
fn files_and_constant_hold_the_same_weights() {
    let network = LeNet5::pretrained();
    let image: Vec<f32> = (0..784).map(|at| (at / 28 * (at % 28) % 13) as f32 / 13.0).collect();
    let trace = trace_slice_on(Scalar, &network, &image);
    for file in ["data/lenet.raw", "data/lenet.safetensors"] {
        let loaded = LeNet5::<f32>::from_file(file).expect("it loads");
        assert_eq!(trace_slice_on(Scalar, &loaded, &image), trace, "{file}");
        assert_eq!(to_safetensors(&loaded), to_safetensors(&network), "{file}");
    }
}
