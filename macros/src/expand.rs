//! A plan → Rust code: the struct, a type with constants for each layer, two straight-line functions
//! over them, and the methods that users call.
//!
//! Nothing here depends on what the user has imported or shadowed: paths are absolute, or start at
//! `__cnn`, the crate's private door, which every scope that needs it opens for itself.

use crate::api;
use crate::docs;
use crate::forward;
use crate::infer::guess;
use crate::layer::{Convolution, numbers};
use crate::parse::Declaration;
use crate::plan::{Field, Plan, Precision, State};
use crate::shape::Shape;
use proc_macro2::{Group, Literal, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use std::collections::BTreeSet;
use std::rc::Rc;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Ident, Meta, Type, TypePath};

/// What all parts of the expansion need to know.
pub(crate) struct Network<'a> {
    /// The path of the `microcnn` crate.
    pub(crate) microcnn: &'a TokenStream,
    pub(crate) name: &'a Ident,
    /// The visibility that the user wrote, as if the macro had written it: warnings about it belong
    /// to the struct alone.
    pub(crate) visibility: TokenStream,
    /// `#[cfg(..)]` of the struct, for everything that goes with it.
    pub(crate) cfgs: Vec<&'a Attribute>,
    /// The parameters for the precision and the algorithm: `P` and `A`.
    pub(crate) p: Ident,
    pub(crate) a: Ident,
    /// The parameter for another algorithm: `B`.
    pub(crate) b: Ident,
    /// The module of the layers' types.
    pub(crate) module: Ident,
    /// The two shapes; where one is unknown for a mistake, one that does for types.
    pub(crate) input: [usize; 3],
    pub(crate) output: [usize; 3],
    /// The network, or nothing after a mistake.
    pub(crate) plan: Option<&'a Plan>,
}

/// The code for a network, with types and methods but without a body after a mistake.
pub(crate) fn expand(
    declaration: &Declaration,
    input: Shape,
    output: Shape,
    plan: Option<&Plan>,
) -> TokenStream {
    let name = &declaration.name;
    let taken = taken_names(name, plan);
    let network = Network {
        microcnn: &declaration.microcnn,
        name,
        visibility: unspanned(declaration.visibility.to_token_stream()),
        cfgs: declaration.attributes.iter().filter(|a| a.path().is_ident("cfg")).collect(),
        p: free_name("P", &taken),
        a: free_name("A", &taken),
        b: free_name("B", &taken),
        module: format_ident!("__{}", name.unraw(), span = Span::call_site()),
        input: guess(input),
        output: guess(output),
        plan,
    };
    let Network { microcnn, cfgs, module, .. } = &network;
    let structure = structure(declaration, &network);
    let types = plan.map(|plan| {
        let types = plan.fields.iter().map(layer_type);
        quote! {
            #(#cfgs)*
            #[doc(hidden)]
            mod #module {
                use ::core::prelude::v1::*;
                use #microcnn::__private as __cnn;
                #(#types)*
            }
        }
    });
    let named = plan.is_none().then(|| named_types(declaration, cfgs));
    let implementation = forward::implementation(&network);
    let api = api::api(&network);
    let fields = plan.map_or(&[][..], |plan| &plan.fields);
    let asserts = fields.iter().filter_map(|field| algorithm_assert(field, module));
    quote! {
        #structure
        #types
        #named
        #(#cfgs)*
        const _: () = {
            use ::core::primitive::{bool, f32, str, u8, u64, usize};
            use #microcnn::__private as __cnn;
            #implementation
            #(#asserts)*
            #api
        };
    }
}

/// The algorithms and precisions that layers ask for, so that after a mistake elsewhere the compiler
/// still says which of them there are not.
fn named_types(declaration: &Declaration, cfgs: &[&Attribute]) -> TokenStream {
    let items = declaration.items.iter().flatten().flatten();
    let types = items.flat_map(|item| [item.types("algorithm"), item.types("precision")].concat());
    let paths = types.filter(|path| matches!(**path, Type::Path(_)));
    let named = |path| {
        quote! {
            #(#cfgs)*
            const _: ::core::marker::PhantomData<#path> = ::core::marker::PhantomData;
        }
    };
    paths.map(named).collect()
}

/// The first names of all types that the user gave: parameters must not hide them.
fn taken_names(name: &Ident, plan: Option<&Plan>) -> BTreeSet<String> {
    let fields = plan.map_or(&[][..], |plan| &plan.fields);
    let algorithms = fields.iter().filter_map(|field| field.algorithm.as_ref());
    let precisions = fields.iter().filter_map(|field| field.precision.path());
    let first = |path: &Rc<Type>| match &**path {
        Type::Path(TypePath { path, .. }) => Some(path.segments.first()?.ident.to_string()),
        _ => None,
    };
    algorithms.chain(precisions).filter_map(first).chain([name.to_string()]).collect()
}

