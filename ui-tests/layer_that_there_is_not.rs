use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Cov2d<6, 3>,
        MaxPol2d<2>,
        Softplus,
        Flatten,
        GELU,
        norm1: LayerNorm,
        fc1: linear<10>,
        lstm1: LSTM<10>,
    }
}

fn main() {}
