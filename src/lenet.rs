//! LeNet-5, the reference network.

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
