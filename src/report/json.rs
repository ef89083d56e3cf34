//! A report as a JSON document, with everything in it.

use super::{Algorithm, Misread, OnIsa, Precision, Report, Stage, Timing};
use crate::bench::Stopwatch;
use crate::cli::json::{Json, object};

impl From<&Report> for Json {
    fn from(report: &Report) -> Self {
        let machine = &report.machine;
        let isas = machine.isas.iter().map(|(name, peak)| {
            object! {
                "name": *name,
                "f32_macs_per_second": peak.floats,
                "i8_macs_per_second": peak.bytes,
                "near_bytes_per_second": peak.near,
                "far_bytes_per_second": peak.far,
            }
        });
        object! {
            "network": report.network,
            "machine": object! {
                "cpu": machine.cpu.as_str(),
                "os": machine.os,
                "isa": machine.isa,
                "isas": isas.collect::<Self>(),
                "flags": machine.flags.as_str(),
                "threads": 1_usize,
                "gigahertz": report.reference().time.gigahertz(),
                "time": match Stopwatch::OF_THREAD {
                    true => "processor time of the thread",
                    false => "time passed",
                },
            },
            "images": report.images,
            "origin": report.origin.as_str(),
            "parameters": report.parameters.as_str(),
            "error_images": report.error_images,
            "macs": report.macs,
            "reference": report.reference().label(),
            "agreement_with": report.floats,
            "stages": report.stages.iter().collect::<Self>(),
            "precisions": report.precisions.iter().map(|row| precision(report, row)).collect::<Self>(),
            "algorithms": report.algorithms.iter().map(|row| algorithm(report, row)).collect::<Self>(),
            "isas": report.isas.iter().map(|row| on_isa(report, row)).collect::<Self>(),
        }
    }
}

impl From<&Timing> for Json {
    fn from(time: &Timing) -> Self {
        object! {
            "us": time.median,
            "us_p25": time.low,
            "us_p75": time.high,
            "spread": time.spread(),
            "cycles": time.cycles,
            "gigahertz": time.gigahertz(),
            "samples": time.samples,
        }
    }
}

impl From<&Stage> for Json {
    fn from(stage: &Stage) -> Self {
        object! {
            "name": stage.name.as_str(),
            "layers": stage.layers.as_slice(),
            "macs": stage.macs,
            "parameters": stage.parameters,
            "values": stage.values,
        }
    }
}

fn precision(report: &Report, row: &Precision) -> Json {
    let first = report.reference();
    let layers = report.stages.iter().enumerate().map(|(at, stage)| {
        object! {
            "name": stage.name.as_str(),
            "algorithm": row.algorithms[at],
            "time": &row.stages[at],
            "mse": row.errors[at],
        }
    });
    object! {
        "precision": row.name,
        "algorithm": row.algorithm,
        "time": &row.time,
        "us_per_image": row.time.median,
        "batch": report.batch,
        "batch_time": &row.batch,
        "images_per_second": 1e6 / row.batch.median,
        "speed_up": first.time.median / row.time.median,
        "weight_bytes": row.weight_bytes,
        "workspace_bytes": row.workspace_bytes,
        "element_bytes": row.element_bytes,
        "saving": first.weight_bytes as f64 / row.weight_bytes as f64,
        "accuracy": row.accuracy,
        "agreement": row.agreement,
        "layers": layers.collect::<Json>(),
        "confusion": row.confusion.clone(),
        "misread": row.misread.iter().collect::<Json>(),
    }
}

impl From<&Misread> for Json {
    fn from(image: &Misread) -> Self {
        object! { "image": image.image, "label": image.label, "answer": image.answer }
    }
}

fn algorithm(report: &Report, row: &Algorithm) -> Json {
    let layers = row.layers.iter();
    let layers = layers.map(|(algorithm, layer)| {
        object! { "name": *layer, "algorithm": *algorithm }
    });
    object! {
        "precision": row.precision,
        "algorithm": row.name,
        "isa": row.isa,
        "time": &row.time,
        "speed_up": report.faster(row),
        "error": row.error,
        "layers": layers.collect::<Json>(),
    }
}

fn on_isa(report: &Report, row: &OnIsa) -> Json {
    let stages = report.stages.iter().zip(&row.stages);
    let layers = stages.map(|(stage, time)| object! { "name": stage.name.as_str(), "time": time });
    let precision = &report.precisions[row.row];
    object! {
        "precision": precision.name,
        "algorithm": precision.algorithm,
        "isa": row.isa,
        "time": &row.total,
        "layers": layers.collect::<Json>(),
    }
}
