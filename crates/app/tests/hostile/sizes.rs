//! Sizes: lines and documents without an end, more templates than fit, more names than anyone has.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::incident::{append, case, try_all};

const MEGABYTE: usize = 1 << 20;

/// Appends `bytes` of `filling` to a file between `head` and `tail`, without holding them.
fn stream(directory: &Path, file: &str, head: &str, filling: u8, bytes: usize, tail: &str) {
    let open = OpenOptions::new().create(true).append(true).open(directory.join(file)).unwrap();
    let mut writer = BufWriter::new(open);
    let block = vec![filling; MEGABYTE];
    writer.write_all(head.as_bytes()).unwrap();
    (0..bytes / MEGABYTE).for_each(|_| writer.write_all(&block).unwrap());
    writer.write_all(tail.as_bytes()).unwrap();
}

#[test]
fn a_line_without_an_end_is_cut_and_said() {
    let log =
        "{\"timestamp\":\"2026-07-08T15:40:00Z\",\"service\":\"quotes\",\"level\":\"INFO\",\"message\":\"";
    try_all(vec![
        case("a log line of 64 MB", move |at| stream(at, "logs.ndjson", log, b'a', 64 * MEGABYTE, "\"}\n"))
            .tells("logs.ndjson")
            .keeps_the_answer(),
        case("a log line of 64 MB of opening brackets", |at| {
            stream(at, "logs.ndjson", "", b'[', 64 * MEGABYTE, "\n");
        })
        .tells("logs.ndjson")
        .keeps_the_answer(),
        case("a row of 64 MB", |at| {
            stream(at, "metrics.csv", "2026-07-08T15:40:00Z,", b',', 64 * MEGABYTE, "\n");
        })
        .tells("metrics.csv")
        .keeps_the_answer(),
        case("64 MB in one quote", |at| stream(at, "metrics.csv", "\"", b'\n', 64 * MEGABYTE, "\"\n"))
            .tells("metrics.csv")
            .keeps_the_answer(),
        case("a plain line of 64 MB", |at| {
            stream(at, "app.log", "2026-07-08 15:40:00 ", b'x', 64 * MEGABYTE, "");
        })
        .tells("app.log")
        .keeps_the_answer(),
    ]);
}

#[test]
fn a_document_without_an_end_is_refused_and_said() {
    try_all(vec![
        case("more traces than the limit", |at| {
            stream(at, "traces_more.json", "[", b' ', 257 * MEGABYTE, "]")
        })
        .tells("traces_more.json")
        .keeps_the_answer(),
        case("one text of 32 MB", |at| {
            stream(
                at,
                "changes.json",
                "[{\"at\":\"2026-07-08T15:00:00Z\",\"service\":\"",
                b'a',
                32 * MEGABYTE,
                "\"}]",
            );
        }),
    ]);
}

#[test]
fn more_templates_than_fit_are_counted() {
    let many = |at: &Path| {
        let mut text = String::new();
        for number in 0..40_000_u64 {
            let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let word = |shift: u64| -> String {
                (0..6).map(|place| char::from(b'a' + ((mixed >> (shift + place * 3)) % 26) as u8)).collect()
            };
            let second = number % 60;
            text.push_str(&format!(
                "{{\"timestamp\":\"2026-07-08T14:00:{second:02}Z\",\"service\":\"content\",\"level\":\"INFO\",\"message\":\"{} {} {} {}\"}}\n",
                word(0), word(7), word(19), word(31)
            ));
        }
        append(at, "logs.ndjson", text);
    };
    try_all(vec![case("40,000 templates", many).keeps_the_answer()]);
}

#[test]
fn more_names_than_anyone_has() {
    try_all(vec![
        case("5,000 entities that call each other", |at| {
            let edges: Vec<String> = (0..20_000_u32)
                .map(|number| {
                    format!("{{\"from\":\"s{}\",\"to\":\"s{}\"}}", number % 5_000, number * 7 % 4_999)
                })
                .collect();
            std::fs::write(at.join("topology.json"), format!("{{\"edges\":[{}]}}", edges.join(","))).unwrap();
        }),
        case("2,000 services with metrics", |at| {
            let mut rows = String::new();
            for number in 0..2_000 {
                for minute in 0..20 {
                    rows.push_str(&format!("2026-07-08T15:{:02}:00Z,s{number},load,{minute}\n", 20 + minute));
                }
            }
            append(at, "metrics_more.csv", rows);
        }),
        case("3,000 deploys", |at| {
            let deploys: Vec<String> = (0..3_000)
                .map(|number| {
                    let at = format!(
                        "2026-07-08T{}:{:02}:{:02}Z",
                        13 + number / 1_500,
                        number / 60 % 60,
                        number % 60
                    );
                    format!("{{\"at\":\"{at}\",\"service\":\"s{}\",\"version\":\"{number}\"}}", number % 9)
                })
                .collect();
            std::fs::write(at.join("deploys.json"), format!("[{}]", deploys.join(","))).unwrap();
        }),
    ]);
}
