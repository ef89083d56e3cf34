microcnn::cli!();
