//! Each layer × algorithm × instruction set.
mod shapes;
use microcnn::__private::*;
use microcnn::conv::{Convolve, Direct, Im2col};
use microcnn::map::Map;
use microcnn::simd::{self, Isa, Kernel};
use microcnn::weights::Random;
use std::time::Instant;

struct Time<'a, A: Convolve<f32>, L: ConvLayer> {
    conv: &'a Conv2d<f32, A, L>,
    input: &'a L::Input<f32>,
    output: &'a mut [Block],
    scratch: &'a mut [Block],
    n: usize,
}
impl<A: Convolve<f32>, L: ConvLayer> Kernel for Time<'_, A, L> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        for _ in 0..self.n {
            std::hint::black_box(self.conv.forward(
                isa,
                std::hint::black_box(self.input),
                self.output,
                self.scratch,
            ));
        }
    }
}
fn time<A: Convolve<f32>, L: ConvLayer, I: Isa>(isa: I) -> f64 {
    let conv = Conv2d::<f32, A, L>::load(&mut Random::new(7), [0; 2], ()).unwrap();
    let input: Vec<f32> =
        (0..<L::Input<f32> as Map<f32>>::LEN).map(|i| (i % 17) as f32 * 0.1 - 0.8).collect();
    let input = <L::Input<f32> as Map<f32>>::view(&input);
    let mut output = vec![Block::ZERO; Block::count::<f32>(<L::Output<f32> as Map<f32>>::LEN)];
    let mut scratch = vec![Block::ZERO; Conv2d::<f32, A, L>::SCRATCH];
    let mut best = f64::MAX;
    let n = (200_000_000 / (100 * L::SPEC.shape.macs() + 1000)).max(4);
    for _ in 0..20 {
        let t = Instant::now();
        isa.run(Time { conv: &conv, input, output: &mut output, scratch: &mut scratch, n });
        best = best.min(t.elapsed().as_secs_f64() / n as f64);
    }
    best
}
struct Rows<'a, I> {
    isa: I,
    filter: &'a str,
}
impl<I: Isa> shapes::Visitor for Rows<'_, I> {
    fn visit<L: ConvLayer>(&mut self) {
        if !L::SPEC.name.contains(self.filter) {
            return;
        }
        let d = time::<Direct, L, I>(self.isa);
        let i = time::<Im2col, L, I>(self.isa);
        let g = |t: f64| L::SPEC.shape.macs() as f64 / t * 1e-9;
        println!(
            "{:>8} {:>24} Direct {:8.3} us {:6.1} GMAC/s   Im2col {:8.3} us {:6.1}",
            I::NAME,
            L::SPEC.name,
            d * 1e6,
            g(d),
            i * 1e6,
            g(i)
        );
    }
}
struct Isas<'a>(&'a str, &'a str);
impl simd::Visitor for Isas<'_> {
    fn visit<I: Isa>(&mut self, isa: I) {
        if I::NAME.contains(self.0) {
            shapes::each(&mut Rows { isa, filter: self.1 });
        }
    }
}
fn lenet<A: Convolve<f32>>() {
    use microcnn::lenet::LeNet5;
    let net = LeNet5::<f32>::pretrained().with_algorithm::<A>();
    let x =
        microcnn::Tensor::<f32, 1, 1, 28, 28>::from_fn(|[_, _, h, w]| ((h * w) % 13) as f32 * 0.07);
    let mut best = f64::MAX;
    for _ in 0..200 {
        let t = Instant::now();
        for _ in 0..100 {
            std::hint::black_box(net.predict(std::hint::black_box(&x)));
        }
        best = best.min(t.elapsed().as_secs_f64() / 100.0);
    }
    let batch = microcnn::Tensor::<f32, 64, 1, 28, 28>::from_fn(|[n, _, h, w]| {
        ((n + h * w) % 13) as f32 * 0.07
    });
    let mut many = f64::MAX;
    for _ in 0..200 {
        let t = Instant::now();
        for _ in 0..2 {
            std::hint::black_box(net.predict(std::hint::black_box(&batch)));
        }
        many = many.min(t.elapsed().as_secs_f64() / 128.0);
    }
    println!(
        "LeNet5 {} {}: {:.3} us, batch 64 {:.3} us an image",
        A::NAME,
        simd::active().unwrap(),
        best * 1e6,
        many * 1e6
    );
}
fn main() {
    lenet::<microcnn::conv::Auto>();
    lenet::<Im2col>();
    lenet::<microcnn::conv::Winograd>();
    if std::env::args().nth(1).as_deref() == Some("lenet") {
        return;
    }
    let args: Vec<_> = std::env::args().collect();
    let get =
        |i: usize| args.get(i).map(|s| s.as_str()).filter(|s| !s.starts_with("--")).unwrap_or("");
    simd::each_supported(&mut Isas(get(1), get(2)));
}
