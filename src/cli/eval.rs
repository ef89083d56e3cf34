//! `microcnn eval`: how good, fast and large each precision and algorithm is.

use super::args::Eval;
use super::data::Labelled;
use super::json::{Json, object};
use super::measure::{Bench, Row};
use super::screen::{Screen, counted, percent, progress, thousands};
use super::{Failure, Program};

pub(crate) fn run(
    program: &Program,
    screen: &Screen,
    isa: &'static str,
    args: &Eval,
) -> Result<(), Failure> {
    let models = program.select(&args.precision, &args.algorithm)?;
    let data = match (&args.images, &args.labels) {
        (Some(images), Some(labels)) => Labelled::files(program, images, labels)?,
        _ => Labelled::inside(program)?,
    };
    let data = data.first(args.limit.map_or(usize::MAX, usize::from));
    let bench = Bench::new(program, &data, args.weights.as_deref(), isa)?;
    let bar = progress("Evaluating", models.len() * data.len());
    let rows = models.iter().map(|model| {
        bar.set_message(format!("{} {}", model.precision, model.algorithm));
        bench.measure(model, &bar)
    });
    let rows = rows.collect::<Result<Vec<_>, _>>();
    bar.finish_and_clear();
    let rows = rows?;
    if args.json {
        let results: Json = rows.iter().collect();
        return screen.print_json(&object! { "images": data.len(), "results": results });
    }
    let images = counted(data.len(), "image");
    let title = format!("{} on {images} of {}, {isa}", program.network, data.origin);
    screen.print(&format!("{title}\n{}\n{}", table(screen, &rows), layers(screen, &rows)))
}

/// One line for each model.
pub(crate) fn table(screen: &Screen, rows: &[Row]) -> String {
    let headings = [
        "Precision",
        "Algorithm",
        ">Accuracy",
        ">Drop",
        ">Agreement",
        ">Time",
        ">Images/s",
        ">Weights",
    ];
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.precision.into(),
                row.algorithm.into(),
                percent(row.accuracy),
                format!("{:.2}", 100.0 * row.drop),
                percent(row.agreement),
                screen.micros(row.us_per_image),
                thousands((1e6 / row.us_per_image) as usize),
                format!("{:.1} KiB", row.weight_bytes as f64 / 1024.0),
            ]
        })
        .collect();
    screen.table(&headings, &rows)
}

/// Each layer's error under each model, where there is any.
fn layers(screen: &Screen, rows: &[Row]) -> String {
    let differs = |row: &&Row| row.layers.iter().any(|layer| layer.mse > 0.0);
    let rows: Vec<&Row> = rows.iter().filter(differs).collect();
    let Some(first) = rows.first() else { return String::new() };
    let names = rows.iter().map(|row| format!(">{} {}", row.precision, row.algorithm));
    let headings: Vec<String> = ["Layer".into(), "Kind".into()].into_iter().chain(names).collect();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let lines: Vec<Vec<String>> = (0..first.layers.len())
        .map(|at| {
            let layer = &first.layers[at];
            let errors = rows.iter().map(|row| format!("{:.2e}", row.layers[at].mse));
            [layer.name.into(), layer.kind.into()].into_iter().chain(errors).collect()
        })
        .collect();
    let table = screen.table(&headings, &lines);
    format!("\nMean squared error of each layer against f32\n{table}\n")
}