fn free_name(name: &str, taken: &BTreeSet<String>) -> Ident {
    let mut name = name.to_owned();
    while taken.contains(&name) {
        name.push('_');
    }
    Ident::new(&name, Span::call_site())
}

/// The same tokens as if the macro had written them.
fn unspanned(tokens: TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            if let TokenTree::Group(group) = &token {
                token = Group::new(group.delimiter(), unspanned(group.stream())).into();
            }
            token.set_span(Span::call_site());
            token
        })
        .collect()
}

impl Network<'_> {
    /// `LeNet5<P, A>`
    pub(crate) fn this(&self) -> TokenStream {
        let Self { name, p, a, .. } = self;
        quote!(#name<#p, #a>)
    }

    /// A precision as a type.
    pub(crate) fn precision(&self, precision: &Precision, private: &TokenStream) -> TokenStream {
        precision_in(&self.p.to_token_stream(), precision, private)
    }

    /// What a network with the algorithm `a` asks of its parameters.
    pub(crate) fn bounds(&self, a: &TokenStream, private: &TokenStream) -> TokenStream {
        let p = &self.p;
        let bounds = self.bounds_in(&quote!(#p), a, private);
        quote!(#p: #private::Precision, #bounds)
    }

    /// What a network in the precision `p` with the algorithm `a` asks of the algorithm.
    pub(crate) fn bounds_in(
        &self,
        p: &TokenStream,
        a: &TokenStream,
        private: &TokenStream,
    ) -> TokenStream {
        let mut seen = BTreeSet::new();
        let mut bounds = Vec::new();
        let mut bound = |algorithm: TokenStream, precision: TokenStream| {
            let bound = quote!(#algorithm: #private::Convolve<#precision>);
            if seen.insert(bound.to_string()) {
                bounds.push(bound);
            }
        };
        bound(a.clone(), p.clone());
        for field in self.plan.map_or(&[][..], |plan| &plan.fields) {
            if let State::Convolution(..) = field.state {
                let algorithm = field.algorithm.as_ref().map_or(a.clone(), Rc::to_token_stream);
                // An algorithm that runs in a precision runs in its outer one.
                let precision = match &field.precision {
                    Precision::Outer => &Precision::Own,
                    other => other,
                };
                bound(algorithm, precision_in(p, precision, private));
            }
        }
        quote!(#(#bounds,)*)
    }

    /// Stands for type parameters that no field has.
    pub(crate) fn marker(&self) -> Option<TokenStream> {
        let own = |field: &Field| field.algorithm.is_none() && field.has_weights();
        let used = self.plan.is_some_and(|plan| plan.fields.iter().any(own));
        (!used).then(|| quote!(__marker: ::core::marker::PhantomData))
    }

    /// The type of a field.
    pub(crate) fn field_type(&self, field: &Field, private: &TokenStream) -> TokenStream {
        let Self { a, module, .. } = self;
        let ident = &field.ident;
        let mut precision = self.precision(&field.precision, private);
        if field.real {
            precision = quote!(<#precision as #private::Arithmetic>::Real);
        }
        match &field.state {
            State::Convolution(layer, _) => {
                let kind = layer.type_name();
                let algorithm =
                    field.algorithm.as_ref().map_or(a.to_token_stream(), Rc::to_token_stream);
                quote!(#private::#kind<#precision, #algorithm, #module::#ident>)
            }
            State::Layer(layer) => {
                let kind = layer.type_name();
                quote!(#private::#kind<#precision, #module::#ident>)
            }
            State::Convert(from) => {
                let from = self.precision(from, private);
                quote!(#private::Convert<#from, #precision, #module::#ident>)
            }
        }
    }
}

/// A precision as a type, in a network of the precision `p`.
fn precision_in(p: &TokenStream, precision: &Precision, private: &TokenStream) -> TokenStream {
    match precision {
        Precision::Own => quote!(#p),
        Precision::Outer => quote!(<#p as #private::Arithmetic>::Outer),
        Precision::Float => quote!(::core::primitive::f32),
        Precision::Asked(asked) => {
            let asked = &asked.1;
            quote!(<#p as #private::Arithmetic>::Or<#asked>)
        }
    }
}

fn structure(declaration: &Declaration, network: &Network<'_>) -> TokenStream {
    let Declaration { microcnn, visibility, name, .. } = declaration;
    let Network { p, a, .. } = network;
    let private = quote!(#microcnn::__private);
    let attributes = declaration.attributes.iter().filter_map(without_own_derives);
    let table = network.plan.map(docs::table);
    let bounds = network.bounds(&a.to_token_stream(), &private);
    let fields = network.plan.map_or(&[][..], |plan| &plan.fields).iter().map(|field| {
        let (ident, kind) = (&field.ident, network.field_type(field, &private));
        quote!(#ident: #kind,)
    });
    let input = network.plan.map(|plan| {
        let precision = network.precision(&plan.forward.values[0].precision, &private);
        let ident = &plan.input;
        quote!(#ident: #private::Input<#precision>,)
    });
    let marker = network.marker().map(|marker| quote!(#marker<(#p, #a)>,));
    quote! {
        #(#attributes)*
        #table
        #[derive(::core::clone::Clone)]
        #visibility struct #name<#p = ::core::primitive::f32, #a = #private::Auto>
        where
            #bounds
        {
            #(#fields)*
            #input
            __verbose: ::core::primitive::bool,
            #marker
        }
    }
}

/// An attribute without `derive`s of what the macro implements itself.
fn without_own_derives(attribute: &Attribute) -> Option<TokenStream> {
    let Meta::List(list) = &attribute.meta else { return Some(quote!(#attribute)) };
    if !list.path.is_ident("derive") {
        return Some(quote!(#attribute));
    }
    let mut others = Vec::new();
    attribute
        .parse_nested_meta(|meta| {
            let path = meta.path;
            let own = path
                .segments
                .last()
                .is_some_and(|last| last.ident == "Clone" || last.ident == "Debug");
            if !own {
                others.push(path);
            }
            Ok(())
        })
        .is_ok()
        .then_some(())
        .map_or_else(
            || Some(quote!(#attribute)),
            |()| (!others.is_empty()).then(|| quote!(#[derive(#(#others),*)])),
        )
}

/// A layer's type: no values, all numbers as constants.
fn layer_type(field: &Field) -> TokenStream {
    let name = field.ident.to_token_stream();
    let map = |[c, h, w]: [usize; 3]| {
        let [c, h, w] = [c, h, w].map(Literal::usize_unsuffixed);
        quote!(__cnn::FeatureMap<T, #c, #h, #w>)
    };
    let (input, output) = (map(field.input), map(field.output));
    let numbers = match &field.state {
        State::Convolution(_, convolution) => convolution_numbers(field, convolution),
        State::Layer(layer) => layer.numbers(&name, field.input, field.output),
        State::Convert(_) => TokenStream::new(),
    };
    quote! {
        #[derive(Clone, Copy, Debug, Default)]
        pub(super) struct #name;
        impl __cnn::Layer for #name {
            type Input<T: __cnn::Pod> = #input;
            type Output<T: __cnn::Pod> = #output;
        }
        #numbers
    }
}

/// That the algorithm which a layer asks for does the layer, under whatever name it goes here.
fn algorithm_assert(field: &Field, module: &Ident) -> Option<TokenStream> {
    let algorithm = field.algorithm.as_ref()?;
    let ident = &field.ident;
    let shown = algorithm.to_token_stream().to_string().replace(' ', "");
    let message = format!("`{}`: `{shown}` cannot do this layer", field.name);
    let does = quote!(__cnn::does_itself::<#algorithm, #module::#ident>());
    let assert = quote_spanned!(algorithm.span()=> ::core::assert!(#does, #message));
    Some(quote!(const _: () = #assert;))
}

fn convolution_numbers(field: &Field, convolution: &Convolution) -> TokenStream {
    let (ident, name) = (&field.ident, &field.name);
    let Convolution { window, groups, weight, bias, norm, activation, pool } = convolution;
    let (input, output) = (numbers(field.input), numbers(field.output));
    let activation = match activation {
        Some(function) => quote!(#function),
        None => quote!(Identity),
    };
    let pool = pool.as_ref().map(|pool| {
        quote! {
            const POOL: ::core::option::Option<__cnn::PoolShape> =
                Some(<#pool as __cnn::PoolLayer>::SHAPE);
        }
    });
    let none = quote!(None);
    let weight = weight.as_ref().map_or(none.clone(), |shape| {
        let shape = numbers(shape.iter().copied());
        quote!(Some(&#shape))
    });
    let norm = norm.as_ref().map_or(none, |(name, eps)| {
        let eps = Literal::f32_unsuffixed(*eps);
        quote!(Some(__cnn::NormSpec { name: #name, eps: #eps }))
    });
    let groups = Literal::usize_unsuffixed(*groups);
    quote! {
        impl __cnn::Epilogue for #ident {
            const ACTIVATION: __cnn::Activation = __cnn::Activation::#activation;
            #pool
        }
        impl __cnn::ConvLayer for #ident {
            const SPEC: __cnn::ConvSpec = __cnn::ConvSpec {
                name: #name,
                shape: __cnn::ConvShape {
                    input: #input,
                    output: #output,
                    window: #window,
                    groups: #groups,
                },
                weight: #weight,
                bias: #bias,
                norm: #norm,
            };
        }
        const _: () = ::core::assert!(<#ident as __cnn::ConvLayer>::SPEC.shape.is_consistent());
    }
}
