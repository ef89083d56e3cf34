//! The program: `microcnn demo`, `classify`, `eval`, `bench`, `quantize` and `inspect`.
//!
//! One command is one file. The commands see a network as a [`Program`]: the layers, and each
//! precision and algorithm that was compiled, behind one interface.

mod args;
mod bench;
mod classify;
mod data;
mod demo;
mod draw;
mod engine;
mod eval;
mod failure;
mod inspect;
pub(crate) mod json;
mod measure;
mod parameters;
mod picture;
mod portrait;
mod program;
mod quantize;
pub(crate) mod screen;
mod timing;

pub use program::{Inside, Model, Pictures, Program, program};

pub(crate) use failure::Failure;

use args::{Command, Line};
use clap::FromArgMatches;
use screen::Screen;
use std::process::ExitCode;

/// Runs the command that the command line asks for.
pub fn run(program: &Program) -> ExitCode {
    let mut grammar = args::command(program);
    let matches = grammar.try_get_matches_from_mut(std::env::args_os());
    let name = matches.as_ref().ok().and_then(|matches| matches.subcommand_name());
    let name = name.unwrap_or_default().to_owned();
    let line = match matches.and_then(|matches| Line::from_arg_matches(&matches)) {
        Ok(line) => line,
        Err(error) => error.exit(),
    };
    let screen = Screen::of_stdout();
    let command = line.command.unwrap_or_else(|| Command::Demo(args::Demo::default()));
    let done = crate::simd::active()
        .map_err(|error| Failure::because("cannot choose an instruction set", error))
        .and_then(|isa| match command {
            Command::Demo(args) => demo::run(program, &screen, isa, &args),
            Command::Classify(args) => classify::run(program, &screen, &args),
            Command::Eval(args) => eval::run(program, &screen, isa, &args),
            Command::Bench(args) => bench::run(program, &screen, isa, &args),
            Command::Quantize(args) => quantize::run(program, &screen, &args),
            Command::Inspect(args) => inspect::run(program, &screen, &args),
        });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Whatever is wrong with the command line, the command says how it is used.
            let command = match grammar.find_subcommand_mut(&name) {
                Some(command) => command,
                None => &mut grammar,
            };
            failure.report(command)
        }
    }
}
