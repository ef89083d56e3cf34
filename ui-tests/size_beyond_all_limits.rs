use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        Flatten,
        fc1: Linear<99999999999999999999999999999999999999999>,
    }
}

fn main() {}
