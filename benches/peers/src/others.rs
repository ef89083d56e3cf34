//! Engines of others that are written in Rust, each with one thread: tract, rten and candle.

use crate::engine::{CHUNK, Engine, Row};
use crate::{onnx, paths};
use std::error::Error;

/// All their rows.
///
/// # Errors
/// If the weights can't be read, or an engine does not take the network.
pub fn rows() -> Result<Vec<Row>, Box<dyn Error>> {
    let raw = std::fs::read(paths::WEIGHTS)?;
    Ok(vec![
        Row::new("tract f32/b1", Tract::<1>::new(&raw)?),
        Row::new(format!("tract f32/b{CHUNK}"), Tract::<CHUNK>::new(&raw)?),
        Row::new("rten f32/b1", Rten::<1>::new(&raw)?).wall(),
        Row::new(format!("rten f32/b{CHUNK}"), Rten::<CHUNK>::new(&raw)?).wall(),
        Row::new("candle f32/b1", Candle::<1>::new(&raw)?).wall(),
        Row::new(format!("candle f32/b{CHUNK}"), Candle::<CHUNK>::new(&raw)?).wall(),
    ])
}

fn real(pixels: &[u8]) -> Vec<f32> {
    pixels.iter().map(|&pixel| f32::from(pixel) / 255.0).collect()
}

/// The place of the largest of each ten scores.
fn largest(scores: &[f32], digits: &mut [usize]) {
    for (digit, scores) in digits.iter_mut().zip(scores.chunks_exact(10)) {
        *digit = (0..10).fold(0, |best, at| if scores[at] > scores[best] { at } else { best });
    }
}

struct Tract<const N: usize>(std::sync::Arc<tract_onnx::prelude::TypedRunnableModel>);

impl<const N: usize> Tract<N> {
    fn new(raw: &[u8]) -> Result<Self, Box<dyn Error>> {
        use tract_onnx::prelude::*;
        let file = onnx::lenet(raw, N as i64);
        let model = tract_onnx::onnx().model_for_read(&mut file.as_slice())?;
        Ok(Self(model.into_optimized()?.into_runnable()?))
    }
}

impl<const N: usize> Engine for Tract<N> {
    type Input = tract_onnx::prelude::Tensor;
    const BATCH: usize = N;

    fn input(&self, pixels: &[u8]) -> Self::Input {
        tract_onnx::prelude::Tensor::from_shape(&[N, 1, 28, 28], &real(pixels))
            .expect("the pixels are those of a call")
    }

    fn run(&mut self, input: &Self::Input, digits: &mut [usize]) {
        use tract_onnx::prelude::*;
        // Cloning would copy the images, and is part of what the engine asks of its users.
        let output = self.0.run(tvec!(input.clone().into())).expect("it ran before");
        let scores = output[0].try_as_plain_ram().expect("scores lie in memory");
        largest(scores.as_slice::<f32>().expect("scores are floats"), digits);
    }
}

struct Rten<const N: usize> {
    model: rten::Model,
    options: rten::RunOptions,
    input: rten::NodeId,
    output: rten::NodeId,
}

impl<const N: usize> Rten<N> {
    fn new(raw: &[u8]) -> Result<Self, Box<dyn Error>> {
        let model = rten::Model::load(onnx::lenet(raw, N as i64))?;
        let threads = std::sync::Arc::new(rten::ThreadPool::with_num_threads(1));
        let options = rten::RunOptions::default().with_thread_pool(Some(threads));
        let (input, output) = (model.node_id("input")?, model.node_id("output")?);
        Ok(Self { model, options, input, output })
    }
}

impl<const N: usize> Engine for Rten<N> {
    type Input = rten_tensor::NdTensor<f32, 4>;
    const BATCH: usize = N;

    fn input(&self, pixels: &[u8]) -> Self::Input {
        rten_tensor::NdTensor::from_data([N, 1, 28, 28], real(pixels))
    }

    fn run(&mut self, input: &Self::Input, digits: &mut [usize]) {
        use rten_tensor::{AsView, Layout};
        let inputs = vec![(self.input, input.nd_view::<4>().into())];
        let options = Some(self.options.clone());
        let [output] = self.model.run_n(inputs, [self.output], options).expect("it ran before");
        let scores: rten_tensor::NdTensor<f32, 2> = output.try_into().expect("scores are floats");
        assert_eq!(scores.shape(), [N, 10]);
        largest(scores.data().expect("scores lie one after the other"), digits);
    }
}

struct Candle<const N: usize> {
    /// Weight and bias of each layer.
    layers: Vec<[candle_core::Tensor; 2]>,
}

impl<const N: usize> Candle<N> {
    fn new(raw: &[u8]) -> candle_core::Result<Self> {
        use candle_core::{Device, Tensor};
        let values = raw
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        let values: Vec<f32> = values.collect();
        let mut rest = values.as_slice();
        let mut take = |shape: &[usize]| {
            let (values, after) = rest.split_at(shape.iter().product());
            rest = after;
            Tensor::from_slice(values, shape, &Device::Cpu)
        };
        let shapes: [&[usize]; 5] =
            [&[6, 1, 5, 5], &[16, 6, 5, 5], &[120, 16, 5, 5], &[84, 120], &[10, 84]];
        let layers = shapes.iter().map(|shape| {
            let weight = take(shape)?;
            let bias = take(&shape[..1])?;
            Ok(match shape.len() {
                4 => [weight, bias.reshape((1, shape[0], 1, 1))?],
                _ => [weight.t()?.contiguous()?, bias],
            })
        });
        Ok(Self { layers: layers.collect::<candle_core::Result<_>>()? })
    }

    fn scores(&self, images: &candle_core::Tensor) -> candle_core::Result<Vec<f32>> {
        let [conv1, conv2, conv3, fc1, fc2] = &self.layers[..] else { unreachable!("five layers") };
        let convolve = |x: &candle_core::Tensor, [weight, bias]: &[_; 2], padding| {
            x.conv2d(weight, padding, 1, 1, 1)?.broadcast_add(bias)?.relu()
        };
        let linear = |x: &candle_core::Tensor, [weight, bias]: &[candle_core::Tensor; 2]| {
            x.matmul(weight)?.broadcast_add(bias)
        };
        let x = convolve(images, conv1, 2)?.max_pool2d(2)?;
        let x = convolve(&x, conv2, 0)?.max_pool2d(2)?;
        let x = convolve(&x, conv3, 0)?.flatten_from(1)?;
        let x = linear(&linear(&x, fc1)?.relu()?, fc2)?;
        candle_nn::ops::softmax(&x, 1)?.flatten_all()?.to_vec1()
    }
}

impl<const N: usize> Engine for Candle<N> {
    type Input = candle_core::Tensor;
    const BATCH: usize = N;

    fn input(&self, pixels: &[u8]) -> Self::Input {
        candle_core::Tensor::from_vec(real(pixels), (N, 1, 28, 28), &candle_core::Device::Cpu)
            .expect("the pixels are those of a call")
    }

    fn run(&mut self, input: &Self::Input, digits: &mut [usize]) {
        largest(&self.scores(input).expect("it ran before"), digits);
    }
}
