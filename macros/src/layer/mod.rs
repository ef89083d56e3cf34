//! The layers that there are. A new one is a row of [`KINDS`], a variant of [`Layer`], and the arms
//! that the compiler then asks for.

mod arguments;
mod window;

pub(crate) use arguments::{Arguments, LIMIT};
pub(crate) use window::{Window, numbers};

use crate::shape::{Input, Shape, known, volume};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use std::rc::Rc;
use syn::Type;

/// A kind of layer: its name, and what is written with it.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// Names of layers without a label start with this.
    pub(crate) short: &'static str,
    /// The sizes, in each form that there is.
    pub(crate) sizes: &'static [&'static [&'static str]],
    pub(crate) options: &'static [&'static str],
    /// Whether it has parameters, and so needs a label.
    pub(crate) parameters: bool,
    /// Reads sizes and options, and works out the output.
    pub(crate) make: fn(&mut Arguments<'_>, &Input) -> Made,
}

/// A layer's output as far as it is known, and the layer if nothing is wrong with it.
pub(crate) struct Made {
    pub(crate) output: Shape,
    pub(crate) layer: Option<Layer>,
}

/// A layer whose numbers are all known.
#[derive(Clone)]
pub(crate) enum Layer {
    Conv2d {
        outputs: usize,
        window: Window,
        groups: usize,
        bias: bool,
        algorithm: Option<Rc<Type>>,
        precision: Option<Rc<Type>>,
    },
    Linear {
        outputs: usize,
        bias: bool,
        precision: Option<Rc<Type>>,
    },
    MaxPool2d(Window),
    AvgPool2d(Window, bool),
    BatchNorm(f32),
    Activation(TokenStream),
    Flatten,
    Dropout,
    Softmax,
    Residual,
}

/// Where a layer's results have their meaning from.
pub(crate) enum Meaning {
    /// Its results mean what its inputs do.
    Inputs,
    /// Its results have a meaning of their own.
    Own,
}

/// What a layer means to those around it.
pub(crate) enum Role {
    /// A convolution of some shape, which takes over a normalization and an activation after it.
    Weights,
    /// A batch normalization, which a convolution before it takes over.
    Norm,
    /// A function of each value, which a convolution before it takes over.
    Elementwise,
    /// Another view of the same values.
    Flatten,
    /// Nothing at all.
    Identity,
    /// One map in, one map out.
    Plain,
}

/// A convolution's numbers, as the kernels see them.
#[derive(Clone)]
pub(crate) struct Convolution {
    pub(crate) window: Window,
    pub(crate) groups: usize,
    /// The shape of the weights in a file.
    pub(crate) weight: Option<Vec<usize>>,
    pub(crate) bias: bool,
    /// The folded normalization's name and epsilon.
    pub(crate) norm: Option<(String, f32)>,
    /// The fused activation function.
    pub(crate) activation: Option<TokenStream>,
    /// The type of the fused maximum pool.
    pub(crate) pool: Option<Ident>,
}

const WINDOW: &[&[&str]] = &[&["k"], &["kh", "kw"]];

