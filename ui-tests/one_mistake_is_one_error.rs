use microcnn::prelude::*;

mod deep {
    microcnn::network! {
        /// What uses the network is not wrong, too.
        pub struct Net: [1, 28, 28] -> [10] {
            conv1: Conv2d<6, 5>(padding = 2, stride = 0),
            ReLU,
            Flatten,
            fc1: Linear<10>,
        }
    }
}

use deep::Net;

fn run<N: Network>(network: &N) -> usize {
    network.weight_bytes()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut network = Net::random(1);
    network.load("net.raw")?;
    let images = Tensor::<f32, 4, 1, 28, 28>::zeros();
    let output = network.predict(&images);
    println!("{network} {network:?} {:?} {}", output.argmax(), run(&network));
    let mut workspace = Net::<f32>::workspace();
    let digit: Tensor<f32, 4, 10, 1, 1> = network.predict_with(&images, &mut workspace);
    for item in network.trace(images.image(0)) {
        println!("{} {:?}", item.name, item.values);
    }
    let direct = network.clone().with_algorithm::<Naive>();
    assert_eq!(direct.predict(&images), digit);
    let other = Net::<f32, Auto>::from_file("net.safetensors")?;
    other.save("net.raw")?;
    println!("{} {}", Net::<f32>::MACS, Net::<f32>::LAYERS.len());
    Ok(())
}
