//! Packing parameters when a program is compiled, so that firmware runs from flash without a copy and
//! without an allocator.

use crate::conv::{LANES, WeightLayout, auto};
use crate::layers::{ConvSpec, NormSpec};
use crate::simd::Block;

/// Packs the bytes of a `.raw` file, layer by layer, in a constant expression.
pub struct ConstPacker<'a, const BLOCKS: usize> {
    raw: &'a [u8],
    value: usize,
    packed: [Block; BLOCKS],
    block: usize,
}

impl<'a, const BLOCKS: usize> ConstPacker<'a, BLOCKS> {
    /// A `.raw` file for a network with so many stored values.
    ///
    /// # Panics
    /// If the file is shorter or longer; in a constant this is a compile error.
    pub const fn new(raw: &'a [u8], stored: usize) -> Self {
        assert!(
            raw.len() == stored * 4,
            "the .raw file is not of this network: its length differs"
        );
        Self { raw, value: 0, packed: [Block::ZERO; BLOCKS], block: 0 }
    }

    /// Packs the next layer with weights.
    pub const fn layer(mut self, layer: &ConvSpec) -> Self {
        let layout = WeightLayout::new(&layer.shape, 1);
        let [outputs, ..] = layer.shape.output;
        let mut o = 0;
        while o < outputs {
            // A step takes one input: places are as far apart as a block has lanes.
            let (first, step) = (layout.channels() + layout.index(o, 0, 0), layout.step_lanes(o));
            let mut input = 0;
            while input < layout.inputs {
                let mut tap = 0;
                while tap < layout.taps {
                    let place = first + (tap * layout.inputs + input) * step;
                    if layer.weight.is_none() {
                        self.set(place, 1.0);
                    } else {
                        self.copy(place);
                    }
                    tap += 1;
                }
                input += 1;
            }
            o += 1;
        }
        o = 0;
        while o < outputs && layer.bias {
            self.copy(layout.channel(o));
            o += 1;
        }
        if let Some(norm) = layer.norm {
            self.fold(layer, &layout, norm);
        }
        self.prepare(layer, &layout);
        self.block += packed_blocks(layer);
        self
    }

    /// Transforms the weights of the layer just packed, if `Auto` wants that.
    const fn prepare(&mut self, layer: &ConvSpec, layout: &WeightLayout) {
        let (before, rest) = self.packed.split_at_mut(self.block + own_blocks(layer));
        let first = self.block * LANES + layout.channels();
        auto::prepare(&layer.shape, before, first, rest);
    }

    /// Folds a batch normalization into the layer just packed.
    const fn fold(&mut self, layer: &ConvSpec, layout: &WeightLayout, norm: NormSpec) {
        let [outputs, ..] = layer.shape.output;
        let (inputs, taps) = (layout.inputs, layout.taps);
        let mut o = 0;
        while o < outputs {
            let scale = self.peek(o) / sqrt(self.peek(3 * outputs + o) + norm.eps);
            let mut k = 0;
            while k < inputs * taps {
                let at = layout.channels() + layout.index(o, k / taps, k % taps);
                let value = self.get(at) * scale;
                self.set(at, value);
                k += 1;
            }
            let at = layout.channel(o);
            let value =
                (self.get(at) - self.peek(2 * outputs + o)) * scale + self.peek(outputs + o) + 0.0;
            self.set(at, value);
            o += 1;
        }
        self.value += 4 * outputs;
    }

    /// All layers' packed parameters, one after the other.
    ///
    /// # Panics
    /// If the layers did not use up the file and the blocks.
    pub const fn finish(self) -> [Block; BLOCKS] {
        assert!(self.value * 4 == self.raw.len() && self.block == BLOCKS);
        self.packed
    }

    /// The file's next value. Byte by byte: calls are what takes a compiler's time here.
    const fn copy(&mut self, to: usize) {
        let at = self.value * 4;
        let [a, b, c, d] = [self.raw[at], self.raw[at + 1], self.raw[at + 2], self.raw[at + 3]];
        // Of infinity and NaN all bits of the exponent are set.
        assert!(c < 0x80 || d & 0x7F < 0x7F, "the .raw file holds a value that is not finite");
        let bytes = if cfg!(target_endian = "big") { [d, c, b, a] } else { [a, b, c, d] };
        let (block, place) = (&mut self.packed[self.block + to / LANES].0, to % LANES * 4);
        block[place] = bytes[0];
        block[place + 1] = bytes[1];
        block[place + 2] = bytes[2];
        block[place + 3] = bytes[3];
        self.value += 1;
    }

    const fn peek(&self, ahead: usize) -> f32 {
        self.peek_at(self.value + ahead)
    }

    const fn peek_at(&self, value: usize) -> f32 {
        let at = value * 4;
        let value = f32::from_le_bytes([
            self.raw[at],
            self.raw[at + 1],
            self.raw[at + 2],
            self.raw[at + 3],
        ]);
        assert!(value.is_finite(), "the .raw file holds a value that is not finite");
        value
    }

    const fn get(&self, at: usize) -> f32 {
        self.packed[self.block + at / 16].get(at % 16)
    }

    const fn set(&mut self, at: usize, value: f32) {
        self.packed[self.block + at / 16].set(at % 16, value);
    }
}

/// Blocks that a layer's packed `f32` parameters take, with what `Auto` makes of them.
pub const fn packed_blocks(layer: &ConvSpec) -> usize {
    own_blocks(layer) + auto::prepared(&layer.shape)
}

const fn own_blocks(layer: &ConvSpec) -> usize {
    let layout = WeightLayout::new(&layer.shape, 1);
    Block::count::<f32>(layout.channels() + layout.len())
}

/// The square root, correctly rounded: Newton's iteration in `f64`, whose error is far below half an
/// `f32` step. (The standard library's is not `const`.)
const fn sqrt(x: f32) -> f32 {
    assert!(x > 0.0, "a running variance of the .raw file is negative");
    let x = x as f64;
    // Halving the exponent gives a start within a factor of two.
    let mut root = f64::from_bits((x.to_bits() >> 1) + (1023 << 51));
    let mut step = 0;
    while step < 6 {
        root = 0.5 * (root + x / root);
        step += 1;
    }
    root as f32
}

#[cfg(test)]
mod tests {
    #[test]
    fn sqrt_is_correctly_rounded() {
        for bits in (1..0x7f80_0000).step_by(1009) {
            let x = f32::from_bits(bits);
            assert_eq!(super::sqrt(x), x.sqrt(), "{x:e}");
        }
    }
}
