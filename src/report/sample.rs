//! A report that no machine has made, for tests of what is written of one.

use super::{Algorithm, Machine, Misread, OnIsa, Precision, Report, Stage, Timing};
use crate::bench::Peak;

pub(super) fn report() -> Report {
    let time = |us: f64| Timing {
        median: us,
        low: us * 0.98,
        high: us * 1.02,
        cycles: us * 4000.0,
        samples: 101,
    };
    let stages = vec![
        Stage { name: "input".into(), layers: vec![], macs: 0, parameters: 0, values: 1568 },
        Stage {
            name: "conv1".into(),
            layers: vec!["conv1", "relu1", "pool1"],
            macs: 117_600,
            parameters: 156,
            values: 1960,
        },
        Stage {
            name: "fc".into(),
            layers: vec!["fc"],
            macs: 11_760,
            parameters: 11_770,
            values: 1186,
        },
    ];
    let precision = |name, scale: f64, bytes| Precision {
        name,
        algorithm: "Auto",
        time: time(6.0 * scale),
        batch: time(5.5 * scale),
        weight_bytes: bytes,
        workspace_bytes: 9_000,
        element_bytes: if name == "f32" { 4 } else { 1 },
        accuracy: 0.99,
        agreement: Some(1.0),
        stages: [0.3, 4.0, 1.7].map(|us| time(us * scale)).into(),
        total: time(6.1 * scale),
        algorithms: vec!["", if name == "f32" { "Winograd" } else { "Direct" }, "Direct"],
        errors: vec![None, Some(if name == "f32" { 0.0 } else { 1e-5 }), Some(0.0)],
        confusion: vec![vec![9, 1], vec![0, 10]],
        misread: vec![Misread { image: 3, label: 0, answer: 1, pixels: vec![128; 28 * 28] }],
    };
    let peak = Peak { floats: 1.2e11, bytes: 4.9e11, near: 4e11, far: 1.7e11 };
    let algorithm = |name, us, error| Algorithm {
        precision: "f32",
        name,
        isa: "avx512",
        time: time(us),
        error,
        layers: vec![(name, "conv1"), ("Direct", "fc")],
    };
    let on_isa = |row, isa, us| OnIsa {
        row,
        isa,
        total: time(us),
        stages: [0.05, 0.65, 0.3].map(|share| time(us * share)).into(),
    };
    Report {
        network: "Net",
        input: [1, 28, 28],
        machine: Machine {
            cpu: "A processor".into(),
            os: "linux",
            isa: "avx512",
            isas: vec![("avx512", peak), ("scalar", peak)],
            flags: "release build".into(),
        },
        images: 20,
        origin: "the sample inside".into(),
        error_images: 10,
        batch: 64,
        floats: Some("f32"),
        parameters: "the program itself".into(),
        macs: 129_360,
        stages,
        precisions: vec![precision("f32", 1.0, 48_000), precision("i8", 0.4, 12_100)],
        algorithms: vec![algorithm("Naive", 400.0, 0.0), algorithm("Winograd", 8.0, 1e-6)],
        isas: vec![
            on_isa(0, "avx512", 6.0),
            on_isa(0, "scalar", 22.0),
            on_isa(1, "avx512", 2.4),
            on_isa(1, "scalar", 90.0),
        ],
    }
}

/// Layers behind the first.
const NAMES: [&str; 10] = [
    "depthwise2",
    "pointwise2",
    "depthwise3",
    "pointwise3",
    "depthwise4",
    "pointwise4",
    "depthwise5",
    "pointwise5",
    "depthwise6",
    "pointwise6",
];

/// The same for a network of many layers, whose integers run under two algorithms.
pub(super) fn large() -> Report {
    let mut report = report();
    let stage = &report.stages[1];
    let more = (0..NAMES.len()).map(|at| Stage {
        name: NAMES[at].into(),
        layers: vec![NAMES[at], "norm", "relu"],
        ..*stage
    });
    let more: Vec<Stage> = more.collect();
    let count = more.len();
    report.stages.splice(2..2, more);
    for row in &mut report.precisions {
        row.stages.splice(2..2, vec![row.stages[1]; count]);
        row.algorithms.splice(2..2, vec![row.algorithms[1]; count]);
        row.errors.splice(2..2, vec![row.errors[1]; count]);
    }
    for column in &mut report.isas {
        column.stages.splice(2..2, vec![column.stages[1]; count]);
    }
    let direct = Precision { algorithm: "Direct", ..report.precisions[1].clone() };
    report.precisions.push(direct);
    let twice = |time: &Timing| Timing { median: 2.0 * time.median, ..*time };
    let columns = report.isas_of(1).into_iter().map(|column| OnIsa {
        row: 2,
        isa: column.isa,
        total: twice(&column.total),
        stages: column.stages.iter().map(twice).collect(),
    });
    let columns: Vec<OnIsa> = columns.collect();
    report.isas.extend(columns);
    report
}
