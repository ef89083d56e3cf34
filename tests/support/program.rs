//! The `microcnn` program, as if nobody were looking.

use serde_json::Value;
use std::process::Command;

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_microcnn"));
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "MICROCNN_ISA"] {
        command.env_remove(variable);
    }
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("the program writes UTF-8")
}

/// The document that a run prints.
#[track_caller]
pub(crate) fn document(command: &mut Command) -> Value {
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON document")
}
