//! The report as JSON: the model itself, documented field by field in `docs/guide/report-json.md`.

use midwatch_model::{Report, RunFacts};
use serde::Serialize;

use crate::text::is_hidden;

/// The report as indented JSON, ending in a line break; equal reports give equal bytes.
///
/// Keys stand in the order of the guide, `schema` first. Invisible characters (control, bidi, zero-width) inside strings
/// are written as `\uXXXX`, so the text is safe to print and reads back unchanged. A value that is not a finite number
/// is `null`.
pub fn json(report: &Report) -> String {
    printed(report)
}

/// The same with the facts of one run under `run`. Two runs over equal inputs differ there and nowhere else.
pub fn json_with_run(report: &Report, run: &RunFacts) -> String {
    #[derive(Serialize)]
    struct WithRun<'a> {
        #[serde(flatten)]
        report: &'a Report,
        run: &'a RunFacts,
    }
    printed(&WithRun { report, run })
}

fn printed<T: Serialize>(value: &T) -> String {
    match serde_json::to_string_pretty(value) {
        Ok(text) => visible(&text),
        // Only a model type that JSON cannot hold gets here; the reader still gets valid JSON that says so.
        Err(error) => format!("{}\n", serde_json::json!({ "error": error.to_string() })),
    }
}

/// Outside of strings JSON is ASCII, so every other hidden character stands inside one and may be escaped there.
fn visible(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 1);
    for ch in json.chars() {
        if ch == '\n' || !is_hidden(ch) {
            out.push(ch);
            continue;
        }
        for unit in ch.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out.push('\n');
    out
}
