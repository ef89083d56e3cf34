//! The `network!` macro of `microcnn`: text → parse → model → infer → expand.
