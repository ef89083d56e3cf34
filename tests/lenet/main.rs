//! LeNet-5 on real digits, in every precision. (One program, since two would compile the same kernels twice.)

mod floats;
mod integers;
