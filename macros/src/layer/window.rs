//! Layers that move a window over their input: convolutions and pools.

use super::arguments::{Arguments, Padding, Size, is_path};
use super::{Layer, Made};
use crate::options::{PRECISIONS, known as known_name};
use crate::report::Place;
use crate::shape::{Input, known};
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};
use std::rc::Rc;
use syn::Type;

/// A window's numbers: pairs are down and across, padding is top, bottom, left, right.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [usize; 4],
    pub(crate) dilation: [usize; 2],
}

impl Window {
    /// A window that does not move past its edges.
    pub(crate) fn new(kernel: [usize; 2]) -> Self {
        Self { kernel, stride: [1; 2], padding: [0; 4], dilation: [1; 2] }
    }
}

impl ToTokens for Window {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let [kernel, stride, dilation] = [self.kernel, self.stride, self.dilation].map(numbers);
        let padding = numbers(self.padding);
        tokens.extend(quote! {
            __cnn::Window {
                kernel: #kernel,
                stride: #stride,
                padding: #padding,
                dilation: #dilation,
            }
        });
    }
}

/// `[6, 28, 28]`
pub(crate) fn numbers(numbers: impl IntoIterator<Item = usize>) -> TokenStream {
    let numbers = numbers.into_iter().map(Literal::usize_unsuffixed);
    quote!([#(#numbers),*])
}

/// A window as it is written, as far as it could be read.
struct Written {
    /// `kernel` or `window`.
    word: &'static str,
    kernel: [Option<Size>; 2],
    stride: Option<[usize; 2]>,
    padding: Option<Padding>,
    dilation: Option<[usize; 2]>,
}

impl Written {
    /// One direction of the output, and the padding before and after the input in it; or how large
    /// a kernel, or how much padding, would fit.
    fn along(&self, axis: usize, input: usize) -> Option<Result<Along, Misfit>> {
        let kernel = self.kernel[axis]?.value;
        let (stride, dilation) = (self.stride?[axis], self.dilation?[axis]);
        let reach = (kernel - 1).checked_mul(dilation)?.checked_add(1)?;
        let [before, after] = match self.padding? {
            Padding::Sizes(sizes) => [sizes[2 * axis], sizes[2 * axis + 1]],
            Padding::Same => {
                let needed = (input.div_ceil(stride) - 1) * stride + reach;
                let padding = needed.saturating_sub(input);
                [padding / 2, padding - padding / 2]
            }
        };
        let padded = input + before + after;
        Some(match padded.checked_sub(reach) {
            Some(room) => Ok(Along { output: room / stride + 1, padding: [before, after] }),
            None => Err(Misfit {
                padded,
                kernel: (padded.max(1) - 1) / dilation + 1,
                padding: (reach - input).div_ceil(2),
            }),
        })
    }
}

struct Along {
    output: usize,
    padding: [usize; 2],
}

struct Misfit {
    padded: usize,
    kernel: usize,
    padding: usize,
}

/// The output's height and width as far as they are known, and the window if all of it is.
fn place(
    arguments: &mut Arguments<'_>,
    input: &Input,
    window: &Written,
) -> ([Option<usize>; 2], Option<Window>) {
    let sides = [input.shape[1], input.shape[2]];
    let axes = [0, 1].map(|axis| sides[axis].and_then(|side| window.along(axis, side)));
    if axes.iter().flatten().any(Result::is_err) {
        misfit(arguments, input, window, &axes);
    }
    let output = [0, 1].map(|axis| match &axes[axis] {
        Some(Ok(along)) => Some(along.output),
        _ => None,
    });
    let window = (|| match (&axes, window) {
        ([Some(Ok(down)), Some(Ok(across))], Written { kernel: [Some(kh), Some(kw)], .. }) => {
            Some(Window {
                kernel: [kh.value, kw.value],
                stride: window.stride?,
                padding: [down.padding[0], down.padding[1], across.padding[0], across.padding[1]],
                dilation: window.dilation?,
            })
        }
        _ => None,
    })();
    (output, window)
}

/// Reports a window that is larger than its padded input.
fn misfit(
    arguments: &mut Arguments<'_>,
    input: &Input,
    window: &Written,
    axes: &[Option<Result<Along, Misfit>>; 2],
) {
    let word = window.word;
    let kernel = window.kernel.map(|size| size.map(|size| size.value));
    let dilation = match window.dilation {
        Some([1, 1]) | None => String::new(),
        Some([h, w]) if h == w => format!(" of dilation {h}"),
        Some([h, w]) => format!(" of dilation [{h}, {w}]"),
    };
    let padded = [0, 1].map(|axis| match &axes[axis] {
        Some(Err(misfit)) => Some(misfit.padded),
        Some(Ok(along)) => {
            input.shape[axis + 1].map(|side| side + along.padding[0] + along.padding[1])
        }
        None => None,
    });
    let sides = [input.shape[1], input.shape[2]];
    let with_padding =
        if padded == sides { String::new() } else { format!(", padded to {}", by(padded)) };
    let channels = match input.shape[0] {
        Some(1) => "1 channel, ".to_owned(),
        Some(channels) => format!("{channels} channels, "),
        None => String::new(),
    };

    // A direction that fits keeps its kernel and needs no more padding.
    let fitting = [0, 1].map(|axis| match &axes[axis] {
        Some(Err(misfit)) => Some(misfit.kernel),
        _ => kernel[axis],
    });
    let help_kernel = match fitting {
        [Some(h), Some(w)] if kernel[0] != kernel[1] => format!("{h}×{w}"),
        _ => fitting.into_iter().flatten().min().unwrap_or(1).to_string(),
    };
    let needed = [0, 1].map(|axis| match &axes[axis] {
        Some(Err(misfit)) => misfit.padding,
        Some(Ok(along)) => along.padding[0].max(along.padding[1]),
        None => 0,
    });
    let largest = needed.into_iter().max().unwrap_or(0);
    let half = |axis: usize| kernel[axis].is_some_and(|kernel| needed[axis] <= kernel / 2);
    let help_padding = match needed {
        _ if window.word == "window" && !(half(0) && half(1)) => String::new(),
        [h, w] if h > 0 && w > 0 && kernel[0] == kernel[1] => format!(", or `padding = {largest}`"),
        [h, w] => format!(", or `padding = [{h}, {w}]`"),
    };
    let place = match (&axes, window.kernel) {
        ([Some(Err(_)), Some(Err(_))], [Some(h), Some(w)]) => h.place.to(w.place),
        ([Some(Err(_)), _], [Some(h), _]) => h.place,
        (_, [_, Some(w)]) => w.place,
        _ => arguments.kind_place(),
    };
    arguments.error(
        place,
        &format!(
            "a {} {word}{dilation} does not fit its input of {}{with_padding} ({channels}from {})",
            by(kernel),
            by(sides),
            input.from,
        ),
        &format!("use a {word} of at most {help_kernel}{help_padding}"),
    );
}

/// `5×5`
fn by(sizes: [Option<usize>; 2]) -> String {
    sizes.map(|size| size.map_or("?".to_owned(), |size| size.to_string())).join("×")
}

/// The kernel's sizes, the first of them at this position in `<>`.
fn kernel(arguments: &mut Arguments<'_>, first: usize) -> [Option<Size>; 2] {
    if arguments.sizes() == first + 2 {
        [arguments.size(first), arguments.size(first + 1)]
    } else {
        [arguments.size(first); 2]
    }
}

pub(super) fn conv2d(arguments: &mut Arguments<'_>, input: &Input) -> Made {
    let outputs = arguments.size(0);
    let window = Written {
        word: "kernel",
        kernel: kernel(arguments, 1),
        stride: arguments.pair("stride", Some([1, 1])),
        padding: arguments.padding(),
        dilation: arguments.pair("dilation", Some([1, 1])),
    };
    let groups = arguments.count("groups", 1);
    let bias = arguments.flag("bias", true);
    let algorithm = arguments.path("algorithm");
    let precision = arguments.path("precision");

    let ([height, width], numbers) = place(arguments, input, &window);
    if let Some(groups) = groups {
        check_groups(arguments, input, groups, outputs.map(|size| size.value));
    }
    if let Some(Some(algorithm)) = &algorithm {
        check_algorithm(arguments, algorithm, precision.as_ref().and_then(Option::as_ref), &window);
    }
    if let (Some(size), [Some(h), Some(w)], Some(inputs)) = (outputs, window.kernel, input.shape[0])
    {
        let inputs = inputs / groups.unwrap_or(1).min(inputs);
        arguments.limit(size.place, "weights", &[size.value, inputs, h.value, w.value]);
    }
    let layer = (|| {
        Some(Layer::Conv2d {
            outputs: outputs?.value,
            window: numbers?,
            groups: groups?,
            bias: bias?,
            algorithm: algorithm?,
            precision: precision?,
        })
    })();
    Made { output: [outputs.map(|size| size.value), height, width], layer }
}

/// Groups divide the channels on both sides.
fn check_groups(
    arguments: &mut Arguments<'_>,
    input: &Input,
    groups: usize,
    outputs: Option<usize>,
) {
    let Some(inputs) = input.shape[0] else { return };
    let (channels, from) = match outputs {
        _ if inputs % groups != 0 => (format!("{inputs} input"), format!(" (from {})", input.from)),
        Some(outputs) if outputs % groups != 0 => (format!("{outputs} output"), String::new()),
        _ => return,
    };
    let divides = |groups: &usize| {
        inputs.is_multiple_of(*groups) && outputs.unwrap_or(0).is_multiple_of(*groups)
    };
    let fitting: Vec<String> =
        (1..=inputs.min(64)).filter(divides).map(|groups| groups.to_string()).collect();
    let help = match &fitting[..] {
        [first, rest @ ..] if !rest.is_empty() => {
            format!("use `groups = {first}` or {}", rest.join(", "))
        }
        _ => "leave `groups` out".to_owned(),
    };
    arguments.error(
        arguments.option_place("groups"),
        &format!("{groups} groups do not divide its {channels} channels{from}"),
        &help,
    );
}

/// The fast algorithms can't do everything; of those that the macro knows it says so at the word.
fn check_algorithm(
    arguments: &mut Arguments<'_>,
    algorithm: &Type,
    precision: Option<&Rc<Type>>,
    window: &Written,
) {
    let (name, kernels) = if is_path(algorithm, "Winograd") {
        ("Winograd", &[3, 5][..])
    } else if is_path(algorithm, "Fft") {
        ("Fft", &[][..])
    } else {
        return;
    };
    // `f32` is the only one of the crate's precisions that is no integer.
    if let Some(integer) = precision.and_then(|precision| known_name(precision, PRECISIONS))
        && integer != "f32"
    {
        arguments.error(
            Place::of(algorithm),
            &format!("`{name}` computes in `f32` only, and this layer is `{integer}`"),
            "leave `algorithm` or `precision` out",
        );
        return;
    }
    let other = |numbers: Option<[usize; 2]>| numbers.filter(|&numbers| numbers != [1, 1]);
    let kernel = window.kernel.map(|size| size.map(|size| size.value));
    let reason = if let Some([h, w]) = other(window.stride) {
        format!("a stride of {}", pair(h, w))
    } else if let Some([h, w]) = other(window.dilation) {
        format!("a dilation of {}", pair(h, w))
    } else if let ([Some(h), Some(w)], false) = (kernel, kernels.is_empty())
        && !(h == w && kernels.contains(&h))
    {
        format!("a {h}×{w} kernel")
    } else {
        return;
    };
    let can = match name {
        "Winograd" => "it does kernels of 3×3 and 5×5 with stride 1 and dilation 1",
        _ => "it does stride 1 and dilation 1",
    };
    arguments.error(
        Place::of(algorithm),
        &format!("`{name}` cannot do {reason}"),
        &format!("{can}: use `algorithm = Direct`, or leave it out"),
    );
}

fn pair(h: usize, w: usize) -> String {
    if h == w { h.to_string() } else { format!("[{h}, {w}]") }
}

fn pool2d(arguments: &mut Arguments<'_>, input: &Input) -> (Made, Option<Window>) {
    let kernel = kernel(arguments, 0);
    let default = match kernel {
        [Some(h), Some(w)] => Some([h.value, w.value]),
        _ => None,
    };
    let window = Written {
        word: "window",
        kernel,
        stride: arguments.pair("stride", default),
        padding: arguments.padding(),
        dilation: Some([1, 1]),
    };
    if let (Some(Padding::Sizes(padding)), Some([h, w])) = (window.padding, default) {
        let [top, bottom, left, right] = padding;
        if top.max(bottom) > h / 2 || left.max(right) > w / 2 {
            let half = if h / 2 == w / 2 {
                (h / 2).to_string()
            } else {
                format!("[{}, {}]", h / 2, w / 2)
            };
            arguments.error(
                arguments.option_place("padding"),
                &format!("a padding of more than half the {h}×{w} window"),
                &format!("use `padding = {half}` or less"),
            );
            // What the pool gives is anyone's guess now.
            return (Made { output: [input.shape[0], None, None], layer: None }, None);
        }
    }
    let ([height, width], numbers) = place(arguments, input, &window);
    (Made { output: [input.shape[0], height, width], layer: None }, numbers)
}

pub(super) fn max_pool2d(arguments: &mut Arguments<'_>, input: &Input) -> Made {
    let (made, window) = pool2d(arguments, input);
    Made { layer: window.map(Layer::MaxPool2d), ..made }
}

pub(super) fn avg_pool2d(arguments: &mut Arguments<'_>, input: &Input) -> Made {
    let (made, window) = pool2d(arguments, input);
    let padded = arguments.flag("count_include_pad", true);
    let layer = window.zip(padded).map(|(window, padded)| Layer::AvgPool2d(window, padded));
    Made { layer, ..made }
}

pub(super) fn global_avg_pool2d(_: &mut Arguments<'_>, input: &Input) -> Made {
    let window = known(input.shape).map(|[_, h, w]| Window::new([h, w]));
    Made {
        output: [input.shape[0], Some(1), Some(1)],
        layer: window.map(|window| Layer::AvgPool2d(window, true)),
    }
}

/// A pool's numbers.
pub(super) fn pool(
    name: &TokenStream,
    window: &Window,
    count_include_pad: bool,
    input: [usize; 3],
    output: [usize; 3],
) -> TokenStream {
    let (input, output) = (numbers(input), numbers(output));
    quote! {
        impl __cnn::PoolLayer for #name {
            const SHAPE: __cnn::PoolShape =
                __cnn::PoolShape { input: #input, output: #output, window: #window };
            const COUNT_INCLUDE_PAD: ::core::primitive::bool = #count_include_pad;
        }
        const _: () = ::core::assert!(<#name as __cnn::PoolLayer>::SHAPE.is_consistent());
    }
}
