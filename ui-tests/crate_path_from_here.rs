use microcnn::prelude::*;

network! {
    #![crate = self::microcnn]
    struct Net: [1, 28, 28] { ReLU }
}

fn main() {}
