//! The language of `network!`: every layer and every form of it, computed by its definition.

extern crate microcnn as renamed;

mod blocks;
mod layers;
mod names;
mod norms;
mod places;
mod reference;
