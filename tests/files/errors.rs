//! Every mistake says which file, which tensor, what was wanted and what was found.

use crate::support::{Directory, Entry, RAW, entries, file, lenet, reference, with_header};
use microcnn::lenet::LeNet5;
use microcnn::weights::{
    LoadError, LoadErrorKind, RawSource, SafetensorsSource, Source, from_file, from_raw, list,
    load, read, save, to_raw,
};
use std::error::Error;
use std::{fs, io};

/// The error of the reference file after a change to its tensors.
fn changed(change: impl FnOnce(&mut Vec<Entry>)) -> LoadError {
    let mut entries = entries();
    change(&mut entries);
    lenet(&file(&entries)).map(drop).unwrap_err()
}

#[track_caller]
fn assert_error(error: LoadError, kind: LoadErrorKind, text: &str) {
    assert_eq!(error.to_string(), text);
    assert_eq!(error.kind, kind);
    assert!(!text.contains('\n'));
}

#[test]
fn a_raw_file_has_the_length_of_the_network() {
    let error = |bytes: &[u8]| from_raw::<LeNet5>(bytes).map(drop).unwrap_err();
    let kind = LoadErrorKind::Length;
    let wanted = "wanted 246824 bytes (61706 values), found";
    assert_error(error(&[]), kind, &format!("{wanted} 0 bytes"));
    assert_error(error(&[0]), kind, &format!("{wanted} 1 byte"));
    assert_error(error(&RAW[1..]), kind, &format!("{wanted} 246823 bytes"));
    assert_error(error(&[RAW, &[0; 4]].concat()), kind, &format!("{wanted} 246828 bytes"));

    let mut source = RawSource::new(&[0; 8], 2).unwrap();
    assert_error(
        source.finish().unwrap_err(),
        kind,
        "wanted no bytes after the last parameter, found 8 bytes",
    );
}

#[test]
fn values_are_finite() {
    for (value, shown) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
        let mut raw = RAW.to_vec();
        raw[4 * 155..][..4].copy_from_slice(&value.to_le_bytes());
        assert_error(
            from_raw::<LeNet5>(&raw).map(drop).unwrap_err(),
            LoadErrorKind::Value,
            &format!("conv1.bias: wanted finite values, found {shown} at place 5"),
        );
        assert_error(
            changed(|entries| entries[9].bytes[36..].copy_from_slice(&value.to_le_bytes())),
            LoadErrorKind::Value,
            &format!("fc2.bias: wanted finite values, found {shown} at place 9"),
        );
    }
    for (dtype, nan) in [("F16", 0x7c01u16), ("BF16", 0xffc0)] {
        let error = changed(|entries| {
            let bytes = [[0, 0]; 5].into_iter().chain([nan.to_le_bytes()]).flatten();
            entries[1] = Entry::new("conv1.bias", dtype, &[6], bytes.collect());
        });
        let text = "conv1.bias: wanted finite values, found NaN at place 5";
        assert_error(error, LoadErrorKind::Value, text);
    }
}

#[test]
fn shapes_and_types_are_the_networks() {
    assert_error(
        changed(|entries| entries[0].shape = vec![6, 5, 5, 1]),
        LoadErrorKind::Shape,
        "conv1.weight: wanted shape [6, 1, 5, 5], found [6, 5, 5, 1]",
    );
    assert_error(
        changed(|entries| entries[7].shape = vec![84, 1]),
        LoadErrorKind::Shape,
        "fc1.bias: wanted shape [84], found [84, 1]",
    );
    assert_error(
        changed(|entries| entries[7].shape = [vec![84], vec![1; 64]].concat()),
        LoadErrorKind::Header,
        "fc1.bias: wanted at most 64 sizes at byte 757 of the header, \
         found ` 1],\"data_offsets\":[2430…`",
    );
    for dtype in ["F64", "I64", "I32", "U8", "BOOL", "F8_E4M3", "C64", "F4"] {
        let bits = match dtype {
            "F64" | "I64" | "C64" => 64,
            "I32" => 32,
            "F4" => 4,
            _ => 8,
        };
        assert_error(
            changed(|entries| {
                entries[1] = Entry::new("conv1.bias", dtype, &[6], vec![0; 6 * bits / 8]);
            }),
            LoadErrorKind::Dtype,
            &format!("conv1.bias: wanted F32, F16 or BF16, found {dtype}"),
        );
    }
    assert_error(
        changed(|entries| entries[3].dtype = "float32".into()),
        LoadErrorKind::Dtype,
        "conv2.bias: wanted an element type of the format, found `float32`",
    );
}

