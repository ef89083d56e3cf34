//! Several vectors whose lanes are stored one after the other.

use super::Avx512;
use crate::simd::{Isa, Steps};
use core::arch::x86_64::*;

impl Avx512 {
    /// Up to eight channels as bytes, of so many places.
    #[inline(always)]
    pub(super) fn interleave_bytes(
        self,
        steps: &[__m512],
        range: Steps,
        bytes: &mut [u8],
        places: usize,
    ) {
        let stride = steps.len();
        // Four channels are the bytes of a register's lanes; two registers are a table of all bytes.
        let mut tables = [self.splat_i32(0); 2];
        for (channel, &steps) in steps.iter().enumerate() {
            let whole = self.whole_steps(steps, range);
            let shift = (channel % 4 * 8) as u32;
            let table = &mut tables[channel / 4];
            // SAFETY: this token exists only where AVX-512F does.
            *table = unsafe {
                _mm512_or_si512(*table, _mm512_sllv_epi32(whole, _mm512_set1_epi32(shift as i32)))
            };
        }
        let [first, last] = tables;
        for (half, order) in INTERLEAVED[stride].iter().enumerate() {
            let (from, len) = (64 * half, places * stride);
            if from < len {
                let rest = &mut bytes[from..];
                // SAFETY: this token exists only where AVX-512BW and VBMI do; a table is 64 readable
                // bytes, and either 64 bytes are written that are there, or the mask lets only those of
                // the slice be.
                unsafe {
                    let order = _mm512_loadu_si512(order.as_ptr().cast());
                    let pixels = _mm512_permutex2var_epi8(first, order, last);
                    if rest.len() >= 64 {
                        _mm512_storeu_si512(rest.as_mut_ptr().cast(), pixels);
                    } else {
                        let mask = (1 << rest.len()) - 1;
                        _mm512_mask_storeu_epi8(rest.as_mut_ptr().cast(), mask, pixels);
                    }
                }
            }
        }
    }

    /// Two, four, six or eight vectors, of as many lanes as there are places.
    ///
    /// ```text
    /// a0 a1 …   b0 b1 …   c0 c1 …   d0 d1 …
    /// a0 b0 a1 b1 …       c0 d0 c1 d1 …        pairs: sixteen of 32 lanes each
    /// a0 b0 c0 d0 a1 b1 c1 d1 …                of each pair, what belongs to sixteen values
    /// ```
    #[inline(always)]
    pub(super) fn interleave_floats<const COUNT: usize>(
        self,
        vectors: &[__m512; COUNT],
        values: &mut [f32],
    ) {
        let pairs = const { COUNT / 2 };
        for (half, order) in ALTERNATED.iter().enumerate() {
            // Eight lanes of two vectors each, lane by lane.
            let mut lanes = [self.splat(0.0); 4];
            for pair in 0..pairs {
                // SAFETY: this token exists only where AVX-512F does; the table is 64 readable bytes.
                lanes[pair] = unsafe {
                    let order = _mm512_loadu_si512(order.as_ptr().cast());
                    _mm512_permutex2var_ps(vectors[2 * pair], order, vectors[2 * pair + 1])
                };
            }
            for part in 0..pairs {
                let from = (half * pairs + part) * 16;
                if from < values.len() {
                    let part = self.interleave_pairs(lanes, pairs, part);
                    let rest = &mut values[from..];
                    match rest.first_chunk_mut() {
                        Some(values) => self.store(part, values),
                        None => self.store_partial(part, rest),
                    }
                }
            }
        }
    }

    /// Of some pairs' lanes, interleaved, the sixteen values of one part.
    #[inline(always)]
    fn interleave_pairs(self, lanes: [__m512; 4], pairs: usize, part: usize) -> __m512 {
        // SAFETY: this token exists only where AVX-512F does; the tables are 64 readable bytes.
        unsafe {
            let [a, b] = [_mm512_castps_pd(lanes[0]), _mm512_castps_pd(lanes[1])];
            let [c, d] = [_mm512_castps_pd(lanes[2]), _mm512_castps_pd(lanes[3])];
            let (order, masks) = &PAIRS[pairs][part];
            let order = _mm512_loadu_si512(order.as_ptr().cast());
            let mut values = if pairs > 1 { _mm512_permutex2var_pd(a, order, b) } else { a };
            if pairs > 2 {
                values = _mm512_mask_permutexvar_pd(values, masks[0], order, c);
            }
            if pairs > 3 {
                values = _mm512_mask_permutexvar_pd(values, masks[1], order, d);
            }
            _mm512_castpd_ps(values)
        }
    }
}

/// For so many channels, the places of the bytes of sixteen pixels among the lanes of two registers, of
/// which each holds four channels.
static INTERLEAVED: [[[u8; 64]; 2]; 9] = {
    let mut tables = [[[0; 64]; 2]; 9];
    let mut channels = 1;
    while channels < 9 {
        let mut at = 0;
        while at < 16 * channels {
            let (pixel, channel) = (at / channels, at % channels);
            tables[channels][at / 64][at % 64] = (channel / 4 * 64 + pixel * 4 + channel % 4) as u8;
            at += 1;
        }
        channels += 1;
    }
    tables
};

/// The first halves of two registers, lane by lane, and the last ones.
static ALTERNATED: [[u32; 16]; 2] = {
    let mut tables = [[0; 16]; 2];
    let mut at = 0;
    while at < 32 {
        tables[at / 16][at % 16] = (at as u32) / 2 + (at as u32) % 2 * 16;
        at += 1;
    }
    tables
};

/// For so many pairs, in each part of their lanes the places in the first two registers, and those that are
/// taken from the third and the fourth.
static PAIRS: [[([u64; 8], [u8; 2]); 4]; 5] = {
    let mut tables = [[([0; 8], [0; 2]); 4]; 5];
    let mut pairs = 1;
    while pairs < 5 {
        let mut at = 0;
        while at < 8 * pairs {
            let (lane, pair) = (at / pairs, at % pairs);
            let (order, masks) = &mut tables[pairs][at / 8];
            order[at % 8] = lane as u64 + if pair == 1 { 8 } else { 0 };
            if pair > 1 {
                masks[pair - 2] |= 1 << (at % 8);
            }
            at += 1;
        }
        pairs += 1;
    }
    tables
};