/// All layers but the blocks.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "Conv2d",
        short: "conv",
        sizes: &[&["out", "k"], &["out", "kh", "kw"]],
        options: &["stride", "padding", "dilation", "groups", "bias", "algorithm", "precision"],
        parameters: true,
        make: window::conv2d,
    },
    Kind {
        name: "Linear",
        short: "fc",
        sizes: &[&["out"]],
        options: &["bias", "precision"],
        parameters: true,
        make: linear,
    },
    Kind {
        name: "MaxPool2d",
        short: "pool",
        sizes: WINDOW,
        options: &["stride", "padding"],
        parameters: false,
        make: window::max_pool2d,
    },
    Kind {
        name: "AvgPool2d",
        short: "pool",
        sizes: WINDOW,
        options: &["stride", "padding", "count_include_pad"],
        parameters: false,
        make: window::avg_pool2d,
    },
    Kind { make: window::global_avg_pool2d, ..plain("GlobalAvgPool2d", "pool") },
    Kind { options: &["eps"], parameters: true, make: batch_norm2d, ..plain("BatchNorm2d", "bn") },
    Kind { options: &["eps"], parameters: true, make: batch_norm1d, ..plain("BatchNorm1d", "bn") },
    Kind { make: |_, input| activation(input, quote!(ReLU)), ..plain("ReLU", "relu") },
    Kind { make: |_, input| activation(input, quote!(ReLU6)), ..plain("ReLU6", "relu") },
    Kind { options: &["negative_slope"], make: leaky_relu, ..plain("LeakyReLU", "relu") },
    Kind { make: |_, input| activation(input, quote!(Sigmoid)), ..plain("Sigmoid", "sigmoid") },
    Kind { make: |_, input| activation(input, quote!(Tanh)), ..plain("Tanh", "tanh") },
    Kind {
        make: |_, input| activation(input, quote!(HardSwish)),
        ..plain("HardSwish", "hardswish")
    },
    Kind { make: |_, input| activation(input, quote!(SiLU)), ..plain("SiLU", "silu") },
    Kind { make: flatten, ..plain("Flatten", "flatten") },
    Kind { options: &["p"], make: dropout, ..plain("Dropout", "dropout") },
    Kind {
        make: |_, input| same_shape(input, Some(Layer::Softmax)),
        ..plain("Softmax", "softmax")
    },
];

/// The addition of two paths: written as a block, an item of the layer list.
pub(crate) const RESIDUAL: Kind = plain("Residual", "residual");

/// Layers under one name, with no item of its own.
pub(crate) const SEQUENTIAL: Kind = plain("Sequential", "sequential");

/// What other libraries call a layer.
pub(crate) const OTHER_NAMES: &[(&str, &str)] = &[
    ("Dense", "Linear"),
    ("FullyConnected", "Linear"),
    ("Convolution", "Conv2d"),
    ("DepthwiseConv2d", "Conv2d"),
    ("BatchNorm", "BatchNorm2d"),
    ("BatchNormalization", "BatchNorm2d"),
    ("AdaptiveAvgPool2d", "GlobalAvgPool2d"),
    ("GlobalAveragePooling2D", "GlobalAvgPool2d"),
    ("AveragePooling2D", "AvgPool2d"),
    ("Swish", "SiLU"),
    ("Identity", "Sequential"),
    ("Block", "Sequential"),
    ("Add", "Residual"),
    ("Skip", "Residual"),
];

/// Functions of other libraries whose names look like a slip in that of one there is.
pub(crate) const OTHER_FUNCTIONS: &[&str] = &["ELU", "CELU", "GELU", "SELU", "PReLU", "RReLU"];

impl Kind {
    /// The layer or the block of this name.
    pub(crate) fn named(name: &Ident) -> Option<&'static Self> {
        Self::all().find(|kind| name == kind.name)
    }

    /// All layers, and the blocks.
    pub(crate) fn all() -> impl Iterator<Item = &'static Self> {
        KINDS.iter().chain([&RESIDUAL, &SEQUENTIAL])
    }

    /// Which options it has, in words.
    pub(crate) fn spoken_options(&self) -> String {
        let name = self.name;
        match self.options {
            [] => format!("`{name}` takes no options"),
            [option] => format!("the only option of `{name}` is `{option}`"),
            options => format!("the options of `{name}` are `{}`", options.join("`, `")),
        }
    }

    /// How values without names are written: with the names of the options that are not given yet, in
    /// their order. Beside other text (`more`) the options are named alone.
    pub(crate) fn with_options(&self, values: &[String], given: &[String], more: bool) -> String {
        let name = self.name;
        if self.options.is_empty() {
            return format!("`{name}` takes neither sizes nor options: write `{name}`");
        }
        // PyTorch's first number of a normalization is its channels.
        let whole = |value: &String| value.parse::<u64>().is_ok_and(|value| value > 0);
        if self.parameters && self.sizes.is_empty() && values.iter().any(whole) {
            return format!("its channels are its input's: write `{name}`");
        }
        let left: Vec<_> = self
            .options
            .iter()
            .filter(|option| !given.iter().any(|name| name == *option))
            .collect();
        if values.len() > left.len() {
            return self.spoken_options();
        }
        let named: Vec<_> =
            left.iter().zip(values).map(|(option, value)| format!("{option} = {value}")).collect();
        let named = named.join(", ");
        if more { format!("write `{named}`") } else { format!("write `{name}({named})`") }
    }
}

