//! What can be wrong with a file.

use alloc::string::String;
use core::fmt;

/// Why parameters could not be loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadError {
    /// What was wrong.
    pub message: String,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for LoadError {}
