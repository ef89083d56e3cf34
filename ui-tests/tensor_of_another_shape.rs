use microcnn::prelude::*;

network! {
    struct Net: [1, 28, 28] -> [10] { Flatten, fc1: Linear<10> }
}

fn main() {
    let network = Net::random(1);
    let image = Tensor::<f32, 1, 3, 32, 32>::zeros();
    let output = network.predict(&image);
    println!("{:?}", output.argmax());
}
