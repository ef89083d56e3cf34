//! LeNet-5, the reference network.

#[cfg(feature = "std")]
use crate::network::Network;
use crate::simd::Block;

crate::network! {
    /// LeNet-5 for 28×28 greyscale digits.
    pub struct LeNet5: [1, 28, 28] -> [10] {
        conv1: Conv2d<6, 5>(padding = 2),
        relu1: ReLU,
        pool1: MaxPool2d<2>,
        conv2: Conv2d<16, 5>,
        ReLU,
        MaxPool2d<2>,
        conv3: Conv2d<120, 5>,
        ReLU,
        Flatten,
        fc1: Linear<84>,
        ReLU,
        fc2: Linear<10>,
        Softmax,
    }
}

impl LeNet5 {
    /// The network with trained weights, which the crate holds packed in a constant: nothing is
    /// loaded and nothing allocated.
    #[must_use]
    pub fn pretrained() -> Self {
        static PARAMETERS: [Block; LeNet5::<f32>::PACKED] =
            LeNet5::pack(include_bytes!("../data/lenet.raw"));
        static NETWORK: LeNet5 = LeNet5::from_packed(&PARAMETERS);
        NETWORK.clone()
    }
}

/// LeNet-5 with its trained weights; with `debug` it tells on stderr what it loads and, as it predicts,
/// each layer's output shape.
///
/// ```
/// use microcnn::lenet::lenet;
/// use microcnn::mnist::MNIST;
///
/// let mut net = lenet(false);
/// net.load("data/reference-lenet.raw")?;
/// let test_images = MNIST::new("data/t10k-images-idx3-ubyte.gz")?;
/// let output = net.predict(&test_images.image(0));
/// assert_eq!(output.argmax()[0], 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "std")]
#[must_use]
pub fn lenet(debug: bool) -> LeNet5 {
    let mut network = LeNet5::pretrained();
    network.set_verbose(debug);
    if debug {
        let (parameters, bytes) = (LeNet5::<f32>::PARAMETERS, network.weight_bytes());
        eprintln!("LeNet5: {parameters} trained parameters, {bytes} bytes, from the crate itself");
    }
    network
}
