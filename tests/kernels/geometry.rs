//! Shapes drawn at random, the awkward ones often.

use microcnn::layers::Activation;
use microcnn::shape::{ConvShape, Window};

/// Numbers from a seed, by splitmix64.
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From -1 to 1.
    pub(crate) fn value(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(crate) fn activation(&mut self) -> Activation {
        use Activation::*;
        self.pick(&[Identity, ReLU, ReLU, ReLU6, LeakyReLU(0.01), Sigmoid, Tanh, HardSwish, SiLU])
    }

    /// Channels around the lanes of each instruction set.
    fn channels(&mut self) -> usize {
        self.pick(&[1, 2, 3, 4, 5, 6, 7, 8, 12, 15, 16, 17, 20, 31, 32, 33, 35, 48, 64, 80, 176])
    }

    pub(crate) fn shape(&mut self) -> ConvShape {
        loop {
            if let Some(shape) = self.try_shape() {
                return shape;
            }
        }
    }

    fn try_shape(&mut self) -> Option<ConvShape> {
        let (inputs, outputs, groups) = match self.below(8) {
            // Depthwise, also with several outputs for a channel.
            0 => {
                let channels = self.channels();
                (channels, channels * self.pick(&[1, 1, 1, 2]), channels)
            }
            1 => {
                let groups = self.pick(&[2, 3, 4]);
                (groups * self.pick(&[1, 2, 5, 8]), groups * self.pick(&[1, 3, 8, 17, 32]), groups)
            }
            _ => (self.channels(), self.channels(), 1),
        };
        let mut side = |long: &[usize]| self.pick(long);
        let input = [
            side(&[1, 2, 3, 4, 5, 7, 8, 9, 12, 17]),
            side(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 16, 17, 24, 28, 31, 33, 57]),
        ];
        let linear = self.below(12) == 0;
        let window = if linear {
            Window { kernel: input, stride: [1, 1], padding: [0; 4], dilation: [1, 1] }
        } else {
            let mut pair = |of: &[usize]| {
                let first = self.pick(of);
                [first, if self.below(3) == 0 { self.pick(of) } else { first }]
            };
            let mut kernel = pair(&[1, 1, 2, 3, 3, 3, 4, 5, 5, 7]);
            let mut stride = pair(&[1, 1, 1, 2, 3]);
            let mut dilation = pair(&[1, 1, 1, 2, 3]);
            // What minimal filtering does.
            if self.below(3) == 0 {
                (kernel, stride, dilation) = ([self.pick(&[3, 5]); 2], [1; 2], [1; 2]);
            }
            let padding = match self.below(3) {
                0 => [0; 4],
                1 => [self.below(3); 4],
                _ => [0; 4].map(|_| self.below(5)),
            };
            Window { kernel, stride, padding, dilation }
        };
        let [top, bottom, left, right] = window.padding;
        let padded = [input[0] + top + bottom, input[1] + left + right];
        let reach = |axis: usize| window.dilation[axis] * (window.kernel[axis] - 1) + 1;
        if reach(0) > padded[0] || reach(1) > padded[1] {
            return None;
        }
        let [height, width] = window.output(input);
        let shape = ConvShape {
            input: [inputs, input[0], input[1]],
            output: [outputs, height, width],
            window,
            groups,
        };
        // Larger layers say no more, and the definition takes long over them.
        (shape.macs() <= 1_000_000).then_some(shape)
    }
}
