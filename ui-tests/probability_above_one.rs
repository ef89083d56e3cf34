use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        Dropout(p = 50),
    }
}

fn main() {}
