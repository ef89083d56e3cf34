//! The methods that users call, each one line into the library, so that no trait has to be imported.

use crate::expand::Network;
use crate::plan::{Plan, State};
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

pub(crate) fn api(network: &Network<'_>) -> TokenStream {
    let Network { name, p, a, visibility: vis, .. } = network;
    let this = network.this();
    let bounds = network.bounds(&a.to_token_stream(), &quote!(__cnn));
    let auto_bounds = network.bounds(&quote!(__cnn::Auto), &quote!(__cnn));
    let [ic, ih, iw] = network.input.map(Literal::usize_unsuffixed);
    let [oc, oh, ow] = network.output.map(Literal::usize_unsuffixed);
    let input =
        |pixel: TokenStream, n: TokenStream| quote!(&__cnn::Tensor<#pixel, #n, #ic, #ih, #iw>);
    let (real, byte) = (quote!(f32), quote!(u8));
    // In braces it is no type, whatever types of that name the user has.
    let n = quote!({ N });
    let images = input(real.clone(), n.clone());
    let pixels = input(byte.clone(), n.clone());
    let image = input(real.clone(), quote!(1));
    let output = quote!(__cnn::Tensor<#real, #n, #oc, #oh, #ow>);
    let size = quote!(usize);
    let constant = constant(network);
    let with_algorithm = with_algorithm(network);
    let quantize = quantize(network);
    quote! {
        impl #name<#real, __cnn::Auto> {
            __cnn::with_alloc! {
                /// A network with Kaiming-uniform parameters, for tests and benchmarks.
                ///
                /// The same seed gives the same parameters on every machine.
                #[must_use]
                #vis fn random(seed: u64) -> Self {
                    __cnn::weights::random(seed)
                }
            }

            #constant
        }

        impl<#p> #name<#p, __cnn::Auto>
        where
            #auto_bounds
        {
            __cnn::with_alloc! {
                /// A network with the parameters of a `.safetensors` file.
                ///
                /// # Errors
                /// What is wrong with the file.
                #vis fn from_safetensors(
                    file: &[#byte],
                ) -> ::core::result::Result<Self, __cnn::LoadError> {
                    __cnn::weights::from_safetensors(file)
                }

                /// A network with the parameters of a `.raw` file.
                ///
                /// # Errors
                /// What is wrong with the file.
                #vis fn from_raw(
                    file: &[#byte],
                ) -> ::core::result::Result<Self, __cnn::LoadError> {
                    __cnn::weights::from_raw(file)
                }
            }

            __cnn::with_std! {
                /// A network with the parameters of a `.safetensors` or `.raw` file.
                ///
                /// # Errors
                /// If the file can't be read, and what is wrong with it.
                #vis fn from_file(
                    path: impl ::core::convert::AsRef<__cnn::Path>,
                ) -> ::core::result::Result<Self, __cnn::LoadError> {
                    __cnn::weights::from_file(path)
                }
            }
        }

        impl<#p, #a> #this
        where
            #bounds
        {
            /// The layers as written.
            #vis const LAYERS: &'static [__cnn::LayerInfo] = <Self as __cnn::Network>::LAYERS;
            /// Trained values; running statistics don't count.
            #vis const PARAMETERS: #size = <Self as __cnn::Network>::PARAMETERS;
            /// Multiply-adds for one image.
            #vis const MACS: #size = <Self as __cnn::Network>::MACS;
            /// Bytes of scratch memory that suffice for a batch of any size. `predict` takes them from the
            /// stack, above 256 KiB from the heap. For four images and more it may take more, to run them
            /// together: up to 256 KiB of the stack, or as a part of the same allocation.
            #vis const WORKSPACE_BYTES: #size = <Self as __cnn::Network>::WORKSPACE_BYTES;

            __cnn::with_alloc! {
                /// Scratch memory for `predict_with`: `WORKSPACE_BYTES`, or as much more as makes batches
                /// faster.
                #[must_use]
                #vis fn workspace() -> __cnn::Box<[__cnn::Block]> {
                    __cnn::workspace::<Self>()
                }
            }

            /// Runs a batch of any size. Allocates nothing, unless `WORKSPACE_BYTES` exceeds 256 KiB.
            #[must_use]
            #vis fn predict<const N: #size>(&self, images: #images) -> #output {
                __cnn::predict(self, images)
            }

            /// Runs a batch in scratch memory of the caller's, made by `workspace`.
            ///
            /// # Panics
            /// If the workspace is smaller than this network's.
            #[must_use]
            #vis fn predict_with<const N: #size>(
                &self,
                images: #images,
                workspace: &mut [__cnn::Block],
            ) -> #output {
                __cnn::predict_with(self, images, workspace)
            }

            /// Runs a batch of pixels, 0 to 255 for 0.0 to 1.0.
            #[must_use]
            #vis fn predict_u8<const N: #size>(&self, images: #pixels) -> #output {
                __cnn::predict(self, images)
            }

            /// Bytes that the parameters take in memory.
            #[must_use]
            #vis fn weight_bytes(&self) -> #size {
                <Self as __cnn::Network>::weight_bytes(self)
            }

            __cnn::with_alloc! {
                /// The result of every layer as written, for one image.
                #[must_use]
                #vis fn trace(&self, image: #image) -> __cnn::Vec<__cnn::LayerTrace> {
                    __cnn::trace(self, image)
                }

                #with_algorithm
            }

            __cnn::with_std! {
                /// The time of every layer, each run by itself.
                #[must_use]
                #vis fn profile(&self, image: #image) -> __cnn::Vec<__cnn::LayerTime> {
                    __cnn::profile(self, image)
                }

                /// Reads the parameters of a `.safetensors` or `.raw` file into this network.
                ///
                /// # Errors
                /// If the file can't be read, and what is wrong with it. The network then keeps its
                /// parameters.
                #vis fn load(
                    &mut self,
                    path: impl ::core::convert::AsRef<__cnn::Path>,
                ) -> ::core::result::Result<(), __cnn::LoadError> {
                    __cnn::weights::load(self, path)
                }

                /// Writes the parameters to a `.safetensors` or `.raw` file.
                ///
                /// # Errors
                /// If the file can't be written, or its name has another ending.
                #vis fn save(
                    &self,
                    path: impl ::core::convert::AsRef<__cnn::Path>,
                ) -> ::core::result::Result<(), __cnn::SaveError> {
                    __cnn::weights::save(self, path)
                }
            }
        }

        #quantize

        impl<#p, #a> ::core::fmt::Display for #this
        where
            #bounds
        {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                __cnn::summary(self, f)
            }
        }

        impl<#p, #a> ::core::fmt::Debug for #this
        where
            #bounds
        {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                __cnn::debug(self, f)
            }
        }
    }
}