#[test]
fn names_are_the_networks() {
    assert_error(
        changed(|entries| _ = entries.remove(4)),
        LoadErrorKind::Missing,
        "conv3.weight: wanted shape [120, 16, 5, 5], found no such tensor \
         among conv3.bias, fc1.bias, fc1.weight, fc2.bias, fc2.weight",
    );
    assert_error(
        changed(|entries| _ = entries.pop()),
        LoadErrorKind::Missing,
        "fc2.bias: wanted shape [10], found no such tensor",
    );
    assert_error(
        changed(|entries| {
            entries.iter_mut().for_each(|entry| entry.name = format!("module.{}", entry.name));
        }),
        LoadErrorKind::Missing,
        "conv1.weight: wanted shape [6, 1, 5, 5], found no such tensor among module.conv1.bias, \
         module.conv1.weight, module.conv2.bias, module.conv2.weight, module.conv3.bias, …",
    );
    assert_error(
        changed(|entries| entries.push(Entry::new("fc3.bias", "F32", &[2], vec![0; 8]))),
        LoadErrorKind::Unknown,
        "fc3.bias: wanted only tensors that the network has, found this one",
    );
    assert_error(
        changed(|entries| {
            entries.push(Entry::new("my_num_batches_tracked", "I64", &[], vec![0; 8]));
        }),
        LoadErrorKind::Unknown,
        "my_num_batches_tracked: wanted only tensors that the network has, found this one",
    );
    assert_error(
        changed(|entries| entries.push(entries[6].clone())),
        LoadErrorKind::Repeated,
        "fc1.weight: wanted each name once, found it twice",
    );
    // The same name, written otherwise, at the same place.
    let header = r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},
                     "\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#;
    assert_error(
        lenet(&with_header(header, &[0])).map(drop).unwrap_err(),
        LoadErrorKind::Repeated,
        "a: wanted each name once, found it twice",
    );
}

#[test]
fn hostile_names_stay_on_a_line() {
    let error = changed(|entries| entries[9].name = format!("\\u001b[31m\\n{}", "x".repeat(1000)));
    let text = error.to_string();
    assert_eq!(
        text,
        format!(
            "fc2.bias: wanted shape [10], found no such tensor among \\u{{1b}}[31m\\n{}…",
            "x".repeat(34)
        )
    );
    let error = changed(|entries| {
        let name = format!("\\r{}", "y".repeat(1000));
        entries.push(Entry::new(&name, "F32", &[], vec![0; 4]));
    });
    assert!(error.to_string().starts_with("\\ryyy") && error.to_string().len() < 200);
}

#[test]
fn tensors_lie_one_after_the_other() {
    let error = |a: [u64; 2], b: [u64; 2], data: usize| {
        let header = format!(
            r#"{{"b":{{"dtype":"F32","shape":[2],"data_offsets":{b:?}}},
                "a":{{"dtype":"U8","shape":[3],"data_offsets":{a:?}}}}}"#
        );
        SafetensorsSource::list(&with_header(&header, &vec![0; data])).map(drop).unwrap_err()
    };
    let offsets = LoadErrorKind::Offsets;
    let before = "where the tensor before it ends";
    let text = format!("b: wanted data_offsets from 3, {before}, found 4");
    assert_error(error([0, 3], [4, 12], 12), offsets, &text);
    let text = format!("b: wanted data_offsets from 3, {before}, found 2");
    assert_error(error([0, 3], [2, 10], 10), offsets, &text);
    let text = format!("a: wanted data_offsets from 0, {before}, found 1");
    assert_error(error([1, 4], [4, 12], 12), offsets, &text);
    let text = "b: wanted 8 bytes for [2] of F32, found data_offsets [3, 10]";
    assert_error(error([0, 3], [3, 10], 10), offsets, text);
    let text = "a: wanted 3 bytes for [3] of U8, found data_offsets [3, 0]";
    assert_error(error([3, 0], [3, 11], 11), offsets, text);
    let text = "wanted 11 bytes of values, as the header says, found";
    assert_error(error([0, 3], [3, 11], 10), LoadErrorKind::Length, &format!("{text} 10 bytes"));
    assert_error(error([0, 3], [3, 11], 12), LoadErrorKind::Length, &format!("{text} 12 bytes"));
}

