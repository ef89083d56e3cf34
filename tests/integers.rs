//! Integers are exact: the same bits by every algorithm on every instruction set, fused or layer by
//! layer, in any batch and after a file, whatever the weights are. `Naive` in plain Rust says which.

use microcnn::conv::{Convolve, Im2col, Naive};
use microcnn::network::{Pixel, predict_slice_on, trace_slice_on, workspace};
use microcnn::precision::Arithmetic;
use microcnn::prelude::*;
use microcnn::quant::{Edge, Grid, IntegerLayer, IntegerRequest, Integers, is_table};
use microcnn::simd::{self, Isa, Scalar};
use microcnn::weights::{LoadError, Parameter, Source, from_safetensors, to_safetensors};

network! {
    /// What each kernel for bytes has to cope with: few and many channels, windows of all sizes, rows
    /// that fill no vector, groups, pools inside and behind kernels, bounds and tables.
    struct Awkward: [1, 67, 95] -> [10] {
        bands_of_6: Conv2d<6, 5>(padding = 2), ReLU, MaxPool2d<2>,
        one: Conv2d<1, 1>,
        bands_of_9: Conv2d<9, 3, 7>(padding = [1, 3]), Tanh, MaxPool2d<2>,
        grouped: Conv2d<18, 3>(groups = 3), ReLU6, MaxPool2d<2>,
        depthwise: Conv2d<18, 3>(groups = 18, padding = 1), MaxPool2d<2>,
        flat: Flatten,
        hidden: Linear<35>, ReLU,
        last: Linear<10>,
    }
}

network! {
    /// Rows that fill no step, in a window, in groups and alone.
    struct Unfolded: [1, 67, 95] -> [10] {
        window: Conv2d<9, 3, 7>(padding = [1, 3]), Tanh, MaxPool2d<2>,
        pixel: Conv2d<12, 1>,
        grouped: Conv2d<18, 3>(stride = 2, groups = 3), ReLU6, MaxPool2d<2>,
        flat: Flatten,
        last: Linear<10>,
    }
}

const PIXELS: usize = 67 * 95;
const IMAGES: usize = 6;

/// What all weights of a layer are.
#[derive(Clone, Copy, Debug)]
enum Weights {
    Random,
    Largest,
    Smallest,
    Alternating,
}

/// Parameters that no calibration would give.
struct Extreme {
    state: u64,
    weights: Weights,
}

impl Extreme {
    fn below(&mut self, end: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }

    fn any_edge(&mut self, max: u8) -> Edge {
        let zero_point = match self.below(40) {
            0 => max,
            1..=14 => 0,
            _ => self.below(u64::from(max) / 2 + 1) as u8,
        };
        Edge { scale: 2.0 / f32::from(max), zero_point }
    }

    fn level(&mut self, grid: Grid, at: usize) -> i8 {
        let max = grid.max();
        match self.weights {
            Weights::Random => grid.nearest(self.below(2 * max as u64 + 1) as f32 - f32::from(max)),
            Weights::Largest => max,
            Weights::Smallest => -max,
            Weights::Alternating => [max, -max][at % 2],
        }
    }
}

impl Source for Extreme {
    fn tensor(&mut self, parameter: Parameter<'_>) -> Result<Vec<f32>, LoadError> {
        panic!("{parameter} of a quantized network is not a tensor of floats")
    }

    fn integers(&mut self, request: &IntegerRequest<'_>) -> Result<Integers, LoadError> {
        let (shape, format) = (&request.spec.shape, request.format);
        let weights = (0..shape.weight_len()).map(|at| self.level(format.grid, at)).collect();
        let scale = i32::from(format.max / 12) * i32::from(format.grid.max());
        let largest_bias = scale * shape.kernel_len() as i32;
        let bias = (0..shape.output[0])
            .map(|_| self.below(2 * largest_bias as u64 + 1) as i32 - largest_bias)
            .collect();
        // From results within the range to such as are nearly all out of it.
        let usual = 2.0 / (shape.kernel_len() as f32 * f32::from(format.grid.max()));
        let multipliers = (0..shape.output[0])
            .map(|_| usual * [0.3, 1.0, 1.0, 1.0, 1.0, 5.0, 5.0, 1e6][self.below(8) as usize])
            .collect();
        let layer = IntegerLayer { weights, bias, multipliers };
        let sums = if format.float { Edge::default() } else { self.any_edge(format.max) };
        let table = is_table(request.activation) && !format.float;
        let results = if table { self.any_edge(format.max) } else { sums };
        Ok(Integers { layer, sums, results })
    }

    fn edge(&mut self, _: &str, _: Option<usize>, max: u8) -> Result<Edge, LoadError> {
        Ok(self.any_edge(max))
    }

    fn finish(&mut self) -> Result<(), LoadError> {
        Ok(())
    }
}

fn images() -> Vec<u8> {
    let mut numbers = Extreme { state: 7, weights: Weights::Random };
    let pixel = |at: usize| match at / PIXELS {
        0 => 0,
        1 => 255,
        2 => [0, 255][at % 2],
        _ => numbers.below(256) as u8,
    };
    (0..IMAGES * PIXELS).map(pixel).collect()
}

fn run<N: Network, I: Isa, T: Pixel>(isa: I, network: &N, images: &[T]) -> Vec<u32> {
    // A workspace full of another network's numbers.
    let mut workspace = workspace::<N>();
    workspace.fill(Block([0xA5; Block::BYTES]));
    let mut scores = vec![0.0; images.len() / PIXELS * 10];
    predict_slice_on(isa, network, images, &mut scores, &mut workspace);
    scores.iter().map(|score| score.to_bits()).collect()
}

