//! A layer's inputs in calibration, as error-compensated rounding needs them.

use super::compensate::{Compensation, InputMoments};
use super::options::COMPENSATED_INPUTS;
use crate::shape::ConvShape;
use alloc::{vec, vec::Vec};

/// The inputs that a layer saw: one [`InputMoments`] per group of channels.
#[derive(Clone, Debug)]
pub struct LayerMoments {
    shape: ConvShape,
    groups: Vec<InputMoments>,
    window: Vec<f32>,
}

/// Positions of an image that are taken into account: neighbours resemble each other.
const POSITIONS: usize = 64;

impl LayerMoments {
    /// Of a layer; `None` if it is too large to be rounded with compensation.
    pub fn new(shape: ConvShape) -> Option<Self> {
        let len = shape.kernel_len();
        (len <= COMPENSATED_INPUTS).then(|| Self {
            shape,
            groups: vec![InputMoments::new(len); shape.groups],
            window: vec![0.0; len],
        })
    }

    /// Takes one image into account: its feature map at the layer's input, channels innermost.
    pub fn add(&mut self, input: &[f32]) {
        let [_, height, width] = self.shape.output;
        let positions = height * width;
        let step = positions.div_ceil(POSITIONS);
        // Not always the same columns.
        let step = if step > 1 && width % step == 0 { step + 1 } else { step };
        for position in (0..positions).step_by(step) {
            for (group, moments) in self.groups.iter_mut().enumerate() {
                unfold(
                    &self.shape,
                    input,
                    [position / width, position % width],
                    group,
                    &mut self.window,
                );
                moments.add(&self.window);
            }
        }
    }

    /// What rounding needs to know, for each group.
    pub fn prepare(&self) -> Vec<Option<Compensation>> {
        self.groups.iter().map(InputMoments::prepare).collect()
    }
}

/// The inputs that one output position of a group sees, in the order of the weights: channel, row,
/// column.
pub fn unfold(
    shape: &ConvShape,
    input: &[f32],
    [y, x]: [usize; 2],
    group: usize,
    window: &mut [f32],
) {
    let [channels, height, width] = shape.input;
    let first = group * shape.group_inputs();
    let [_, columns] = shape.window.kernel;
    let taps = shape.window.taps();
    for tap in 0..taps {
        let source = (
            shape.window.source(0, y, tap / columns, height),
            shape.window.source(1, x, tap % columns, width),
        );
        for channel in 0..shape.group_inputs() {
            window[channel * taps + tap] = match source {
                (Some(row), Some(column)) => {
                    input[(row * width + column) * channels + first + channel]
                }
                _ => 0.0,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Window;

    const SHAPE: ConvShape = ConvShape {
        input: [4, 3, 3],
        output: [2, 3, 3],
        window: Window { kernel: [3, 3], stride: [1, 1], padding: [1; 4], dilation: [1, 1] },
        groups: 2,
    };

    #[test]
    fn windows_are_in_the_order_of_the_weights() {
        let input: Vec<f32> = (0..36).map(|x| x as f32).collect();
        let mut window = vec![0.0; 18];
        unfold(&SHAPE, &input, [0, 1], 1, &mut window);
        // Pixel (row, column) of channel c is 12 row + 4 column + c; the group's channels are 2 and 3.
        let first = [0.0, 0.0, 0.0, 2.0, 6.0, 10.0, 14.0, 18.0, 22.0];
        assert_eq!(window[..9], first);
        assert!(window[12..].iter().zip(&first[3..]).all(|(a, b)| *a == b + 1.0));
    }

    #[test]
    fn large_layers_have_none() {
        assert!(LayerMoments::new(SHAPE).is_some());
        let large = ConvShape { input: [1024, 3, 3], groups: 1, ..SHAPE };
        assert!(LayerMoments::new(large).is_none());
    }
}
