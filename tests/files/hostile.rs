//! Thousands of broken files: each is an error or a network, and takes memory in proportion to its size.

use crate::support::{RAW, entries, file, lenet, with_header};
use allocation_counter::measure;
use microcnn::lenet::LeNet5;
use microcnn::weights::{LoadError, SafetensorsSource, from_raw};

/// splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    /// One to four changes, most of them in the first bytes, where headers are.
    fn mutate(&mut self, original: &[u8], header: usize) -> Vec<u8> {
        let mut file = original.to_vec();
        for _ in 0..=self.below(4) {
            let end = if self.below(4) > 0 { header.min(file.len()) } else { file.len() };
            let at = self.below(end.max(1));
            let other = self.below(end.max(1));
            let (start, stop) = (at.min(other), at.max(other));
            match self.below(8) {
                0 => file.truncate(at),
                1 if at < file.len() => file[at] ^= 1 << self.below(8),
                2 if at < file.len() => file[at] = b"\"{}[]:,\\0123456789 \xff\0"[self.below(21)],
                3 => file.splice(at..at, (0..self.below(9)).map(|i| i as u8 * 31)).for_each(drop),
                4 => drop(file.drain(start..stop.min(start + 40))),
                5 => {
                    let copy = file[start..stop.min(start + 200)].to_vec();
                    file.splice(at..at, copy).for_each(drop);
                }
                6 => file.extend((0..self.below(9)).map(|i| i as u8)),
                _ if at < file.len() => file[at] = self.below(256) as u8,
                _ => {}
            }
        }
        file
    }
}

/// Loads a file, and asserts that the peak of memory stays below the file's size times a constant, plus
/// what messages and the first small layers take.
fn bounded<T>(file: &[u8], load: impl FnOnce(&[u8]) -> Result<T, LoadError>) -> bool {
    let mut good = false;
    let memory = measure(|| match load(file) {
        Ok(_) => good = true,
        Err(error) => assert!(!error.to_string().contains('\n')),
    });
    let limit = 5 * file.len() as u64 + 2048;
    assert!(memory.bytes_max <= limit, "{} bytes for a file of {}", memory.bytes_max, file.len());
    good
}

#[test]
fn mutated_safetensors_files() {
    let original = file(&entries());
    let header = 8 + u64::from_le_bytes(*original.first_chunk().unwrap()) as usize;
    let mut random = Random(1);
    let mut loaded = 0;
    for _ in 0..2000 {
        let file = random.mutate(&original, header);
        loaded += u32::from(bounded(&file, lenet));
        bounded(&file, SafetensorsSource::list);
    }
    // Some changes are only in values.
    assert!((1..500).contains(&loaded), "{loaded}");
}

#[test]
fn mutated_raw_files() {
    let mut random = Random(2);
    let loaded = (0..500).filter(|_| {
        let file = random.mutate(RAW, RAW.len());
        bounded(&file, from_raw::<LeNet5>)
    });
    assert!((1..400).contains(&loaded.count()));
}

#[test]
fn small_headers_of_every_kind() {
    let original = with_header(
        r#"{"__metadata__":{"a":"\u00e9"},"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        &[0; 4],
    );
    let mut random = Random(3);
    for _ in 0..10_000 {
        bounded(&random.mutate(&original, original.len()), SafetensorsSource::list);
    }
    for len in 0..original.len() {
        assert!(!bounded(&original[..len], SafetensorsSource::list));
    }
}

#[test]
fn headers_made_to_take_memory() {
    let repeated = |item: &str| item.repeat(30_000);
    let tensor =
        |at: usize| format!(r#""{at}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}},"#);
    let many: String = (0..20_000).map(tensor).collect();
    let deep: String = (0..3_000)
        .map(|at| {
            format!(
                r#""{at}":{{"dtype":"U8","shape":[{}0],"data_offsets":[0,0]}},"#,
                "0,".repeat(63)
            )
        })
        .collect();
    let same = repeated(r#""a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"#);
    let numbers = format!("[{}0]", repeated("0,"));
    for (header, good) in [
        (format!("{{{}}}", many.trim_end_matches(',')), true),
        (format!(r#"{{{}"x":{{"dtype":"U8","shape":[],"data_offsets":[0,9]}}}}"#, many), false),
        (format!(r#"{{"x":{{"dtype":"U8","shape":{numbers},"data_offsets":[0,0]}}}}"#), false),
        (format!("{{{}}}", deep.trim_end_matches(',')), true),
        (format!(r#"{{"x":{{"dtype":"U8","shape":[],"data_offsets":{numbers}}}}}"#), false),
        (
            format!(
                r#"{{"{}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}}}"#,
                repeated("\\n")
            ),
            true,
        ),
        (
            format!(r#"{{"x":{{"dtype":"{}","shape":[0],"data_offsets":[0,0]}}}}"#, repeated("F")),
            false,
        ),
        (format!(r#"{{"x":{{"{}":0}}}}"#, repeated("k")), false),
        (format!("{{{}}}", same.trim_end_matches(',')), false),
        (repeated("["), false),
        (format!(r#"{{"x":{{"dtype":"U8","shape":[{}"#, repeated("9")), false),
    ] {
        let file = with_header(&header, &[]);
        assert_eq!(bounded(&file, SafetensorsSource::list), good, "{:.60}", header);
        assert!(!bounded(&file, lenet), "{:.60}", header);
    }
}
