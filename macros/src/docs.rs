//! The layer table at the end of a network's documentation.

use crate::plan::Plan;
use crate::shape::show;
use proc_macro2::TokenStream;
use quote::quote;

/// One `#[doc]` a line.
pub(crate) fn table(plan: &Plan) -> TokenStream {
    let number = |number: usize| if number == 0 { String::new() } else { number.to_string() };
    let rows = plan.layers.iter().map(|row| {
        format!(
            " | `{}` | `{}` | `{}` | {} | {} |",
            row.layer.name,
            row.layer.kind,
            show(row.layer.output.map(Some)),
            number(row.parameters),
            number(row.macs),
        )
    });
    let total = |of: fn(&crate::plan::LayerRow) -> usize| plan.layers.iter().map(of).sum::<usize>();
    let totals = format!(
        " | total | | | {} | {} |",
        number(total(|row| row.parameters)),
        number(total(|row| row.macs)),
    );
    let head = [
        "".to_owned(),
        " | layer | kind | output | parameters | multiply-adds |".to_owned(),
        " |---|---|---|--:|--:|".to_owned(),
    ];
    let lines = head.into_iter().chain(rows).chain([totals]);
    quote!(#(#[doc = #lines])*)
}