/// Running from parameters that were packed when the program was compiled.
fn constant(network: &Network<'_>) -> TokenStream {
    let Network { module, visibility: vis, .. } = network;
    let fields = network.plan.map_or(&[][..], |plan: &Plan| &plan.fields);
    let weights: Vec<_> =
        fields.iter().filter(|field| field.has_weights()).map(|field| &field.ident).collect();
    let specs = weights.iter().map(|ident| quote!(<#module::#ident as __cnn::ConvLayer>::SPEC));
    let specs: Vec<_> = specs.collect();
    let packed = quote!(__cnn::sum(&[#(__cnn::packed_blocks(&#specs),)*]));
    let splits = weights.iter().zip(&specs).map(|(ident, spec)| {
        quote!(let (#ident, packed) = packed.split_at(__cnn::packed_blocks(&#spec));)
    });
    let values = fields.iter().map(|field| {
        let ident = &field.ident;
        match &field.state {
            State::Convolution(..) => quote!(#ident: __cnn::Conv2d::from_packed(#ident)),
            State::Layer(layer) => {
                let kind = layer.type_name();
                quote!(#ident: __cnn::#kind::PLAIN)
            }
            State::Convert(_) => quote!(#ident: __cnn::Convert::PLAIN),
        }
    });
    let marker = network.marker();
    let input = network.plan.map(|plan| {
        let ident = &plan.input;
        quote!(#ident: __cnn::Input::PLAIN,)
    });
    let body = match network.plan {
        Some(_) => quote! {
            let packed: &'static [__cnn::Block] = packed;
            #(#splits)*
            let _ = packed;
            Self { #(#values,)* #input __verbose: false, #marker }
        },
        None => quote!(::core::panic!("this network did not compile")),
    };
    quote! {
        /// Blocks that the packed parameters take.
        #vis const PACKED: usize = #packed;

        /// Packs the bytes of a `.raw` file when the program is compiled.
        ///
        /// # Panics
        /// If the file is not of this network; in a constant this is a compile error.
        #[must_use]
        #vis const fn pack(raw: &[u8]) -> [__cnn::Block; Self::PACKED] {
            __cnn::ConstPacker::<{ Self::PACKED }>::new(raw, <Self as __cnn::Network>::STORED)
                #(.layer(&#specs))*
                .finish()
        }

        /// A network that runs from packed parameters where they lie.
        ///
        /// # Panics
        /// If a layer runs from transformed weights; in a constant this is a compile error.
        #[must_use]
        #vis const fn from_packed(packed: &'static [__cnn::Block; Self::PACKED]) -> Self {
            #body
        }
    }
}

fn with_algorithm(network: &Network<'_>) -> TokenStream {
    let Network { name, p, b, visibility: vis, .. } = network;
    let bounds = network.bounds(&b.to_token_stream(), &quote!(__cnn));
    let fields = network.plan.map_or(&[][..], |plan: &Plan| &plan.fields).iter().map(|field| {
        let ident = &field.ident;
        match field.state {
            State::Convolution(..) if field.algorithm.is_none() => {
                quote!(#ident: self.#ident.with_algorithm())
            }
            _ => quote!(#ident: self.#ident),
        }
    });
    let marker = network.marker();
    let input = network.plan.map(|plan| {
        let ident = &plan.input;
        quote!(#ident: self.#ident,)
    });
    let body = match network.plan {
        Some(_) => quote!(#name { #(#fields,)* #input __verbose: self.__verbose, #marker }),
        None => quote!(::core::panic!("this network did not compile")),
    };
    quote! {
        /// The same parameters under another algorithm.
        #[must_use]
        #vis fn with_algorithm<#b>(self) -> #name<#p, #b>
        where
            #bounds
        {
            #body
        }
    }
}

/// From floats to other precisions.
fn quantize(network: &Network<'_>) -> TokenStream {
    let Network { name, a, p, visibility: vis, .. } = network;
    let algorithm = a.to_token_stream();
    let bounds = network.bounds(&algorithm, &quote!(__cnn));
    let floats = network.bounds_in(&quote!(f32), &algorithm, &quote!(__cnn));
    let error = quote!(__cnn::QuantizeError);
    let target = quote!(#name<#p, #a>);
    quote! {
        __cnn::with_alloc! {
            impl<#a> #name<f32, #a>
            where
                #floats
            {
                /// The same network in another precision. Its ranges are those of calibration images: a
                /// batch, or anything that yields images. They should be like those that it will
                /// see, but no test images; 100 are enough for 8 bits, 1,000 for fewer.
                ///
                /// # Errors
                /// If there is no image, one holds NaN or infinity, or a layer's sums need more than
                /// 32 bits.
                #vis fn quantize<#p>(
                    &self,
                    calibration: impl __cnn::Calibration,
                ) -> ::core::result::Result<#target, #error>
                where
                    #bounds
                {
                    __cnn::quant::quantize(self, calibration, &::core::default::Default::default())
                }

                /// The same network in another precision, made as the options say.
                ///
                /// # Errors
                /// As [`quantize`](Self::quantize).
                #vis fn quantize_with<#p>(
                    &self,
                    calibration: impl __cnn::Calibration,
                    options: impl ::core::borrow::Borrow<__cnn::QuantizeOptions>,
                ) -> ::core::result::Result<#target, #error>
                where
                    #bounds
                {
                    __cnn::quant::quantize(self, calibration, options.borrow())
                }

                /// The same network in another precision, and what that did to each layer.
                ///
                /// # Errors
                /// As [`quantize`](Self::quantize).
                #vis fn quantize_report<#p>(
                    &self,
                    calibration: impl __cnn::Calibration,
                    options: impl ::core::borrow::Borrow<__cnn::QuantizeOptions>,
                ) -> ::core::result::Result<(#target, __cnn::QuantizeReport), #error>
                where
                    #bounds
                {
                    __cnn::quant::quantize_report(self, calibration, options.borrow())
                }
            }
        }
    }
}
