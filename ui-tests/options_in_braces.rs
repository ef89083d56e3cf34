use microcnn::lenet::LeNet5;

microcnn::cli!(LeNet5 { precisions = [f32, i8] });
