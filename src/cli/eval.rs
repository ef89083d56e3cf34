//! `microcnn eval`: how good, fast and large each precision and algorithm is.

use super::args::Eval;
use super::data::Labelled;
use super::json::{Json, object};
use super::measure::{Bench, Row, compared};
use super::parameters::Parameters;
use super::program::elsewhere;
use super::screen::{Screen, counted, percent, progress, thousands};
use super::{Failure, Program};

pub(crate) fn run(
    program: &Program,
    screen: &Screen,
    isa: &'static str,
    args: &Eval,
) -> Result<(), Failure> {
    let parameters =
        Parameters::open(program, args.weights.as_deref(), args.calibration.as_deref())?;
    let models = parameters.select(&args.precision, &args.algorithm)?;
    let data = Labelled::open(program, args.images.as_deref(), args.labels.as_deref())?;
    let data = data.first(args.limit.map_or(usize::MAX, usize::from));
    Labelled::compare(args.images.as_deref(), args.calibration.as_deref());
    let bench = Bench::new(program, &data, &parameters, isa)?;
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
        return screen.print_json(&object! {
            "images": data.len(), "error_images": compared(program, &data), "results": results,
        });
    }
    let images = counted(data.len(), "image");
    let mut title = format!("{} on {images} of {}, {isa}", program.network, data.origin);
    if parameters.precision().is_some() && program.inside.is_some() {
        // A quantized file does not say what it was made from.
        title += "\nDrop, agreement and errors: against the f32 parameters inside the program";
    }
    screen.print(&format!(
        "{title}\n{}{}\n{}",
        elsewhere(&models, isa),
        table(screen, &rows),
        layers(screen, &rows, compared(program, &data))
    ))
}

/// What stands where there is nothing to compare with.
fn unknown() -> String {
    "-".into()
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
                row.drop.map_or_else(unknown, |drop| format!("{:.2}", 100.0 * drop)),
                row.agreement.map_or_else(unknown, percent),
                screen.micros(row.us_per_image),
                thousands((1e6 / row.us_per_image) as usize),
                format!("{:.1} KiB", row.weight_bytes as f64 / 1024.0),
            ]
        })
        .collect();
    screen.table(&headings, &rows)
}

/// Each layer's error under each model, where there is any.
fn layers(screen: &Screen, rows: &[Row], images: usize) -> String {
    let differs = |row: &&Row| row.layers.iter().any(|layer| layer.mse.is_some_and(|x| x > 0.0));
    let rows: Vec<&Row> = rows.iter().filter(differs).collect();
    let mut text = String::new();
    for rows in rows.chunks(COLUMNS) {
        let title = format!(
            "Mean squared error of each layer against f32, first {}",
            counted(images, "image"),
        );
        text += &format!("\n{}\n{}\n", screen.bold(&title), layer_table(screen, rows));
    }
    text
}

/// Models that are beside each other in a table.
const COLUMNS: usize = 4;

fn layer_table(screen: &Screen, rows: &[&Row]) -> String {
    let names = rows.iter().map(|row| format!(">{} {}", row.precision, row.algorithm));
    let headings: Vec<String> = ["Layer".into(), "Kind".into()].into_iter().chain(names).collect();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let lines: Vec<Vec<String>> = (0..rows[0].layers.len())
        .map(|at| {
            let layer = &rows[0].layers[at];
            let error =
                |row: &&Row| row.layers[at].mse.map_or_else(unknown, |x| format!("{x:.1e}"));
            let errors = rows.iter().map(error);
            [layer.name.into(), layer.kind.into()].into_iter().chain(errors).collect()
        })
        .collect();
    screen.table(&headings, &lines)
}