const fn plain(name: &'static str, short: &'static str) -> Kind {
    Kind {
        name,
        short,
        sizes: &[],
        options: &[],
        parameters: false,
        make: |_, input| same_shape(input, None),
    }
}

fn same_shape(input: &Input, layer: Option<Layer>) -> Made {
    Made { output: input.shape, layer }
}

fn activation(input: &Input, function: TokenStream) -> Made {
    same_shape(input, Some(Layer::Activation(function)))
}

fn leaky_relu(arguments: &mut Arguments<'_>, input: &Input) -> Made {
    let slope = arguments.real("negative_slope", 0.01, |_| true, "a number");
    same_shape(input, slope.map(|slope| Layer::Activation(quote!(LeakyReLU(#slope)))))
}

fn dropout(arguments: &mut Arguments<'_>, input: &Input) -> Made {
    let p = arguments.real("p", 0.5, |p| (0.0..=1.0).contains(&p), "a probability from 0 to 1");
    same_shape(input, p.map(|_| Layer::Dropout))
}

fn flatten(_: &mut Arguments<'_>, input: &Input) -> Made {
    let values = known(input.shape).map(volume);
    Made { output: [values, Some(1), Some(1)], layer: Some(Layer::Flatten) }
}

fn batch_norm2d(arguments: &mut Arguments<'_>, input: &Input) -> Made {
    let eps = arguments.real("eps", 1e-5, |eps| eps >= 0.0, "a number of 0 or more");
    same_shape(input, eps.map(Layer::BatchNorm))
}

fn batch_norm1d(arguments: &mut Arguments<'_>, input: &Input) -> Made {
    if input.is_spatial() {
        arguments.error(
            arguments.kind_place(),
            &format!("`BatchNorm1d` takes a flat input, and this one is {input}"),
            "use `BatchNorm2d`, or put a `Flatten` before it",
        );
    }
    batch_norm2d(arguments, input)
}

fn linear(arguments: &mut Arguments<'_>, input: &Input) -> Made {
    if input.is_spatial() {
        arguments.error(
            arguments.kind_place(),
            &format!("`Linear` takes a flat input, and this one is {input}"),
            "put a `Flatten` before it",
        );
    }
    let outputs = arguments.size(0);
    let bias = arguments.flag("bias", true);
    let precision = arguments.path("precision");
    let output = [outputs.map(|size| size.value), Some(1), Some(1)];
    if let (Some(size), Some(inputs)) = (outputs, known(input.shape)) {
        arguments.limit(size.place, "weights", &[size.value, volume(inputs)]);
    }
    let layer =
        (|| Some(Layer::Linear { outputs: outputs?.value, bias: bias?, precision: precision? }))();
    Made { output, layer }
}

impl Layer {
    pub(crate) fn role(&self) -> Role {
        match self {
            Self::Conv2d { .. } | Self::Linear { .. } => Role::Weights,
            Self::BatchNorm(_) => Role::Norm,
            Self::Activation(_) => Role::Elementwise,
            Self::Flatten => Role::Flatten,
            Self::Dropout => Role::Identity,
            Self::MaxPool2d(_) | Self::AvgPool2d(..) | Self::Softmax | Self::Residual => {
                Role::Plain
            }
        }
    }

    /// The precision that it asks for.
    pub(crate) fn precision(&self) -> Option<&Rc<Type>> {
        match self {
            Self::Conv2d { precision, .. } | Self::Linear { precision, .. } => precision.as_ref(),
            _ => None,
        }
    }

    /// The algorithm that it asks for.
    pub(crate) fn algorithm(&self) -> Option<&Rc<Type>> {
        match self {
            Self::Conv2d { algorithm, .. } => algorithm.as_ref(),
            _ => None,
        }
    }

    /// The layer as a convolution over this input, if it is one.
    pub(crate) fn convolution(&self, name: &str, input: [usize; 3]) -> Option<Convolution> {
        let [channels, height, width] = input;
        let plain = Convolution {
            window: Window::new([1, 1]),
            groups: 1,
            weight: None,
            bias: false,
            norm: None,
            activation: None,
            pool: None,
        };
        match *self {
            Self::Conv2d { outputs, window, groups, bias, .. } => {
                let [kh, kw] = window.kernel;
                let weight = Some(vec![outputs, channels / groups, kh, kw]);
                Some(Convolution { window, groups, weight, bias, ..plain })
            }
            Self::Linear { outputs, bias, .. } => Some(Convolution {
                window: Window::new([height, width]),
                weight: Some(vec![outputs, volume(input)]),
                bias,
                ..plain
            }),
            Self::BatchNorm(eps) => {
                Some(Convolution { groups: channels, norm: Some((name.to_owned(), eps)), ..plain })
            }
            _ => None,
        }
    }

    /// Trained values, and values that are stored but not trained.
    pub(crate) fn parameters(&self, input: [usize; 3]) -> [usize; 2] {
        let [channels, ..] = input;
        match *self {
            Self::BatchNorm(_) => [2 * channels, 2 * channels],
            Self::Conv2d { outputs, bias, .. } | Self::Linear { outputs, bias, .. } => {
                let convolution = self.convolution("", input);
                let weight = convolution.and_then(|convolution| convolution.weight);
                let weights: usize = weight.iter().flatten().product();
                [weights + usize::from(bias) * outputs, 0]
            }
            _ => [0, 0],
        }
    }

    /// The layer's struct in `microcnn::layers`.
    /// Where a layer without weights has what its results mean from.
    pub(crate) fn meaning(&self) -> Meaning {
        match self {
            Self::MaxPool2d(_) | Self::Flatten => Meaning::Inputs,
            _ => Meaning::Own,
        }
    }

    pub(crate) fn type_name(&self) -> TokenStream {
        match self {
            Self::Conv2d { .. } => quote!(Conv2d),
            Self::Linear { .. } => quote!(Linear),
            Self::MaxPool2d(_) => quote!(MaxPool2d),
            Self::AvgPool2d(..) => quote!(AvgPool2d),
            Self::BatchNorm(_) => quote!(BatchNorm),
            Self::Activation(_) => quote!(Activate),
            Self::Softmax => quote!(Softmax),
            Self::Residual => quote!(Residual),
            Self::Flatten => quote!(Transpose),
            Self::Dropout => unreachable!("a dropout has no state"),
        }
    }

    /// What the layer's type has besides its shapes.
    pub(crate) fn numbers(
        &self,
        name: &TokenStream,
        input: [usize; 3],
        output: [usize; 3],
    ) -> TokenStream {
        match self {
            Self::Activation(function) => quote! {
                impl __cnn::ActivationLayer for #name {
                    const FUNCTION: __cnn::Activation = __cnn::Activation::#function;
                }
            },
            Self::MaxPool2d(window) => window::pool(name, window, true, input, output),
            Self::AvgPool2d(window, padded) => window::pool(name, window, *padded, input, output),
            _ => TokenStream::new(),
        }
    }
}
