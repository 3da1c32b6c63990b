//! Each file empty, missing, cut in the middle, or with bytes that are no text.

use crate::incident::{Case, FILES, case, try_all, write};

/// Files that are one JSON document: cut anywhere inside, they say so.
const DOCUMENTS: [&str; 7] = [
    "alert.json",
    "commits.json",
    "config.json",
    "deploys.json",
    "flags.json",
    "topology.json",
    "traces.json",
];

fn for_each_file(make: impl Fn(&'static str) -> Case) -> Vec<Case> {
    FILES.into_iter().map(make).collect()
}

#[test]
fn an_empty_file_is_named() {
    try_all(for_each_file(|file| case(format!("{file} empty"), move |at| write(at, file, "")).tells(file)));
}

#[test]
fn a_missing_file_leaves_a_report_or_a_clear_message() {
    try_all(for_each_file(|file| {
        case(format!("{file} missing"), move |at| std::fs::remove_file(at.join(file)).unwrap())
    }));
}

#[test]
fn a_file_cut_in_the_middle_is_read_up_to_there() {
    let cut = |file: &'static str, times: usize| {
        case(format!("{file} cut to {times}/5"), move |at| {
            let bytes = std::fs::read(at.join(file)).unwrap();
            write(at, file, &bytes[..bytes.len() * times / 5]);
        })
    };
    try_all(
        FILES
            .into_iter()
            .flat_map(|file| [cut(file, 1), cut(file, 3)].map(|case| (file, case)))
            .map(|(file, case)| if DOCUMENTS.contains(&file) { case.tells(file) } else { case })
            .collect(),
    );
}

#[test]
fn bytes_that_are_no_text_break_nothing() {
    let mut cases = for_each_file(|file| {
        case(format!("{file} with bytes inside"), move |at| {
            let mut bytes = std::fs::read(at.join(file)).unwrap();
            let middle = bytes.len() / 2;
            bytes.splice(middle..middle, *b"\xFF\xFE\xC0\x80\xED\xA0\x80\0\x1B[31m");
            write(at, file, bytes);
        })
    });
    cases.extend(for_each_file(|file| {
        case(format!("{file} of UTF-16"), move |at| {
            let text = std::fs::read_to_string(at.join(file)).unwrap();
            let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
            let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
            write(at, file, bytes);
        })
    }));
    cases.extend(for_each_file(|file| {
        case(format!("{file} of zeros"), move |at| write(at, file, vec![0; 100_000]))
    }));
    try_all(cases);
}

#[test]
fn nothing_at_all_is_refused_with_what_was_looked_for() {
    let every_file = |damage: fn(&std::path::Path)| {
        move |at: &std::path::Path| FILES.into_iter().for_each(|file| damage(&at.join(file)))
    };
    try_all(vec![
        case("every file missing", every_file(|path| std::fs::remove_file(path).unwrap()))
            .tells("holds no incident")
            .tells("no files at all"),
        case("every file empty", every_file(|path| std::fs::write(path, "").unwrap())).tells("alert.json"),
        case("no directory", |at| std::fs::remove_dir_all(at).unwrap()).tells("there is no directory"),
    ]);
}
