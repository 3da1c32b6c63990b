//! Random damage: bytes and rows of random files cut, doubled, swapped and overwritten.

use std::path::Path;

use proptest::prelude::*;

use crate::incident::{FILES, case, try_all};

/// One thing done to a file; places are shares of its length.
#[derive(Debug, Clone)]
enum Mutation {
    Overwrite { at: f64, bytes: Vec<u8> },
    Insert { at: f64, bytes: Vec<u8> },
    Remove { at: f64, bytes: usize },
    Cut { at: f64 },
    FlipBits { at: f64, every: usize, mask: u8 },
    DoubleRow { at: f64, times: usize },
    RemoveRow { at: f64 },
    SwapRows { one: f64, other: f64 },
    Replace { word: usize, with: usize },
}

/// What is replaced, and by what: times, numbers, names and brackets of the incident's files.
const WORDS: [&str; 20] = [
    "2026-07-08T15",
    "2026-07-08",
    "quotes",
    "gateway",
    "\"",
    ",",
    ":",
    "}",
    "[",
    "null",
    "NaN",
    "1e308",
    "-",
    "0",
    "9999-12-31",
    "0001-01-01",
    "\u{0}",
    "\u{FEFF}",
    "\\u0000",
    "timestamp",
];

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = || 0.0..1.0;
    let bytes = || proptest::collection::vec(any::<u8>(), 1..40);
    prop_oneof![
        (at(), bytes()).prop_map(|(at, bytes)| Mutation::Overwrite { at, bytes }),
        (at(), bytes()).prop_map(|(at, bytes)| Mutation::Insert { at, bytes }),
        (at(), 1_usize..2_000).prop_map(|(at, bytes)| Mutation::Remove { at, bytes }),
        at().prop_map(|at| Mutation::Cut { at }),
        (at(), 1_usize..500, 1_u8..).prop_map(|(at, every, mask)| Mutation::FlipBits { at, every, mask }),
        (at(), 1_usize..50).prop_map(|(at, times)| Mutation::DoubleRow { at, times }),
        at().prop_map(|at| Mutation::RemoveRow { at }),
        (at(), at()).prop_map(|(one, other)| Mutation::SwapRows { one, other }),
        (0..WORDS.len(), 0..WORDS.len()).prop_map(|(word, with)| Mutation::Replace { word, with }),
    ]
}

fn apply(mutation: &Mutation, file: &mut Vec<u8>) {
    let place = |at: &f64, length: usize| ((length as f64) * at) as usize;
    match mutation {
        Mutation::Overwrite { at, bytes } => {
            let start = place(at, file.len());
            file.iter_mut().skip(start).zip(bytes).for_each(|(old, new)| *old = *new);
        }
        Mutation::Insert { at, bytes } => {
            let start = place(at, file.len());
            file.splice(start..start, bytes.iter().copied());
        }
        Mutation::Remove { at, bytes } => {
            let start = place(at, file.len());
            file.drain(start..(start + bytes).min(file.len()));
        }
        Mutation::Cut { at } => file.truncate(place(at, file.len())),
        Mutation::FlipBits { at, every, mask } => {
            let start = place(at, file.len());
            file.iter_mut().skip(start).step_by(*every).for_each(|byte| *byte ^= mask);
        }
        Mutation::Replace { word, with } => {
            let text = String::from_utf8_lossy(file).replace(WORDS[*word], WORDS[*with]);
            *file = text.into_bytes();
        }
        Mutation::DoubleRow { .. } | Mutation::RemoveRow { .. } | Mutation::SwapRows { .. } => {
            let mut rows: Vec<Vec<u8>> = file.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let last = rows.len() - 1;
            match mutation {
                Mutation::DoubleRow { at, times } => {
                    let row = rows[place(at, last)].clone();
                    let start = place(at, last);
                    rows.splice(start..start, std::iter::repeat_n(row, *times));
                }
                Mutation::RemoveRow { at } => {
                    rows.remove(place(at, last));
                }
                Mutation::SwapRows { one, other } => rows.swap(place(one, last), place(other, last)),
                _ => {}
            }
            *file = rows.join(&b'\n');
        }
    }
}

fn damage(directory: &Path, mutations: &[(usize, Mutation)]) {
    for (file, mutation) in mutations {
        let path = directory.join(FILES[*file]);
        let mut bytes = std::fs::read(&path).unwrap();
        apply(mutation, &mut bytes);
        std::fs::write(&path, bytes).unwrap();
    }
}

proptest! {
    // Each case investigates twice; more cases are a matter of patience: `PROPTEST_CASES=2000`.
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64),
        failure_persistence: None,
        max_shrink_iters: 40,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_damage_gives_a_report_or_a_clear_message(
        mutations in proptest::collection::vec((0..FILES.len(), mutation()), 1..12),
    ) {
        let name = format!("{mutations:?}");
        try_all(vec![case(name, move |at| damage(at, &mutations))]);
    }
}
