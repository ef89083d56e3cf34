//! What the compiler says to mistakes in `network!`: each file beside this folder is one, and says so in its name.
#![cfg(test)]

/// Compares every message with the file beside it. `TRYBUILD=overwrite cargo test -p microcnn-ui-tests`
/// writes them anew.
#[test]
fn every_mistake_is_one_error_at_its_token() {
    trybuild::TestCases::new().compile_fail("*.rs");
}
