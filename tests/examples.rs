//! What `examples/compile_time.rs` quotes is what the compiler says.
#![cfg(not(target_family = "wasm"))]

use std::fs;

/// Every text that `ui-tests/` pins.
fn pinned() -> String {
    let files = fs::read_dir("ui-tests").unwrap().map(|entry| entry.unwrap().path());
    let texts = files.filter(|path| path.extension().is_some_and(|ending| ending == "stderr"));
    texts.map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn quoted_messages_are_real() {
    let (pinned, example) = (pinned(), fs::read_to_string("examples/compile_time.rs").unwrap());
    // Where a message stands in its file is left out where it is quoted in part.
    let known: Vec<String> = pinned.lines().map(without_line_number).collect();
    let mut quoted = 0;
    for block in example.split("//! ```text\n").skip(1) {
        let block = block.split("//! ```").next().unwrap();
        for line in block.lines() {
            let line = line.strip_prefix("//!").unwrap();
            let line = without_line_number(line.strip_prefix(' ').unwrap_or(line));
            assert!(known.contains(&line), "no message has the line `{line}`");
            quoted += 1;
        }
    }
    assert!(quoted > 20, "{quoted} lines");

    for name in example.split('`').filter(|word| word.ends_with(".rs") && !word.contains('/')) {
        assert!(fs::exists(format!("ui-tests/{name}")).unwrap(), "no {name}");
    }
}

/// `11 |  conv3: …` and ` |  conv3: …` are the same line.
fn without_line_number(line: &str) -> String {
    match line.split_once('|') {
        Some((number, text)) if number.trim().chars().all(|c| c.is_ascii_digit()) => {
            format!("|{text}")
        }
        _ => line.trim().to_owned(),
    }
}
