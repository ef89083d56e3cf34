//! The README says what is true.

use std::fs;

const README: &str = include_str!("../README.md");

#[test]
fn the_compile_error_is_the_compilers() {
    let error =
        fs::read_to_string("ui-tests/kernel_larger_than_its_input.stderr").expect("it is there");
    let error = error.replace("kernel_larger_than_its_input.rs", "src/main.rs");
    assert!(README.contains(error.trim_end()), "the README should show:\n{error}");
}

#[test]
fn files_and_folders_that_it_names_exist() {
    let contributing = include_str!("../CONTRIBUTING.md");
    let code =
        [README, contributing].into_iter().flat_map(|text| text.split('`').skip(1).step_by(2));
    let paths = code.filter(|text| {
        // `src/layers/x.rs` stands for a file of the reader's own.
        text.contains('/')
            && !text.ends_with("/x.rs")
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
    });
    let mut count = 0;
    for path in paths {
        assert!(fs::exists(path).expect("a path can be looked up"), "`{path}` is not there");
        count += 1;
    }
    assert!(count >= 5, "only {count} paths found");
}

#[test]
fn every_row_of_the_figures_is_printed_by_the_command_that_stands_above_them() {
    let command = include_str!("../benches/peers/src/readme.rs");
    let mark = |name: &str| {
        let (_, rest) = command.split_once(&format!("const {name}: &str =")).expect("a mark");
        rest.split('"').nth(1).expect("it is text")
    };
    let (_, rest) = README.split_once(mark("BEGIN")).expect("the figures begin");
    let (figures, _) = rest.split_once(mark("END")).expect("the figures end");
    let (_, list) = command.split_once("const ROWS: &[&str] = &[").expect("the command has a list");
    let (list, _) = list.split_once("];").expect("the list ends");
    let printed: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    let named: Vec<&str> = figures
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name))
        .collect();
    assert_eq!(named, printed, "run the command, or take the row out");
}
