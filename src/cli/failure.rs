//! Why the program stopped.

use super::json::{Json, object};
use super::screen::printable;
use anstyle::{AnsiColor, Style};
use clap::Command;
use clap::error::ErrorKind;
use std::error::Error;
use std::process::ExitCode;

/// What ends the program with an exit code other than 0.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The work failed: exit code 1.
    Work {
        /// What could not be done.
        message: String,
        /// Why.
        cause: Option<Box<dyn Error>>,
    },
    /// Parts of the work failed: exit code 1.
    Several(Vec<Failure>),
    /// The command line makes no sense: exit code 2.
    Usage(String),
}

impl Failure {
    /// Work that failed.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Work { message: message.into(), cause: None }
    }

    /// Work that failed because of something else.
    pub(crate) fn because(message: impl Into<String>, cause: impl Into<Box<dyn Error>>) -> Self {
        Self::Work { message: message.into(), cause: Some(cause.into()) }
    }

    /// A command line that makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// Says on standard error what went wrong: a line, and a line for each cause; or the line and how the
    /// command is used.
    pub(crate) fn report(&self, command: &mut Command) -> ExitCode {
        match self {
            Self::Usage(message) => command.error(ErrorKind::InvalidValue, message).exit(),
            Self::Several(failures) => {
                failures.iter().for_each(|failure| _ = failure.report(command));
            }
            Self::Work { message, cause } => {
                anstream::eprintln!("{ERROR}error:{ERROR:#} {}", printable(message));
                let mut cause = cause.as_deref();
                while let Some(error) = cause {
                    anstream::eprintln!("  cause: {}", printable(error));
                    cause = error.source();
                }
            }
        }
        ExitCode::FAILURE
    }
}

/// For a document whose other parts could be made.
impl From<&Failure> for Json {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Several(failures) => failures.iter().collect(),
            Failure::Usage(message) => object! { "error": message.as_str(), "causes": [""; 0] },
            Failure::Work { message, cause } => {
                let mut next = cause.as_deref();
                let causes = std::iter::from_fn(|| {
                    let error = next?;
                    next = error.source();
                    Some(error.to_string())
                });
                object! { "error": message.as_str(), "causes": causes.collect::<Self>() }
            }
        }
    }
}

/// As `clap` shows the word.
const ERROR: Style = AnsiColor::Red.on_default().bold();
