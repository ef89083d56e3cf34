//! What the macro writes, and how fast. LeNet-5's expansion is compared with `golden/lenet5.rs`.
//!
//! `BLESS=1 cargo test -p microcnn-macros` writes the file anew.

use std::path::Path;
use syn::{ImplItem, Item, Stmt};

const LENET5: &str = "
    /// LeNet-5 for 28×28 greyscale digits.
    pub struct LeNet5: [1, 28, 28] -> [10] {
        conv1: Conv2d<6, 5>(padding = 2),
        relu1: ReLU,
        pool1: MaxPool2d<2>,
        conv2: Conv2d<16, 5>,
        ReLU,
        MaxPool2d<2>,
        conv3: Conv2d<120, 5>,
        ReLU,
        Flatten,
        fc1: Linear<84>,
        ReLU,
        fc2: Linear<10>,
        Softmax,
    }
";

#[test]
fn lenet5_expands_to_code_that_reads_from_top_to_bottom() {
    let mut file: syn::File = syn::parse2(crate::network_tokens(LENET5.parse().unwrap())).unwrap();
    open_macros(&mut file);
    let found = format!(
        "// What `network!` makes of LeNet-5. Written by `BLESS=1 cargo test -p microcnn-macros`.\n\
         // `#[with_alloc]` is for `__cnn::with_alloc! {{ .. }}`, `#[with_std]` for `__cnn::with_std!`.\n\
         \n{}",
        prettyplease::unparse(&file),
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/lenet5.rs");
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &found).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap();
    let line = wanted.lines().zip(found.lines()).position(|(wanted, found)| wanted != found);
    assert!(
        wanted == found,
        "the expansion differs from {} from line {} on; BLESS=1 accepts it",
        path.display(),
        line.unwrap_or(wanted.lines().count().min(found.lines().count())) + 1,
    );
}

/// Shows the items in `with_alloc! { .. }` as items with an attribute: the inside of a macro can't be
/// laid out.
fn open_macros(file: &mut syn::File) {
    for item in &mut file.items {
        let Item::Const(constant) = item else { continue };
        let syn::Expr::Block(block) = &mut *constant.expr else { continue };
        for statement in &mut block.block.stmts {
            let Stmt::Item(Item::Impl(block)) = statement else { continue };
            block.items = std::mem::take(&mut block.items).into_iter().flat_map(open).collect();
        }
    }
}

fn open(item: ImplItem) -> Vec<ImplItem> {
    let ImplItem::Macro(wrapped) = item else { return vec![item] };
    let attribute = &wrapped.mac.path.segments.last().unwrap().ident;
    let tokens = &wrapped.mac.tokens;
    let items: syn::ItemImpl = syn::parse_quote!(impl Opened { #tokens });
    let mark = |mut item| {
        if let ImplItem::Fn(function) = &mut item {
            function.attrs.push(syn::parse_quote!(#[#attribute]));
        }
        item
    };
    items.items.into_iter().map(mark).collect()
}

/// Time grows with the number of layers, not with its square: a network of eight times the layers takes
/// about eight times as long.
#[test]
fn long_networks_expand_in_linear_time() {
    let time = |blocks: usize| {
        let layers =
            |at| format!("conv{at}: Conv2d<8, 3>(padding = 1), bn{at}: BatchNorm2d, ReLU,");
        let layers: String = (0..blocks).map(layers).collect();
        let text = format!("struct Long: [8, 8, 8] {{ {layers} block: Residual {{ {layers} }} }}");
        let input: proc_macro2::TokenStream = text.parse().unwrap();
        let run = || {
            let start = std::time::Instant::now();
            let expansion = crate::network_tokens(input.clone());
            (start.elapsed(), expansion.is_empty())
        };
        (0..3).map(|_| run().0).min().unwrap()
    };
    // A machine that is busy while one of them expands may say otherwise, but not each time.
    let linear = (0..10).any(|_| {
        let (short, long) = (time(50), time(400));
        println!("300 layers {short:?}, 2400 layers {long:?}");
        long < 16 * short
    });
    assert!(linear, "time grows with more than the number of layers");
}
