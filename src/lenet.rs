//! LeNet-5, the reference network.

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
