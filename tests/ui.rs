//! What the compiler says to mistakes in `network!`: each file in `ui-tests/` is one, and says so in its name.

/// Compares every message with the file beside it. `TRYBUILD=overwrite cargo test --test ui` writes them anew.
#[test]
fn every_mistake_is_one_error_at_its_token() {
    trybuild::TestCases::new().compile_fail("ui-tests/*.rs");
}
