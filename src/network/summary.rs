//! A network as text.

use super::Network;
use core::fmt;

/// Writes a table of the layers: output shape, parameters, multiply-adds, algorithm in use.
///
/// # Errors
/// What the formatter reports.
pub fn summary<N: Network>(_: &N, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let widths = N::LAYERS.iter().fold([5, 5, 6, 10, 13], |[a, b, c, d, e], layer| {
        [
            a.max(layer.name.len()),
            b.max(layer.kind.len()),
            c.max(Shape(layer.output).width()),
            d.max(digits(layer.parameters)),
            e.max(digits(layer.macs)),
        ]
    });
    let [name, kind, output, parameters, macs] = widths;
    writeln!(f, "{}: {} -> {} in {}", N::NAME, Shape(N::INPUT), Shape(N::OUTPUT), N::PRECISION)?;
    writeln!(
        f,
        "{:name$}  {:kind$}  {:>output$}  {:>parameters$}  {:>macs$}  algorithm",
        "layer", "kind", "output", "parameters", "multiply-adds",
    )?;
    for (layer, algorithm) in N::LAYERS.iter().zip(N::ALGORITHMS) {
        write!(f, "{:name$}  {:kind$}  ", layer.name, layer.kind)?;
        write!(f, "{:1$}{2}", "", output - Shape(layer.output).width(), Shape(layer.output))?;
        write!(f, "  {:>parameters$}  {:>macs$}", Count(layer.parameters), Count(layer.macs))?;
        writeln!(f, "{}{algorithm}", if algorithm.is_empty() { "" } else { "  " })?;
    }
    let before = name + kind + output + 4;
    write!(f, "{:before$}  {:>parameters$}  {:>macs$}", "total", N::PARAMETERS, N::MACS)
}

/// Writes a line for `Debug`: a network's parameters are too many to look at.
///
/// # Errors
/// What the formatter reports.
pub fn debug<N: Network>(network: &N, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(N::NAME)
        .field("precision", &N::PRECISION)
        .field("parameters", &N::PARAMETERS)
        .field("weight_bytes", &network.weight_bytes())
        .finish_non_exhaustive()
}

/// `6×28×28`, or `10` for a flat shape.
pub(super) struct Shape(pub(super) [usize; 3]);

impl Shape {
    fn width(&self) -> usize {
        match self.0 {
            [c, 1, 1] => digits(c),
            [c, h, w] => digits(c) + digits(h) + digits(w) + 2,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [c, 1, 1] => write!(f, "{c}"),
            [c, h, w] => write!(f, "{c}×{h}×{w}"),
        }
    }
}

/// A number, or nothing for 0.
struct Count(usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.pad(""),
            count => fmt::Display::fmt(&count, f),
        }
    }
}

const fn digits(number: usize) -> usize {
    match number.checked_ilog10() {
        Some(log) => log as usize + 1,
        None => 1,
    }
}
