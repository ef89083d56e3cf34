use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        Residual {},
        block: Residual,
    }
}

fn main() {}
