//! Which instruction set runs: asked of the machine and the environment once.

use super::{Isa, NAMES, Visitor, each_supported};
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::string::String;
use std::vec::Vec;

/// The environment variable that forces an instruction set.
const VARIABLE: &str = "MICROCNN_ISA";

/// The names of those of all architectures.
const ALL: &[&str] =
    &["avx512", "avxvnni", "avx2", "neon-i8mm", "neon-dotprod", "neon", "simd128", "scalar"];

/// `MICROCNN_ISA` names an instruction set that this machine doesn't have, or none at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IsaError {
    /// What it names.
    pub wanted: String,
    /// What this machine has, the fastest first.
    pub supported: Vec<&'static str>,
}

impl fmt::Display for IsaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, supported } = self;
        let supported = supported.join(", ");
        if ALL.contains(&wanted.as_str()) {
            return write!(f, "{VARIABLE}={wanted}: not here; there is {supported}");
        }
        let all = ALL.join(", ");
        write!(
            f,
            "{VARIABLE}={wanted}: no instruction set has this name: they are {all}, of which this \
             machine has {supported}"
        )
    }
}

impl core::error::Error for IsaError {}

/// The instruction set that networks run on.
///
/// # Errors
/// If `MICROCNN_ISA` names one that this machine doesn't have.
pub fn active() -> Result<&'static str, IsaError> {
    choose().map(|row| NAMES[row])
}

/// The row in the table of instruction sets; only of one that this machine has.
///
/// # Panics
/// If `MICROCNN_ISA` names one that it doesn't have.
#[inline(always)]
pub(super) fn index() -> usize {
    match CHOICE.load(Ordering::Relaxed) {
        UNKNOWN => choose().unwrap_or_else(|error| panic!("{error}")),
        row => row,
    }
}

const UNKNOWN: usize = usize::MAX;
static CHOICE: AtomicUsize = AtomicUsize::new(UNKNOWN);

#[cold]
fn choose() -> Result<usize, IsaError> {
    let supported = supported();
    let name = match std::env::var_os(VARIABLE) {
        None => supported[0],
        Some(wanted) => match supported.iter().find(|&&name| wanted == name) {
            Some(name) => name,
            None => {
                let wanted = wanted.to_string_lossy().into_owned();
                return Err(IsaError { wanted, supported });
            }
        },
    };
    let row = NAMES.iter().position(|&row| row == name).expect("the table has what it shows");
    CHOICE.store(row, Ordering::Relaxed);
    Ok(row)
}

fn supported() -> Vec<&'static str> {
    struct Names(Vec<&'static str>);
    impl Visitor for Names {
        fn visit<I: Isa>(&mut self, _: I) {
            self.0.push(I::NAME);
        }
    }
    let mut names = Names(Vec::new());
    each_supported(&mut names);
    names.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_none_has_are_told_from_those_that_another_machine_has() {
        let told = |wanted: &str| {
            let supported = std::vec!["avx2", "scalar"];
            std::format!("{}", IsaError { wanted: wanted.into(), supported })
        };
        let lacking = told("neon-dotprod");
        assert_eq!(lacking, "MICROCNN_ISA=neon-dotprod: not here; there is avx2, scalar");
        for wanted in ["AVX2", "", "mmx"] {
            let unknown = told(wanted);
            for part in ["no instruction set has this name", "neon-dotprod", "has avx2, scalar"] {
                assert!(unknown.contains(part), "{unknown}");
            }
        }
        for name in NAMES {
            assert!(ALL.contains(name), "{name}");
        }
    }
}