#[cfg(target_pointer_width = "64")]
#[test]
fn sizes_are_counted_without_overflow() {
    let info =
        |info: &str| lenet(&with_header(&format!(r#"{{"t":{info}}}"#), &[])).map(drop).unwrap_err();
    let shape =
        |shape: &str| info(&format!(r#"{{"dtype":"F32","shape":{shape},"data_offsets":[0,0]}}"#));
    assert_error(
        shape("[4294967296, 4294967296]"),
        LoadErrorKind::Offsets,
        "t: wanted 73786976294838206464 bytes for [4294967296, 4294967296] of F32, \
         found data_offsets [0, 0]",
    );
    let largest = u64::MAX;
    assert_error(
        shape(&format!("[{largest}, {largest}, {largest}]")),
        LoadErrorKind::Offsets,
        &format!(
            "t: wanted more bytes than can be counted for [{largest}, {largest}, {largest}] of F32, \
             found data_offsets [0, 0]"
        ),
    );
    assert_error(
        info(r#"{"dtype":"F4","shape":[3],"data_offsets":[0,1]}"#),
        LoadErrorKind::Offsets,
        "t: wanted 12 bits for [3] of F4, found data_offsets [0, 1]",
    );
    assert_error(
        shape("[18446744073709551616]"),
        LoadErrorKind::Header,
        "t: wanted a number up to 18446744073709551615 at byte 29 of the header, \
         found `18446744073709551616],\"d…`",
    );
}

#[test]
fn headers_are_as_long_as_they_say() {
    let error = |bytes: &[u8]| lenet(bytes).map(drop).unwrap_err();
    let length = LoadErrorKind::Length;
    let short = "wanted a .safetensors file, which has at least 10 bytes, found";
    assert_error(error(&[]), length, &format!("{short} 0 bytes"));
    assert_error(error(&[2, 0, 0, 0, 0, 0, 0]), length, &format!("{short} 7 bytes"));
    assert_error(
        error(&[3, 0, 0, 0, 0, 0, 0, 0, b'{', b'}']),
        length,
        "wanted a header of 3 bytes, as the first 8 bytes say, found 2 bytes",
    );
    assert_error(
        error(&[255; 10]),
        length,
        "wanted a header of 18446744073709551615 bytes, as the first 8 bytes say, found 2 bytes",
    );
    assert_error(
        error(&[3, 0, 0, 0, 0, 0, 0, 0, b'{', 0xff, b'}']),
        LoadErrorKind::Header,
        "wanted UTF-8 at byte 1 of the header, found 0xff",
    );
}

#[test]
fn headers_are_well_formed() {
    let all = "`dtype`, `shape` and `data_offsets`";
    for (header, text) in [
        ("", "wanted `{` at byte 0 of the header, found its end".to_string()),
        ("[]", "wanted `{` at byte 0 of the header, found `[]`".into()),
        ("{", "wanted a string at byte 1 of the header, found its end".into()),
        ("{x", "wanted a string at byte 1 of the header, found `x`".into()),
        ("{\"x", "wanted the end of a string at byte 3 of the header, found its end".into()),
        ("{\"\n\":", "wanted the end of a string at byte 2 of the header, found `\\n\":`".into()),
        ("{\"x\"}", "wanted `:` at byte 4 of the header, found `}`".into()),
        ("{\"x\":1}", "x: wanted `{` at byte 5 of the header, found `1}`".into()),
        (
            "{\"x\":{}}",
            format!("x: wanted {all} before the end at byte 7 of the header, found `}}`"),
        ),
        ("{\"__metadata__\":{}]", "wanted `,` or `}` at byte 18 of the header, found `]`".into()),
        (
            "{\"__metadata__\":{\"a\":1}}",
            "wanted a string at byte 21 of the header, found `1}}`".into(),
        ),
        ("{} x", "wanted the end of the header at byte 3 of the header, found `x`".into()),
        ("{}\0", "wanted the end of the header at byte 2 of the header, found `\\0`".into()),
        (r#"{"\x"#, "wanted an escape sequence of JSON at byte 3 of the header, found `x`".into()),
        (r#"{"\u12"#, "wanted four hexadecimal digits at byte 4 of the header, found `12`".into()),
        (
            r#"{"\u+123""#,
            "wanted four hexadecimal digits at byte 4 of the header, found `+123\"`".into(),
        ),
        (
            r#"{"\u123é""#,
            "wanted four hexadecimal digits at byte 4 of the header, found `123é\"`".into(),
        ),
        (
            r#"{"\ud800x""#,
            "wanted a character before this place at byte 8 of the header, found `x\"`".into(),
        ),
        (
            r#"{"\ud800\u0041""#,
            "wanted a character before this place at byte 14 of the header, found `\"`".into(),
        ),
        (r#"{"t":{"dtype":7}}"#, "t: wanted a string at byte 14 of the header, found `7}}`".into()),
        (r#"{"t":{"shape":7}}"#, "t: wanted `[` at byte 14 of the header, found `7}}`".into()),
        (
            r#"{"t":{"shape":[1 2]}}"#,
            "t: wanted `,` or `]` at byte 17 of the header, found `2]}}`".into(),
        ),
        (
            r#"{"t":{"shape":[-1]}}"#,
            "t: wanted a whole number at byte 15 of the header, found `-1]}}`".into(),
        ),
        (
            r#"{"t":{"shape":[1.0]}}"#,
            "t: wanted a whole number at byte 15 of the header, found `1.0]}}`".into(),
        ),
        (
            r#"{"t":{"shape":[1e9]}}"#,
            "t: wanted a whole number at byte 15 of the header, found `1e9]}}`".into(),
        ),
        (
            r#"{"t":{"shape":[01]}}"#,
            "t: wanted a whole number at byte 15 of the header, found `01]}}`".into(),
        ),
        (
            r#"{"t":{"shape":[[1]]}}"#,
            "t: wanted a whole number at byte 15 of the header, found `[1]]}}`".into(),
        ),
        (r#"{"t":{"data_offsets":[1]}}"#, "t: wanted two `data_offsets`, found 1 numbers".into()),
        (
            r#"{"t":{"data_offsets":[1,2,3]}}"#,
            "t: wanted two `data_offsets`, found 3 numbers".into(),
        ),
        (r#"{"t":{"shape":[],"shape":[]}}"#, format!("t: wanted {all}, each once, found `shape`")),
        (r#"{"t":{"stride":[1]}}"#, format!("t: wanted {all}, each once, found `stride`")),
    ] {
        let error = lenet(&with_header(header, &[])).map(drop).unwrap_err();
        assert_eq!(error.to_string(), text, "{header}");
        assert_eq!(error.kind, LoadErrorKind::Header, "{header}");
    }
}

#[test]
fn nesting_takes_no_stack() {
    for open in ["[", "{\"a\":", "{\"t\":{\"shape\":["] {
        let error = lenet(&with_header(&open.repeat(1 << 20), &[])).map(drop).unwrap_err();
        assert_eq!(error.kind, LoadErrorKind::Header);
    }
}

#[test]
fn files_that_can_not_be_read() {
    let directory = Directory::new("unreadable");
    let path = |name: &str| directory.path().join(name);
    let load = |name: &str| from_file::<LeNet5>(path(name)).map(drop).unwrap_err();
    let shown = |name: &str| path(name).display().to_string();

    let error = load("missing.raw");
    let source: &io::Error = error.source().unwrap().downcast_ref().unwrap();
    assert_eq!(source.kind(), io::ErrorKind::NotFound);
    let text = format!("{}: wanted a file, found none", shown("missing.raw"));
    assert_error(error, LoadErrorKind::Io, &text);
    let text = format!("{}: wanted a file, found none", shown("missing.safetensors"));
    assert_error(load("missing.safetensors"), LoadErrorKind::Io, &text);

    fs::create_dir(path("directory.raw")).unwrap();
    let text = format!("{}: wanted a file, found a directory", shown("directory.raw"));
    assert_error(load("directory.raw"), LoadErrorKind::Io, &text);
    assert_error(read(path("directory.raw")).unwrap_err(), LoadErrorKind::Io, &text);

    let endings = "wanted a file name that ends in `.safetensors` or `.raw`, found";
    for (name, found) in [("x.onnx", "`.onnx`"), ("x", "no ending"), (".raw", "no ending")] {
        let text = format!("{}: {endings} {found}", shown(name));
        assert_error(load(name), LoadErrorKind::Format, &text);
        assert_eq!(save(&reference(), path(name)).unwrap_err().to_string(), text);
    }

    fs::write(path("short.raw"), [0; 5]).unwrap();
    let text = format!("{}: wanted 246824 bytes (61706 values), found 5 bytes", shown("short.raw"));
    assert_error(load("short.raw"), LoadErrorKind::Length, &text);
    fs::write(path("short.safetensors"), [0; 5]).unwrap();
    let text = format!(
        "{}: wanted a .safetensors file, which has at least 10 bytes, found 5 bytes",
        shown("short.safetensors")
    );
    assert_error(load("short.safetensors"), LoadErrorKind::Length, &text);
    assert_error(list(path("short.safetensors")).unwrap_err(), LoadErrorKind::Length, &text);
}

#[cfg(unix)]
#[test]
fn a_device_is_not_a_file() {
    let directory = Directory::new("device");
    let path = directory.path().join("zero.safetensors");
    std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    assert_error(
        from_file::<LeNet5>(&path).map(drop).unwrap_err(),
        LoadErrorKind::Io,
        &format!("{}: wanted a file, found a device or a pipe", path.display()),
    );
}

#[test]
fn a_failed_load_leaves_the_network_as_it_was() {
    let directory = Directory::new("failed-load");
    let mut network = reference();
    let mut last = entries();
    last.iter_mut().for_each(|entry| entry.bytes.fill(0));
    last[9].shape = vec![5, 2];
    for (name, bytes) in [
        ("shape.safetensors", file(&last)),
        ("nan.raw", [&vec![0; RAW.len() - 4], &f32::NAN.to_le_bytes()[..]].concat()),
        ("long.raw", vec![0; RAW.len() + 4]),
    ] {
        let path = directory.path().join(name);
        fs::write(&path, bytes).unwrap();
        load(&mut network, &path).unwrap_err();
        assert!(to_raw(&network) == RAW, "{name}");
    }
}

#[test]
fn a_failed_save_leaves_the_file_as_it_was() {
    let directory = Directory::new("failed-save");
    let inside = directory.path().join("none").join("lenet.raw");
    let error = save(&reference(), &inside).unwrap_err();
    let text = format!("{}: wanted a place to write a file, found none", inside.display());
    assert_eq!(error.to_string(), text);
    assert_eq!(error.file(), inside.to_str());
    assert!(error.source().is_some());
    assert_error(error.into(), LoadErrorKind::Io, &text);

    let taken = directory.path().join("taken.raw");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("content"), "old").unwrap();
    save(&reference(), &taken).unwrap_err();
    assert_eq!(fs::read_to_string(taken.join("content")).unwrap(), "old");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing else is left");
}
