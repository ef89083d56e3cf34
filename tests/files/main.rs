//! Files with parameters: formats, mistakes in them, and files that were made to do harm.

mod errors;
mod formats;
mod hostile;
mod networks;
mod norm;
mod support;
