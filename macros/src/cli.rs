//! `cli!`: text → a network and two options → a `main` for the program.

use crate::options::{Options, PRECISIONS, absolute, known, precisions, spoken};
use crate::parse::crate_path;
use crate::report::{Place, Report, nearest};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{ParseStream, Result};
use syn::{Ident, Path, Type};

const OPTIONS: Options = Options {
    of: "cli!",
    all: &[("precisions", "[..]"), ("pictures", "..")],
    comma: "write `,` before an option",
};
const PICTURES: &[&str] = &["Plain", "Digits"];

/// A whole `cli!`. The network is noted as it is read.
pub(crate) fn expand(
    input: ParseStream<'_>,
    networks: &mut Vec<Path>,
    report: &mut Report,
) -> Result<TokenStream> {
    let microcnn = crate_path(input)?;
    let network = OPTIONS.network(input, networks)?;
    let (mut types, mut pictures) = (None, None);
    OPTIONS.read(input, report, |name, key, input, report| {
        match name {
            "precisions" => types = Some((key.clone(), precisions(key, input, report)?)),
            _ => pictures = Some(picture(input, report)?),
        }
        Ok(())
    })?;
    if !input.is_empty() {
        return Err(Report::fatal(
            input.span(),
            "a program has one network",
            "write `,` between options, and a program of its own for another network",
        ));
    }
    let integers = integers(types, report);
    let integers = integers.iter().map(|integer| absolute(integer, &microcnn, PRECISIONS));
    let pictures = pictures.unwrap_or_else(|| Ident::new(PICTURES[0], Span::call_site()));
    // Of the network in all precisions: a name for it, however it is reached. A type's name has no
    // hygiene, so this and its parameters' must be nobody else's.
    let alias = Ident::new("__CnnNetwork", Span::call_site());
    Ok(quote! {
        fn main() -> ::std::process::ExitCode {
            type #alias<__CnnP = ::core::primitive::f32, __CnnA = #microcnn::conv::Auto> =
                #network<__CnnP, __CnnA>;
            let pictures = const {
                let input = <#alias as #microcnn::network::Network>::INPUT;
                #microcnn::cli::Pictures::#pictures.for_input(input)
            };
            #microcnn::cli::run(&#microcnn::cli::program!(
                #alias, [#(#integers),*], others: [], ::core::option::Option::None, pictures,
            ))
        }
    })
}

/// The precisions beside `f32`, which every program has.
fn integers(types: Option<(Ident, Vec<Type>)>, report: &mut Report) -> Vec<Type> {
    let float = |written: &Type| known(written, &["f32"]).is_some();
    let Some((key, mut types)) = types else {
        let usual = ["i8", "W4A8", "I4"];
        return usual.map(|name| syn::parse_str(name).expect("names are types")).into();
    };
    if !types.is_empty() && !types.iter().any(float) {
        report.error(
            Place::of(&key),
            "`precisions` lacks `f32`, which the others are quantized from and compared with",
            "write it, too: `precisions = [f32, ..]`",
        );
    }
    types.retain(|written| !float(written));
    types
}

/// `Digits` or `Plain`.
fn picture(input: ParseStream<'_>, report: &mut Report) -> Result<Ident> {
    let name: Ident = input.parse()?;
    let text = name.to_string();
    if !PICTURES.contains(&text.as_str()) {
        let near = nearest(&text, PICTURES.iter().copied()).unwrap_or_default();
        let help = format!("write `{near}`; there are {}", spoken(PICTURES));
        report.error(name.span(), &format!("no kind of pictures `{text}`"), &help);
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declares_no_type_that_a_network_may_be_called() {
        for name in ["Chosen", "Network", "P", "A"] {
            let code = crate::main_tokens(name.parse().unwrap(), expand).to_string();
            let declared = code.split(';').next().unwrap();
            let words = declared.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
            assert_eq!(words.filter(|word| *word == name).count(), 1, "{code}");
        }
    }
}
