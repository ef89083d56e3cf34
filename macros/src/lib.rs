//! The macros of `microcnn`. `network!`: text → parse → model → infer → plan → expand.
//! `bench_network!` and `cli!` are a file each; what both take is in `options.rs`.

extern crate proc_macro;

mod api;
mod bench;
mod cli;
mod docs;
mod expand;
mod forward;
#[cfg(test)]
mod golden;
mod infer;
mod isas;
mod layer;
mod model;
mod options;
mod parse;
mod plan;
mod program;
mod report;
mod shape;

use proc_macro2::TokenStream;
use quote::quote;
use report::Report;
use syn::Path;
use syn::parse::{ParseStream, Parser};

/// Declares a network; the language is described where `microcnn` exports it.
#[proc_macro]
pub fn network(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    network_tokens(input.into()).into()
}

/// Declares the benchmarks of a network; described where `microcnn` exports it.
#[proc_macro]
pub fn bench_network(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    main_tokens(input.into(), bench::expand).into()
}

/// The whole `main` of a program for a network; described where `microcnn` exports it.
#[proc_macro]
pub fn cli(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    main_tokens(input.into(), cli::expand).into()
}

/// The code of a macro that makes a `main` for networks, or its mistakes.
fn main_tokens(
    input: TokenStream,
    expand: fn(ParseStream<'_>, &mut Vec<Path>, &mut Report) -> syn::Result<TokenStream>,
) -> TokenStream {
    let mut report = Report::default();
    let mut networks = Vec::new();
    let code = |input: ParseStream<'_>| expand(input, &mut networks, &mut report);
    let code = code.parse2(input).unwrap_or_else(|error| {
        report.syntax(&error);
        TokenStream::new()
    });
    let code = if report.is_empty() { code } else { options::nothing(&networks) };
    quote!(#report #code)
}

fn network_tokens(input: TokenStream) -> TokenStream {
    let mut report = Report::default();
    let parsed = |input: ParseStream<'_>| parse::declaration(input, &mut report);
    let declaration = match parsed.parse2(input) {
        Ok(declaration) => declaration,
        Err(error) => {
            report.syntax(&error);
            return quote!(#report);
        }
    };
    let nodes = model::model(&declaration, &mut report);
    let name = &declaration.name;
    let mut shape = |list| infer::declared(list, name, &mut report);
    let input = declaration.input.as_ref().map_or([None; 3], &mut shape);
    let declared = declaration.output.as_ref().map(|list| (list, shape(list)));
    let (layers, output) = infer::infer(&nodes, name, input, declared, &mut report);
    let plan = match (report.is_empty(), shape::known(input)) {
        (true, Some(input)) => Some(plan::plan(&layers, input)),
        _ => None,
    };
    let expansion = expand::expand(&declaration, input, output, plan.as_ref());
    // In a scope of their own: in one with a `compile_error!` rustc keeps names that it can't find to itself.
    let mistakes = (!report.is_empty()).then(|| quote!(const _: () = { #report };));
    quote!(#mistakes #expansion)
}
