//! `bench_network!`: text → suites, each with its lists → a `main` for criterion.

use crate::isas::ISAS;
use crate::parse::crate_path;
use crate::report::{Place, Report, nearest};
use proc_macro2::{Literal, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{Parse, ParseStream, Result};
use syn::spanned::Spanned;
use syn::{Ident, LitInt, Path, Token, Type};

/// One network, and what of it is measured.
struct Suite {
    network: Path,
    /// What makes it.
    value: TokenStream,
    precisions: Vec<Type>,
    algorithms: Vec<Type>,
    isas: Vec<Ident>,
    batches: Vec<LitInt>,
}

const KEYS: &[&str] = &["precisions", "algorithms", "isas", "batches", "network"];
/// Names that need no `use`, and where they are.
pub(crate) const PRECISIONS: &[&str] = &["f32", "i8", "W4A8", "I4", "W2A8"];
const ALGORITHMS: &[&str] = &["Naive", "Im2col", "Direct", "Winograd", "Fft", "Auto"];
/// Algorithms that have kernels for floats alone.
const FLOAT_ONLY: &[&str] = &["Winograd", "Fft"];

/// A whole `bench_network!`. The networks are noted as they are read.
pub(crate) fn expand(
    input: ParseStream<'_>,
    networks: &mut Vec<Path>,
    report: &mut Report,
) -> Result<TokenStream> {
    let microcnn = crate_path(input)?;
    let mut suites = Vec::new();
    if input.is_empty() {
        return Err(Report::fatal(
            input.span(),
            "no network",
            "write the name of one that `network!` made: `bench_network!(LeNet5)`",
        ));
    }
    while !input.is_empty() {
        suites.push(suite(input, &microcnn, networks, report)?);
        if !input.is_empty() {
            after(input, "`;` between two suites")?;
            input.parse::<Token![;]>()?;
        }
    }
    let suites = suites.iter().map(|suite| suite.code(&microcnn));
    Ok(quote! {
        fn main() {
            let mut criterion = ::criterion::Criterion::default()
                .warm_up_time(#microcnn::__private::bench::WARM_UP)
                .measurement_time(#microcnn::__private::bench::MEASUREMENT)
                .configure_from_args();
            #({#suites})*
            criterion.final_summary();
        }
    })
}

/// What is left after a mistake: nothing else is wrong, and the networks are in use.
pub(crate) fn nothing(networks: &[Path]) -> TokenStream {
    quote! {
        #(const _: ::core::option::Option<#networks> = ::core::option::Option::None;)*
        fn main() {}
    }
}

/// `LeNet5, precisions: [f32, i8], batches: [1]`.
fn suite(
    input: ParseStream<'_>,
    microcnn: &TokenStream,
    networks: &mut Vec<Path>,
    report: &mut Report,
) -> Result<Suite> {
    let network: Path = input.call(Path::parse_mod_style)?;
    networks.push(network.clone());
    let (mut precisions, mut algorithms) = (None, None);
    let (mut isas, mut batches, mut value) = (None, None, None);
    let mut seen: Vec<Ident> = Vec::new();
    after(input, "`;` before another network")?;
    while input.peek(Token![,]) {
        input.parse::<Token![,]>()?;
        if input.is_empty() || input.peek(Token![;]) {
            break;
        }
        let key: Ident = input.parse()?;
        let name = key.to_string();
        if seen.contains(&key) {
            report.error(key.span(), &format!("`{name}` is given twice"), "leave one of them out");
        }
        assign(&key, input)?;
        match name.as_str() {
            "precisions" => precisions = Some(self::precisions(&key, input, report)?),
            "algorithms" => algorithms = Some(list::<Type>(&key, input, report)?),
            "isas" => isas = Some(list::<Ident>(&key, input, report)?),
            "batches" => batches = Some(list::<LitInt>(&key, input, report)?),
            "network" => value = Some(expression(input)?),
            _ => {
                let near = nearest(&name, KEYS.iter().copied()).unwrap_or_default();
                let message = format!("`bench_network!` has no option `{name}`");
                let help = format!("write `{near}`; the options are {}", spoken(KEYS));
                report.error(key.span(), &message, &help);
                expression(input)?;
            }
        }
        seen.push(key);
    }
    for isa in isas.iter().flatten() {
        let name = isa.to_string();
        if !ISAS.contains(&name.as_str()) {
            let near = nearest(&name, ISAS.iter().copied()).unwrap_or_default();
            let help = format!("write `{near}`; the instruction sets are {}", spoken(ISAS));
            report.error(isa.span(), &format!("no instruction set `{name}`"), &help);
        }
    }
    for batch in batches.iter().flatten() {
        match batch.base10_parse::<u32>() {
            Ok(0) => report.error(batch.span(), "a batch of no images", "write 1 or more"),
            Ok(_) => {}
            Err(_) => report.error(batch.span(), "not a number of images", "write 1 to 4294967295"),
        }
    }
    let default = |names: &[&str]| -> Vec<Type> {
        let named = |name: &&str| syn::parse_str(name).expect("names are types");
        names.iter().map(named).collect()
    };
    let precisions = precisions.unwrap_or_else(|| default(&["f32", "i8", "W4A8"]));
    let algorithms = algorithms.unwrap_or_else(|| default(&["Auto"]));
    for algorithm in &algorithms {
        let (Some(float), false) = (known(algorithm, FLOAT_ONLY), precisions.is_empty()) else {
            continue;
        };
        let lacking = precisions.iter().filter_map(|precision| known(precision, &PRECISIONS[1..]));
        let lacking: Vec<_> = lacking.collect();
        if !lacking.is_empty() {
            report.error(
                Place::of(algorithm),
                &format!("`{float}` does not run in {}", spoken(&lacking)),
                &format!(
                    "give it a suite of its own: `{}, precisions: [f32], algorithms: [{float}];`",
                    network.segments.last().map(|last| last.ident.to_string()).unwrap_or_default(),
                ),
            );
        }
    }
    let value = value.unwrap_or_else(|| quote!(#network::random(1)));
    let one = || vec![LitInt::new("1", Span::call_site()), LitInt::new("64", Span::call_site())];
    Ok(Suite {
        value,
        precisions: precisions.iter().map(|it| absolute(it, microcnn, PRECISIONS)).collect(),
        algorithms: algorithms.iter().map(|it| absolute(it, microcnn, ALGORITHMS)).collect(),
        isas: isas.unwrap_or_default(),
        batches: batches.unwrap_or_else(one),
        network,
    })
}

/// `:` or `=` between a key and its value: this crate's macros take both.
pub(crate) fn assign(key: &Ident, input: ParseStream<'_>) -> Result<()> {
    match () {
        () if input.peek(Token![:]) && !input.peek(Token![::]) => {
            input.parse::<Token![:]>().map(drop)
        }
        () if input.peek(Token![=]) => input.parse::<Token![=]>().map(drop),
        () => {
            let message = format!("`{key}` has no value");
            let list = ["precisions", "algorithms", "isas", "batches"].contains(&&*key.to_string());
            let value = if list { "[..]" } else { ".." };
            Err(Report::fatal(key.span(), &message, &format!("write `{key} = {value}`")))
        }
    }
}

/// After a network or the value of an option comes a comma, or what else may.
pub(crate) fn after(input: ParseStream<'_>, other: &str) -> Result<()> {
    if input.is_empty() || input.peek(Token![,]) || input.peek(Token![;]) {
        return Ok(());
    }
    let rest: TokenTree = input.fork().parse()?;
    let message = format!("no comma before `{rest}`");
    let help = if other.is_empty() {
        "write one between two options".to_owned()
    } else {
        format!("write `,` before an option, {other}")
    };
    Err(Report::fatal(rest.span(), &message, &help))
}

/// `[f32, i8]`: this crate's precisions, or types of the user's own.
pub(crate) fn precisions(
    key: &Ident,
    input: ParseStream<'_>,
    report: &mut Report,
) -> Result<Vec<Type>> {
    let precisions = list::<Type>(key, input, report)?;
    for precision in &precisions {
        let Type::Path(path) = precision else { continue };
        let Some(name) = path.path.get_ident().map(Ident::to_string) else { continue };
        let other_case = PRECISIONS.iter().any(|known| known.eq_ignore_ascii_case(&name));
        // A type of the user's own begins with a capital letter; rustc knows those.
        let meant = other_case || name.starts_with(char::is_lowercase);
        if meant && !PRECISIONS.contains(&name.as_str()) {
            let near = nearest(&name, PRECISIONS.iter().copied()).unwrap_or_default();
            let help = format!("write `{near}`; the precisions are {}", spoken(PRECISIONS));
            report.error(Place::of(precision), &format!("no precision `{name}`"), &help);
        }
    }
    Ok(precisions)
}

/// `[a, b]`, with at least one item and none twice.
fn list<T: Parse + ToTokens>(
    key: &Ident,
    input: ParseStream<'_>,
    report: &mut Report,
) -> Result<Vec<T>> {
    if !input.peek(syn::token::Bracket) {
        let message = format!("`{key}` takes a list");
        return Err(Report::fatal(input.span(), &message, &format!("write `{key} = [..]`")));
    }
    let content;
    let brackets = syn::bracketed!(content in input);
    let items = content.parse_terminated(T::parse, Token![,])?;
    if items.is_empty() {
        let place = Place::from(brackets.span.open()).to(brackets.span.close().into());
        report.error(
            place,
            &format!("`{key}` is an empty list"),
            &format!("name one or more, or leave `{key}` out for the default"),
        );
    }
    let mut texts: Vec<String> = Vec::new();
    for item in &items {
        let text = item.to_token_stream().to_string();
        if texts.contains(&text) {
            report.error(Place::of(item), &format!("`{text}` stands here twice"), "once is enough");
        }
        texts.push(text);
    }
    Ok(items.into_iter().collect())
}

/// Tokens up to the next comma or semicolon outside of brackets, those of generic arguments too.
pub(crate) fn expression(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    let (mut open, mut path) = (0, false);
    while !(input.is_empty() || input.peek(Token![;]) || open == 0 && input.peek(Token![,])) {
        match () {
            // `<` opens arguments behind `::` and inside others; elsewhere it compares.
            () if input.peek(Token![<]) && (path || open > 0) => open += 1,
            () if open > 0 && input.peek(Token![->]) => {
                tokens.extend([input.parse::<TokenTree>()?])
            }
            () if open > 0 && input.peek(Token![>]) => open -= 1,
            () => {}
        }
        path = input.peek(Token![::]) || path && input.peek(Token![:]);
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    match tokens.is_empty() {
        true => Err(input.error("expected a value")),
        false => Ok(tokens),
    }
}

/// The one of some names that a type is written as.
pub(crate) fn known<'a>(written: &Type, names: &[&'a str]) -> Option<&'a str> {
    let Type::Path(path) = written else { return None };
    let last = path.path.segments.last()?.ident.to_string();
    names.iter().find(|name| **name == last).copied()
}

/// A bare name of this crate's as its whole path, so that it needs no `use`; anything else as it is.
pub(crate) fn absolute(written: &Type, microcnn: &TokenStream, names: &[&str]) -> Type {
    let Type::Path(path) = written else { return written.clone() };
    let Some(name) = path.path.get_ident() else { return written.clone() };
    let text = name.to_string();
    let path = match text.as_str() {
        "f32" | "i8" => quote_spanned!(name.span() => ::core::primitive::#name),
        _ if !names.contains(&text.as_str()) => return written.clone(),
        _ if PRECISIONS.contains(&text.as_str()) => {
            quote_spanned!(name.span() => #microcnn::#name)
        }
        _ => quote_spanned!(name.span() => #microcnn::conv::#name),
    };
    Type::Verbatim(path)
}

/// `a`, `b` and `c`, with their backticks.
pub(crate) fn spoken(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

impl Suite {
    /// Makes the network in each precision, and gives criterion the cases of each algorithm.
    fn code(&self, microcnn: &TokenStream) -> TokenStream {
        let Self { network, value, algorithms, .. } = self;
        let isas = self.isas.iter().map(|isa| {
            // A name with a hyphen is no identifier.
            Literal::string(&isa.to_string().replace('_', "-"))
        });
        let batches = self.batches.iter().map(|batch| {
            let number = Literal::u32_unsuffixed(batch.base10_parse().unwrap_or(1));
            quote_spanned!(batch.span() => #number)
        });
        let models = self.precisions.iter().map(|precision| {
            let span = precision.span();
            let quantized = quote_spanned!(span => network.quantize::<#precision>(&calibration));
            let models = algorithms.iter().map(|algorithm| {
                quote_spanned!(algorithm.span() => {
                    let model = model.clone().with_algorithm::<#algorithm>();
                    let name = <#algorithm as __cnn::Algorithm>::NAME;
                    suite.add::<Isas, _>(name, model, &oracle);
                })
            });
            quote! {
                let model: #network<#precision> = match #quantized {
                    ::core::result::Result::Ok(model) => model,
                    ::core::result::Result::Err(error) => __cnn::bench::give_up(&error),
                };
                let oracle = __cnn::bench::oracle(model.clone().with_algorithm::<__cnn::Naive>());
                #(#models)*
            }
        });
        quote! {
            use #microcnn::__private as __cnn;
            struct Isas;
            impl __cnn::bench::Isas for Isas {
                const NAMES: &'static [&'static str] = &[#(#isas),*];
            }
            let network: #network = #value;
            let calibration = __cnn::bench::calibration(&network);
            let mut suite = __cnn::bench::Suite::new::<_, Isas>(&network, &[#(#batches),*]);
            #(#models)*
            let mut group = criterion.benchmark_group(suite.name());
            for mut case in suite.cases() {
                group.throughput(::criterion::Throughput::Elements(case.elements()));
                let id = case.id();
                group.bench_function(id, |bencher| bencher.iter_custom(|runs| case.run(runs)));
                case.tell();
            }
            group.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse::Parser;

    #[test]
    fn a_value_ends_at_a_comma_that_separates_no_arguments() {
        let parser = |input: ParseStream<'_>| {
            let value = expression(input)?;
            input.parse::<TokenStream>().map(|rest| (value.to_string(), rest.to_string()))
        };
        for (value, rest) in [
            ("LeNet5::<f32, Auto>::random(1)", ", batches: [1]"),
            ("load::<Vec<Net<f32, Auto>>, u8>(a, b)", "; Other"),
            ("make::<fn(u8) -> Net<f32, Auto>, u8>()", ", x"),
            ("if a < b { c } else { d }", ", e > f"),
        ] {
            let (found, left) = parser.parse_str(&format!("{value}{rest}")).unwrap();
            let plain = |text: &str| text.replace(' ', "");
            assert_eq!((plain(&found), plain(&left)), (plain(value), plain(rest)));
        }
    }
}
