//! `bench_network!`: text → suites, each with its lists → a `main` for criterion.

use crate::isas::ISAS;
use crate::options::{self, Options, PRECISIONS, absolute, expression, known, list, spoken};
use crate::parse::crate_path;
use crate::report::{Place, Report, nearest};
use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Result};
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

const OPTIONS: Options = Options {
    of: "bench_network!",
    all: &[
        ("precisions", "[..]"),
        ("algorithms", "[..]"),
        ("isas", "[..]"),
        ("batches", "[..]"),
        ("network", ".."),
    ],
    comma: "write `,` before an option, `;` before another network",
};
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
    let mut suites = vec![suite(input, &microcnn, networks, report)?];
    while input.peek(Token![;]) {
        input.parse::<Token![;]>()?;
        if !input.is_empty() {
            suites.push(suite(input, &microcnn, networks, report)?);
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

/// `LeNet5, precisions: [f32, i8], batches: [1]`.
fn suite(
    input: ParseStream<'_>,
    microcnn: &TokenStream,
    networks: &mut Vec<Path>,
    report: &mut Report,
) -> Result<Suite> {
    let network = OPTIONS.network(input, networks)?;
    let (mut precisions, mut algorithms) = (None, None);
    let (mut isas, mut batches, mut value) = (None, None, None);
    OPTIONS.read(input, report, |name, key, input, report| {
        match name {
            "precisions" => precisions = Some(options::precisions(key, input, report)?),
            "algorithms" => algorithms = Some(list::<Type>(key, input, report)?),
            "isas" => isas = Some(list::<Ident>(key, input, report)?),
            "batches" => batches = Some(list::<LitInt>(key, input, report)?),
            _ => value = Some(expression(input)?),
        }
        Ok(())
    })?;
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
                    suite.add::<__CnnIsas, _>(name, model, &oracle);
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
            // A type's name has no hygiene: this one is nobody else's.
            struct __CnnIsas;
            impl __cnn::bench::Isas for __CnnIsas {
                const NAMES: &'static [&'static str] = &[#(#isas),*];
            }
            let network: #network = #value;
            let calibration = __cnn::bench::calibration(&network);
            let mut suite = __cnn::bench::Suite::new::<_, __CnnIsas>(&network, &[#(#batches),*]);
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
