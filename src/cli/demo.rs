//! `microcnn demo`: a digit, what the network makes of it, and how good and fast the network is.

use super::args::Demo;
use super::data::Labelled;
use super::draw;
use super::engine::Engine;
use super::json::{Json, object};
use super::measure::{Bench, Row, best};
use super::parameters::Parameters;
use super::picture::SIDE;
use super::portrait::portrait;
use super::screen::{Screen, WIDTH, beside, counted, percent, progress, thousands};
use super::{Failure, Program, eval};

/// One layer and its time.
struct Layer {
    name: &'static str,
    kind: &'static str,
    output: [usize; 3],
    parameters: usize,
    macs: usize,
    algorithm: Option<&'static str>,
    us: f64,
}

impl From<&Layer> for Json {
    fn from(layer: &Layer) -> Self {
        object! {
            "name": layer.name,
            "kind": layer.kind,
            "output": layer.output,
            "parameters": layer.parameters,
            "macs": layer.macs,
            "algorithm": layer.algorithm,
            "us": layer.us,
        }
    }
}

pub(crate) fn run(
    program: &Program,
    screen: &Screen,
    isa: &'static str,
    args: &Demo,
) -> Result<(), Failure> {
    let data = Labelled::inside(program)?;
    if args.image >= data.len() {
        let last = data.len() - 1;
        return Err(Failure::usage(format!("--image {}: the images are 0 to {last}", args.image)));
    }
    let parameters = Parameters::open(program, None, None)?;
    let mut engine = parameters.load(program.reference())?;
    let pixels = data.image(args.image);
    let mut scores = vec![0.0; program.classes()];
    engine.predict(pixels, &mut scores);
    let layers = layers(program, &*engine, pixels);
    if !args.json {
        screen.print(&introduction(program, screen, isa))?;
        let title = format!("A test digit, read as {}", best(&scores));
        screen.print(&portrait(program, screen, pixels, &title, &scores))?;
        screen.print(&layer_table(screen, &layers))?;
        screen.print(&strip(program, screen, &mut *engine, &data, args.image))?;
    }

    let models = parameters.select(&[], &[])?;
    let bench = Bench::new(program, &data, &parameters, isa)?;
    let bar = progress("Measuring", models.len() * data.len());
    let rows = models.iter().map(|model| bench.measure(model, &bar));
    let rows = rows.collect::<Result<Vec<_>, _>>();
    bar.finish_and_clear();
    let rows = rows?;
    if args.json {
        return screen.print_json(&object! {
            "network": program.network,
            "isa": isa,
            "image": args.image,
            "label": data.label(args.image),
            "digit": best(&scores),
            "probabilities": scores.as_slice(),
            "layers": layers.iter().collect::<Json>(),
            "images": data.len(),
            "results": rows.iter().collect::<Json>(),
        });
    }
    let heading = format!("All {}", counted(data.len(), "test digit"));
    let misread = misread(&data, &rows[0]);
    screen.print(&format!(
        "\n{}, one at a time, one thread\n{}\n{misread}",
        screen.bold(&heading),
        eval::table(screen, &rows),
    ))
}

fn introduction(program: &Program, screen: &Screen, isa: &str) -> String {
    let parameters: usize = program.layers.iter().map(|layer| layer.parameters).sum();
    let macs: usize = program.layers.iter().map(|layer| layer.macs).sum();
    let dot = screen.text(" · ", ", ");
    let facts = [
        format!("{} parameters", thousands(parameters)),
        format!("{} multiply-adds an image", thousands(macs)),
        isa.to_owned(),
    ];
    format!("{}{dot}{}\n", screen.bold(program.network), facts.join(dot))
}

fn layers(program: &Program, engine: &dyn Engine, pixels: &[u8]) -> Vec<Layer> {
    let image: Vec<f32> = pixels.iter().map(|&value| f32::from(value) / 255.0).collect();
    let times = engine.profile(&image).expect("the reference runs layer by layer");
    let algorithms = program.reference().algorithms;
    let layers = program.layers.iter().zip(algorithms).zip(times);
    layers
        .map(|((layer, &algorithm), time)| Layer {
            name: layer.name,
            kind: layer.kind,
            output: layer.output,
            parameters: layer.parameters,
            macs: layer.macs,
            algorithm: Some(algorithm).filter(|algorithm| !algorithm.is_empty()),
            us: 1e6 * time.time.as_secs_f64(),
        })
        .collect()
}

fn layer_table(screen: &Screen, layers: &[Layer]) -> String {
    let longest = layers.iter().map(|layer| layer.us).fold(f64::MIN_POSITIVE, f64::max);
    let rows: Vec<Vec<String>> = layers
        .iter()
        .map(|layer| {
            vec![
                layer.name.into(),
                layer.kind.into(),
                screen.shape(&layer.output),
                if layer.parameters > 0 { thousands(layer.parameters) } else { String::new() },
                layer.algorithm.unwrap_or_default().into(),
                screen.micros(layer.us),
                screen.bar(layer.us / longest, 14),
            ]
        })
        .collect();
    let headings = ["Layer", "Kind", ">Output", ">Parameters", "Algorithm", ">Time", ""];
    format!(
        "\n{}\n{}\n",
        screen.bold("Layer by layer, each by itself"),
        screen.table(&headings, &rows)
    )
}

/// The digits that follow, small, and what they are read as.
fn strip(
    program: &Program,
    screen: &Screen,
    engine: &mut dyn Engine,
    data: &Labelled,
    shown: usize,
) -> String {
    // Half a digit's pixels can't be told apart in plain characters.
    if !screen.unicode {
        return String::new();
    }
    let mut scores = vec![0.0; program.classes()];
    let mut lines: Vec<String> = Vec::new();
    let following = (shown + 1..data.len()).take(WIDTH / (SIDE / 2 + 2));
    for at in following {
        let pixels = data.image(at);
        engine.predict(pixels, &mut scores);
        let digit = best(&scores);
        let sign = if digit == data.label(at) { screen.good("✓") } else { screen.bad("✗") };
        let score = format!("{digit} {:5.1} %", 100.0 * scores[digit]);
        let caption = format!("{score} {sign}{}", " ".repeat(SIDE / 2 - score.len() - 2));
        let small = draw::image(screen, &draw::halved(pixels, SIDE), SIDE / 2);
        let column: Vec<String> =
            small.into_iter().chain([caption]).map(|line| format!("  {line}")).collect();
        lines = beside(&lines, 0, &column).lines().map(str::to_owned).collect();
    }
    format!("\n{}\n{}\n", screen.bold("The digits that follow"), lines.join("\n"))
}

/// Which digits are read wrong.
fn misread(data: &Labelled, row: &Row) -> String {
    let wrong = row.answers.iter().zip(data.labels()).enumerate();
    let wrong = wrong.filter(|(_, (answer, label))| **answer != *label);
    let wrong: Vec<String> =
        wrong.map(|(at, (answer, label))| format!("digit {at}, a {label}, as {answer}")).collect();
    match wrong.len() {
        0 => "All of them are read right.\n".into(),
        1..=4 => format!("Read wrong: {}.\n", wrong.join("; ")),
        count => format!("{count} are read wrong ({}).\n", percent(1.0 - row.accuracy)),
    }
}
