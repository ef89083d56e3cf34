//! Places on the stack, which may matter more than what is compared.

use std::hint::black_box;

/// Runs something so many bytes further down the stack.
#[inline(never)]
fn below<const BYTES: usize>(run: &mut dyn FnMut()) {
    let room = black_box([0_u8; BYTES]);
    run();
    black_box(&room);
}

/// All over a page and at each distance from a cache line's start.
const PLACES: [fn(&mut dyn FnMut()); 16] = [
    below::<0>,
    below::<272>,
    below::<544>,
    below::<816>,
    below::<1088>,
    below::<1360>,
    below::<1632>,
    below::<1904>,
    below::<2176>,
    below::<2448>,
    below::<2720>,
    below::<2992>,
    below::<3264>,
    below::<3536>,
    below::<3808>,
    below::<4080>,
];

/// Runs something in the next of 16 places on the stack. A kernel whose sums lie there may take a fifth longer in one
/// than in another, and a program starts in any: so samples take turns, and what depends on it is seen in their spread
/// instead of in the next run.
pub fn at_place(round: usize, run: &mut dyn FnMut()) {
    PLACES[round % PLACES.len()](run);
}