struct EachIsa<'a, N> {
    network: &'a N,
    images: &'a [u8],
    wanted: &'a [u32],
    what: &'a str,
}

impl<N: Network> simd::Visitor for EachIsa<'_, N> {
    fn visit<I: Isa>(&mut self, isa: I) {
        let Self { network, images, wanted, what } = *self;
        assert_eq!(run(isa, network, images), wanted, "{what} on {}", I::NAME);
        for (image, wanted) in images.chunks_exact(PIXELS).zip(wanted.chunks_exact(10)) {
            assert_eq!(run(isa, network, image), wanted, "one image, {what} on {}", I::NAME);
        }
    }
}

/// The same, but each layer by itself.
struct LayerByLayer<'a, N>(EachIsa<'a, N>);

impl<N: Network> simd::Visitor for LayerByLayer<'_, N> {
    fn visit<I: Isa>(&mut self, isa: I) {
        let EachIsa { network, images, wanted, what } = self.0;
        for (image, wanted) in images.chunks_exact(PIXELS).zip(wanted.chunks_exact(10)) {
            let image: Vec<f32> = image.iter().map(|&pixel| f32::from(pixel) / 255.0).collect();
            let trace = trace_slice_on(isa, network, &image);
            let last = &trace.last().unwrap().values;
            let found: Vec<_> = last.iter().map(|value| value.to_bits()).collect();
            assert_eq!(found, wanted, "layer by layer, {what} on {}", I::NAME);
        }
    }
}

/// A network with extreme parameters and what it answers.
struct Case<N> {
    network: N,
    wanted: Vec<u32>,
    what: String,
}

/// What `Plain` answers is right.
fn cases<N: Network, Plain: Network>(images: &[u8]) -> Vec<Case<N>> {
    use Weights::*;
    let case = |seed| {
        let weights = [Random, Largest, Random, Smallest, Alternating][seed as usize % 5];
        let extreme = || Extreme { state: seed, weights };
        let network = N::build(&mut extreme()).unwrap();
        let wanted = run(Scalar, &Plain::build(&mut extreme()).unwrap(), images);
        Case { network, wanted, what: format!("{}, {weights:?} weights", N::PRECISION) }
    };
    let cases: Vec<Case<N>> = (0..10).map(case).collect();
    // Results that are the same for all images would show no mistake. (In four bits few differ.)
    let mut distinct: Vec<u32> = cases.iter().flat_map(|case| case.wanted.clone()).collect();
    let all = distinct.len();
    distinct.sort_unstable();
    distinct.dedup();
    assert!(
        N::Precision::LARGEST < 255 || distinct.len() > all / IMAGES,
        "{} of {all} results differ",
        distinct.len()
    );
    cases
}

/// On every instruction set, in batches and one by one, and from a file.
fn check<P: Precision>()
where
    Auto: Convolve<P>,
    Naive: Convolve<P>,
{
    let images = &images()[..];
    let cases = cases::<Awkward<P>, Awkward<P, Naive>>(images);
    for Case { network, wanted, what } in &cases {
        simd::each_supported(&mut EachIsa { network, images, wanted, what });
        let file = to_safetensors(network);
        let loaded: Awkward<P> = from_safetensors(&file).unwrap();
        assert_eq!(&run(Scalar, &loaded, images), wanted, "{what}, from a file");
        assert!(to_safetensors(&loaded) == file, "{what}, to a file again");
    }
    // Emulators take long over these, and a few networks say as much.
    for Case { network, wanted, what } in &cases[..3] {
        let reals: Vec<f32> = images.iter().map(|&pixel| f32::from(pixel) / 255.0).collect();
        assert_eq!(&run(Scalar, network, &reals), wanted, "{what}, of real values");
        simd::Visitor::visit(&mut LayerByLayer(EachIsa { network, images, wanted, what }), Scalar);
    }
}

#[test]
fn same_bits_in_i8() {
    check::<i8>();
}

#[test]
fn same_bits_in_w4a8() {
    check::<W4A8>();
}

#[test]
fn same_bits_in_i4() {
    check::<I4>();
}

#[test]
fn same_bits_in_w2a8() {
    check::<W2A8>();
}

/// Steps are filled up in another place. (`I4` runs the kernels of `W4A8`.)
#[test]
fn same_bits_unfolded() {
    fn check<P: Precision>(images: &[u8])
    where
        Im2col: Convolve<P>,
        Naive: Convolve<P>,
    {
        let algorithms = [0, 3, 4].map(|layer| Unfolded::<P, Im2col>::ALGORITHMS[layer]);
        assert_eq!(algorithms, ["Im2col"; 3]);
        let cases = cases::<Unfolded<P, Im2col>, Unfolded<P, Naive>>(images);
        for Case { network, wanted, what } in &cases {
            simd::each_supported(&mut EachIsa { network, images, wanted, what });
        }
    }
    let images = images();
    check::<i8>(&images);
    check::<W4A8>(&images);
    check::<W2A8>(&images);
}

#[test]
fn same_bits_layer_by_layer() {
    let images = &images()[..];
    for Case { network, wanted, what } in &cases::<Awkward<W4A8>, Awkward<W4A8, Naive>>(images) {
        simd::each_supported(&mut LayerByLayer(EachIsa { network, images, wanted, what }));
    }
}
