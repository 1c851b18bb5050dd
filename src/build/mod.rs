//! From sources to components: one backend a language, in parallel, nothing twice.

pub mod backend;
pub mod leftovers;
