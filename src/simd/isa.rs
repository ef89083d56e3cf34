//! The vocabulary of an instruction set.

use super::Kernel;
use core::fmt::Debug;

/// An instruction set that this machine has.
pub trait Isa: Copy + Debug + Send + Sync + 'static {
    /// As it is written in `MICROCNN_ISA` and in reports.
    const NAME: &'static str;
    /// Vector registers.
    const VECTORS: usize;
    /// Registers that sixteen 32-bit lanes take.
    const REGISTERS: usize;
    /// Sixteen-lane sums that stay in registers beside a weight and an input vector.
    const TILE: usize = Self::VECTORS / Self::REGISTERS - 2;
    /// Whether an operation can take one of several neighbours that are loaded together and spread it
    /// over all lanes, so that [`splat_each`](Self::splat_each) and, of bytes,
    /// [`load_ahead`](Self::load_ahead) cost one load.
    const AHEAD: bool = false;
    /// Whether inputs that many channels share had better be [kept](Self::keep) in memory, since the
    /// registers are too few for them beside the sums.
    const KEEPS: bool = false;
    /// Whether bytes are rearranged by instructions, so that [`slide_pairs`](Self::slide_pairs) and its
    /// like cost less than the products that they are made for.
    const SHUFFLES: bool = true;
    /// Whether layers share their loops, with shapes and activations as data, where others have them compiled
    /// for each layer: less to compile, and slower.
    const SHARED: bool = false;
    /// Sixteen `f32` lanes.
    type F32: Copy;
    /// The instruction set whose code for floats this one shares, so that it is not compiled twice.
    type Floats: Isa;
    /// The instruction set for kernels of floats with at most eight lanes that count: where a register holds
    /// sixteen, half of each would be loaded, computed and thrown away.
    type Narrow: Isa;

    /// Whether bytes are multiplied as 16-bit numbers, so that where each is multiplied often, kernels do
    /// better to widen them once and use [`dot_words`](Self::dot_words).
    const WORDS: bool = false;

    /// Whether matrices of bytes are multiplied, so that where weights meet several pairs of windows, kernels
    /// do better to arrange them once and use [`multiply`](Self::multiply).
    const MATRICES: bool = false;

    /// The token, if this machine has the instruction set.
    fn detect() -> Option<Self>;

    /// The token, unasked.
    ///
    /// # Safety
    /// The machine has the instruction set: [`detect`](Self::detect) has given a token before.
    unsafe fn assume() -> Self;

    /// The token for what this instruction set does with floats.
    fn floats(self) -> Self::Floats;

    /// The token for what this instruction set does with eight lanes.
    fn narrow(self) -> Self::Narrow;

    /// Runs a kernel compiled for this instruction set, as a function of its own.
    fn run<K: Kernel>(self, kernel: K) -> K::Output;

    /// The same value in every lane.
    fn splat(self, value: f32) -> Self::F32;
    /// Four neighbouring values, each in every lane of a vector.
    #[inline(always)]
    fn splat_each(self, values: &[f32; 4]) -> [Self::F32; 4] {
        values.map(|value| self.splat(value))
    }
    /// One value in the first eight lanes, another one in the last eight.
    fn splat_halves(self, low: f32, high: f32) -> Self::F32;
    /// Two neighbouring values, which alternate from lane to lane.
    #[inline(always)]
    fn alternate(self, [even, odd]: &[f32; 2]) -> Self::F32 {
        let mut lanes = [*even; 16];
        for pair in lanes.as_chunks_mut::<2>().0 {
            pair[1] = *odd;
        }
        self.load(&lanes)
    }
    /// Writes the first even lanes and the first odd ones, as many as there are places, up to eight.
    #[inline(always)]
    fn store_alternate(self, vector: Self::F32, even: &mut [f32], odd: &mut [f32]) {
        let mut lanes = [0.0; 16];
        self.store(vector, &mut lanes);
        for ((pair, even), odd) in lanes.as_chunks::<2>().0.iter().zip(even).zip(odd) {
            (*even, *odd) = (pair[0], pair[1]);
        }
    }
    /// Sixteen neighbouring values.
    fn load(self, values: &[f32; 16]) -> Self::F32;
    /// Writes sixteen neighbouring values.
    fn store(self, vector: Self::F32, values: &mut [f32; 16]);
    /// Begins a pass of a loop over independent vectors. Nothing is executed for it, but it keeps the
    /// compiler from joining passes where a vector is an array of lanes, which costs more in shuffles than
    /// it saves.
    #[inline(always)]
    fn next_vector(self) {}
    /// `a + b`.
    fn add(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a - b`.
    fn sub(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a * b`.
    fn mul(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a / b`.
    fn div(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// The larger of each pair; a NaN in `a` gives `b`.
    fn max(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// Writes the larger of each pair, as [`max`](Self::max) has it.
    #[inline(always)]
    fn store_max(self, a: Self::F32, b: Self::F32, values: &mut [f32; 16]) {
        self.store(self.max(a, b), values);
    }
    /// The smaller of each pair; a NaN in `a` gives `b`.
    fn min(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a * b + c`, rounded once where the instruction set can.
    fn mul_add(self, a: Self::F32, b: Self::F32, c: Self::F32) -> Self::F32;
    /// `c - a * b`, rounded once where the instruction set can.
    fn neg_mul_add(self, a: Self::F32, b: Self::F32, c: Self::F32) -> Self::F32;
    /// The larger of each two neighbouring lanes: eight from `a`, then eight from `b`.
    fn max_pairs(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// Two to the power of whole numbers from -126 to 127.
    fn pow2(self, exponents: Self::F32) -> Self::F32;

    /// Sixteen lanes of 32-bit integers.
    type I32: Copy;
    /// Sixteen lanes of four bytes, as they lie in memory.
    type Quads: Copy;
    /// Sixteen lanes of four `u8`, ready to be multiplied.
    type Inputs: Copy;
    /// Sixteen lanes of four `i8`, ready to be multiplied.
    type Weights: Copy;
    /// Four times four `u8`, ready to be multiplied, four of them in all lanes.
    type Ahead: Copy;

    /// The same integer in every lane.
    fn splat_i32(self, value: i32) -> Self::I32;
    /// Sixteen neighbouring integers.
    fn load_i32(self, values: &[i32; 16]) -> Self::I32;
    /// `a + b`, without regard to overflow.
    fn add_i32(self, a: Self::I32, b: Self::I32) -> Self::I32;
    /// The larger of each pair.
    fn max_i32(self, a: Self::I32, b: Self::I32) -> Self::I32;
    /// The larger of each two neighbouring lanes: eight from `a`, then eight from `b`.
    fn max_pairs_i32(self, a: Self::I32, b: Self::I32) -> Self::I32;
    /// The nearest floats.
    fn to_f32(self, values: Self::I32) -> Self::F32;
    /// 64 neighbouring bytes.
    fn load_quads(self, bytes: &[u8; 64]) -> Self::Quads;
    /// The same four bytes in every lane.
    fn splat_quad(self, bytes: [u8; 4]) -> Self::Quads;
    /// The same two bytes in both halves of every lane.
    #[inline(always)]
    fn splat_pair(self, [a, b]: [u8; 2]) -> Self::Quads {
        self.splat_quad([a, b, a, b])
    }
    /// Sixteen neighbouring bytes, each in the lowest byte of a lane, with [`INPUT_OFFSET`],
    /// an input that comes to nothing, above.
    fn widen(self, bytes: &[u8; 16]) -> Self::Quads;
    /// The four neighbours from each of sixteen neighbouring bytes on.
    #[inline(always)]
    fn slide(self, bytes: &[u8; 19]) -> Self::Quads {
        let mut lanes = [0; 64];
        for (lane, quad) in lanes.chunks_exact_mut(4).enumerate() {
            quad.copy_from_slice(&bytes[lane..lane + 4]);
        }
        self.load_quads(&lanes)
    }

    /// The four neighbours from each of 32 neighbouring bytes on, in two parts of an order that
    /// [`max_slid`](Self::max_slid) knows. (Some loads reach further than these do.)
    #[inline(always)]
    fn slide_pairs(self, bytes: &[u8; 40]) -> [Self::Quads; 2] {
        let (first, last) = (bytes.first_chunk(), bytes[16..].first_chunk());
        [self.slide(first.expect("19 of 40")), self.slide(last.expect("19 of 40 - 16"))]
    }
    /// For each of 32 places the bytes of four rows, in the order of
    /// [`slide_pairs`](Self::slide_pairs).
    #[inline(always)]
    fn slide_columns(self, rows: [&[u8; 32]; 4]) -> [Self::Quads; 2] {
        let mut lanes = [[0; 64]; 2];
        for (row, bytes) in rows.iter().enumerate() {
            for (place, &byte) in bytes.iter().enumerate() {
                lanes[place / 16][place % 16 * 4 + row] = byte;
            }
        }
        [self.load_quads(&lanes[0]), self.load_quads(&lanes[1])]
    }
    /// The larger of each two neighbours, of 32 in the order of [`slide_pairs`](Self::slide_pairs).
    #[inline(always)]
    fn max_slid(self, sums: [Self::I32; 2]) -> Self::I32 {
        self.max_pairs_i32(sums[0], sums[1])
    }
    /// The same four factors in every lane, from the lowest byte on.
    #[inline(always)]
    fn spread_factor(self, factor: u32) -> Self::Weights {
        self.weights(self.splat_quad(factor.to_le_bytes()), 0, 0xFF, 0)
    }
    /// Two neighbours of four factors, each in every lane of a vector.
    #[inline(always)]
    fn spread_factors(self, &[a, b]: &[u32; 2]) -> [Self::Weights; 2] {
        [self.spread_factor(a), self.spread_factor(b)]
    }

    /// Replaces bytes by what they are in a table.
    #[inline(always)]
    fn look_up(self, table: &[u8; 256], values: &mut [u8]) {
        look_up(table, values);
    }

    /// Makes bytes ready to be factors.
    fn inputs(self, bytes: Self::Quads) -> Self::Inputs;
    /// Makes bytes ready to be factors: shifts every lane to the left, then keeps the bits of `mask`
    /// in each byte and sets those of `set`. What one byte would get from another is not kept: the mask
    /// has no bit below the shift. No weight that counts is -128.
    fn weights(self, bytes: Self::Quads, shift: u32, mask: u8, set: u8) -> Self::Weights;
    /// Inputs as bytes that [`kept`](Self::kept) takes. Only instruction sets that do so
    /// ([`KEEPS`](Self::KEEPS)) can.
    #[inline(always)]
    fn keep(self, _: Self::Inputs, _: &mut [u8; 64]) {
        unreachable!("registers hold them");
    }
    /// Inputs that were [kept](Self::keep).
    #[inline(always)]
    fn kept(self, _: &[u8; 64]) -> Self::Inputs {
        unreachable!("registers hold them");
    }
    /// Adds to each lane the four products of its bytes, where an input stands for its value less
    /// [`INPUT_OFFSET`]. Exact, without regard to overflow of the sum.
    fn dot(self, sums: Self::I32, inputs: Self::Inputs, weights: Self::Weights) -> Self::I32;
    /// Sixteen neighbouring inputs for [`dot_ahead`](Self::dot_ahead). Only instruction sets that load
    /// [`AHEAD`](Self::AHEAD) can.
    #[inline(always)]
    fn load_ahead(self, _: &[u8; 16]) -> Self::Ahead {
        unreachable!("inputs are spread one by one");
    }
    /// [`dot`](Self::dot) with four of these inputs in every lane, those from `4 * PLACE` on. Only
    /// instruction sets that load [`AHEAD`](Self::AHEAD) can.
    #[inline(always)]
    fn dot_ahead<const PLACE: usize>(
        self,
        _: Self::I32,
        _: Self::Ahead,
        _: Self::Weights,
    ) -> Self::I32 {
        unreachable!("inputs are spread one by one");
    }
    /// Adds to each lane the two products of its 16-bit numbers. Only instruction sets that multiply
    /// [`WORDS`](Self::WORDS) can.
    #[inline(always)]
    fn dot_words(self, _: Self::I32, _: Self::Quads, _: Self::Quads) -> Self::I32 {
        unreachable!("bytes are multiplied");
    }
    /// Pairs of the lower ones of each lane's two 16-bit numbers, and of the upper ones. Only instruction
    /// sets that multiply [`WORDS`](Self::WORDS) can.
    #[inline(always)]
    fn pair_words(self, _: Self::Quads, _: Self::Quads) -> [Self::Quads; 2] {
        unreachable!("bytes are multiplied");
    }
    /// Four bytes as factors, as [`weights`](Self::weights) makes them ready, but still bytes. Only
    /// instruction sets that multiply [`WORDS`](Self::WORDS) can.
    #[inline(always)]
    fn factors(self, _: Self::Quads, _shift: u32, _mask: u8, _set: u8) -> Self::Quads {
        unreachable!("bytes are multiplied");
    }
    /// Adds to each 16-bit number the two products of its bytes, without regard to overflow of the sum:
    /// inputs are at most 15. Only instruction sets that multiply [`WORDS`](Self::WORDS) can.
    #[inline(always)]
    fn dot_nibbles(self, _sums: Self::Quads, _: Self::Quads, _weights: Self::Quads) -> Self::Quads {
        unreachable!("bytes are multiplied");
    }
    /// Adds to each lane two 16-bit numbers from the first, and sixteen times two from the second. Only
    /// instruction sets that multiply [`WORDS`](Self::WORDS) can.
    #[inline(always)]
    fn add_nibbles(self, _: Self::I32, _: [Self::Quads; 2]) -> Self::I32 {
        unreachable!("bytes are multiplied");
    }
    /// Of each lane eight weights side by side, the four of one vector and those of another. Only
    /// instruction sets that multiply [`MATRICES`](Self::MATRICES) can, here and down to
    /// [`dot_eights`](Self::dot_eights).
    #[inline(always)]
    fn arrange(self, _: [Self::Weights; 2], _: &mut Matrix) {
        unreachable!("matrices are not multiplied");
    }
    /// Two times sixteen sums in the order in which products of matrices are added.
    #[inline(always)]
    fn join_pair(self, _: [Self::I32; 2]) -> [Self::I32; 2] {
        unreachable!("matrices are not multiplied");
    }
    /// Sums that were [joined](Self::join_pair).
    #[inline(always)]
    fn part_pair(self, _: [Self::I32; 2]) -> [Self::I32; 2] {
        unreachable!("matrices are not multiplied");
    }
    /// Adds to the joined sums of two pairs of windows, each of sixteen channels, the products of sixteen
    /// inputs of each window and one or two steps' weights, of eight inputs each; as [`dot`](Self::dot).
    #[inline(always)]
    fn multiply(
        self,
        _sums: &mut [[Self::I32; 2]; 2],
        _inputs: &[[&[u8; 16]; 2]; 2],
        _weights: &[Matrix],
    ) {
        unreachable!("matrices are not multiplied");
    }
    /// The eight neighbours from each of eight neighbouring bytes on.
    #[inline(always)]
    fn slide_eights(self, _: &[u8; 16]) -> Self::Inputs {
        unreachable!("matrices are not multiplied");
    }
    /// Adds to a half of the joined sums of a pair of channels, each of sixteen windows, the products of the
    /// eight inputs of each window and the eight weights of one channel, then of the other one; as
    /// [`dot`](Self::dot).
    #[inline(always)]
    fn dot_eights(self, _: Self::I32, _: Self::Inputs, _weights: &[u8; 16]) -> Self::I32 {
        unreachable!("matrices are not multiplied");
    }
    /// Writes whole numbers of steps from a zero point: rounded half to even, shifted by it, and kept
    /// within `low..=high`. No step is NaN.
    fn store_steps(self, steps: Self::F32, range: Steps, values: &mut [u8; 16]);

    /// [`store_steps`](Self::store_steps) of several vectors, interleaved: `[stride, places]` are the
    /// bytes from one lane's to the next's, and lanes that count. Where nothing lies between lanes, bytes
    /// behind the last one may be overwritten.
    #[inline(always)]
    fn store_pixels(
        self,
        steps: &[Self::F32],
        range: Steps,
        bytes: &mut [u8],
        [stride, places]: [usize; 2],
    ) {
        store_pixels(self, steps, range, bytes, [stride, places]);
    }

    /// Writes several vectors, interleaved: `[stride, places]` are the values from one lane's to the next's,
    /// and lanes that count, at most sixteen. `values` are those of all of them, or more. Nothing else is
    /// written, also between lanes.
    #[inline(always)]
    fn store_interleaved<const COUNT: usize>(
        self,
        vectors: &[Self::F32; COUNT],
        values: &mut [f32],
        [stride, places]: [usize; 2],
    ) {
        store_interleaved(self, vectors, values, [stride, places]);
    }

    /// [`store_steps`](Self::store_steps) of the first lanes, as many as there are places.
    #[inline(always)]
    fn store_steps_partial(self, steps: Self::F32, range: Steps, values: &mut [u8]) {
        let mut lanes = [0; 16];
        self.store_steps(steps, range, &mut lanes);
        values.copy_from_slice(&lanes[..values.len()]);
    }

    /// Up to sixteen neighbouring integers, and zeros behind them.
    #[inline(always)]
    fn load_i32_partial(self, values: &[i32]) -> Self::I32 {
        let mut lanes = [0; 16];
        lanes[..values.len()].copy_from_slice(values);
        self.load_i32(&lanes)
    }

    /// Up to sixteen neighbouring values, and zeros behind them.
    #[inline(always)]
    fn load_partial(self, values: &[f32]) -> Self::F32 {
        let mut lanes = [0.0; 16];
        lanes[..values.len()].copy_from_slice(values);
        self.load(&lanes)
    }

    /// Writes the first lanes, as many as there are places.
    #[inline(always)]
    fn store_partial(self, vector: Self::F32, values: &mut [f32]) {
        let mut lanes = [0.0; 16];
        self.store(vector, &mut lanes);
        values.copy_from_slice(&lanes[..values.len()]);
    }
}

/// [`Isa::look_up`] by loads, one function for all instruction sets: none makes them faster.
#[inline(never)]
fn look_up(table: &[u8; 256], values: &mut [u8]) {
    values.iter_mut().for_each(|value| *value = table[usize::from(*value)]);
}

/// [`Isa::store_pixels`] on any instruction set: four vectors at once, so that a lane's bytes are stored
/// together.
#[inline(always)]
pub(super) fn store_pixels<I: Isa>(
    isa: I,
    steps: &[I::F32],
    range: Steps,
    bytes: &mut [u8],
    [stride, places]: [usize; 2],
) {
    for (group, steps) in steps.chunks(4).enumerate() {
        let mut channels = [[0; 16]; 4];
        for (channel, &steps) in channels.iter_mut().zip(steps) {
            isa.store_steps(steps, range, channel);
        }
        let mut quads = [0; 16];
        for (lane, quad) in quads.iter_mut().enumerate() {
            *quad = u32::from(channels[0][lane])
                | u32::from(channels[1][lane]) << 8
                | u32::from(channels[2][lane]) << 16
                | u32::from(channels[3][lane]) << 24;
        }
        let pixels = bytes[4 * group..].chunks_mut(stride);
        for (pixel, quad) in pixels.zip(&quads[..places]) {
            let quad = quad.to_le_bytes();
            match steps.len() {
                4 => pixel[..4].copy_from_slice(&quad),
                3 => pixel[..3].copy_from_slice(&quad[..3]),
                2 => pixel[..2].copy_from_slice(&quad[..2]),
                _ => pixel[0] = quad[0],
            }
        }
    }
}

/// [`Isa::store_interleaved`] on any instruction set: value by value.
#[inline(always)]
pub(super) fn store_interleaved<I: Isa, const COUNT: usize>(
    isa: I,
    vectors: &[I::F32; COUNT],
    values: &mut [f32],
    [stride, places]: [usize; 2],
) {
    let mut lanes = [[0.0; 16]; COUNT];
    for (lanes, &vector) in lanes.iter_mut().zip(vectors) {
        isa.store(vector, lanes);
    }
    for (lane, values) in (0..16).zip(values.chunks_mut(stride)).take(places) {
        for (value, lanes) in values[..COUNT].iter_mut().zip(&lanes) {
            *value = lanes[lane];
        }
    }
}

/// What is taken from every `u8` factor, on all instruction sets of this architecture: its products
/// are of signed bytes on ARM.
pub const INPUT_OFFSET: i32 = if cfg!(target_arch = "aarch64") { 128 } else { 0 };

/// Eight weights of each of sixteen output channels.
pub type Matrix = [u8; 128];

/// The bytes that whole numbers of steps become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// What no step at all becomes.
    pub zero: u8,
    /// The smallest byte.
    pub low: u8,
    /// The largest byte.
    pub high: u8,
}
