//! The report as Markdown: same words, order and chip numbers as the terminal; evidence anchored at the end.

use midwatch_model::Report;

use crate::chart::ChartView;
use crate::outline::{
    Group, Note, Outline, Section, SectionKind, THEORIES_MAX, Tone, VERDICT_CHIPS_MAX, is_of_theories,
    outline,
};
use crate::text;

/// Quoted rows of one piece of evidence that are shown; more are counted.
const ROWS_MAX: usize = 10;
const CHART_COLUMNS: usize = 40;

/// The report as GitHub-flavoured Markdown, ending in a line break.
///
/// Text from outside is escaped, quoted rows stand in fenced blocks with a fence longer than any inside them, and words
/// that a renderer would link or notify on (`@name`, bare addresses) stand in code spans. Only `http` and `https`
/// addresses of citations become links.
pub fn markdown(report: &Report) -> String {
    let outline = outline(report);
    let mut out = String::new();
    for section in &outline.sections {
        write_section(&mut out, section, &outline);
    }
    out
}

fn write_section(out: &mut String, section: &Section, outline: &Outline) {
    if section.kind == SectionKind::Verdict {
        out.push_str(&format!("# {}\n\n", inline(&section.title)));
    } else {
        out.push_str(&format!("\n## {}\n\n", inline(&section.title)));
    }
    for (index, group) in section.groups.iter().enumerate() {
        let remark = is_remark(group);
        if index > 0 && (group.title.is_some() || remark) {
            out.push('\n');
        }
        if let Some(title) = &group.title {
            out.push_str(&format!("**{}**\n\n", inline(title)));
        }
        match section.kind {
            SectionKind::Verdict => write_paragraphs(out, group, VERDICT_CHIPS_MAX),
            _ if remark => write_paragraphs(out, group, usize::MAX),
            SectionKind::Why if is_table(group) => {
                write_table(out, group, ["Weight", "Kind", "What", "Evidence"])
            }
            SectionKind::Timeline if is_table(group) => {
                write_table(out, group, ["UTC", "Kind", "What", "Evidence"]);
            }
            kind if is_of_theories(kind, group) => write_list(out, group, THEORIES_MAX),
            _ => write_list(out, group, usize::MAX),
        }
    }
    if section.kind == SectionKind::Evidence && outline.uncited > 0 {
        let more = text::count(outline.uncited as u64);
        out.push_str(&format!("\n… and {more} more that nothing above cites, see -o json\n"));
    }
}

/// Whether a group only says something about the section.
fn is_remark(group: &Group) -> bool {
    group.items.iter().all(|item| item.tone == Tone::Muted && item.notes.is_empty())
}

/// Whether every item is one row: columns and nothing that hangs below.
fn is_table(group: &Group) -> bool {
    group.items.iter().all(|item| !item.lead.is_empty() && !item.label.is_empty() && item.notes.is_empty())
}

fn write_paragraphs(out: &mut String, group: &Group, chips_max: usize) {
    for (index, item) in group.items.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let (shown, hidden) = item.chips.split_at(item.chips.len().min(chips_max));
        let more = if hidden.is_empty() { String::new() } else { format!(" and {} more", hidden.len()) };
        out.push_str(&format!("{}{}{more}\n", inline(&item.text), chips(shown)));
        for note in &item.notes {
            out.push('\n');
            write_note(out, note, "");
        }
    }
}

fn write_table(out: &mut String, group: &Group, header: [&str; 4]) {
    let marked = group.items.iter().any(|item| item.marked);
    let mark_header = if marked { "| " } else { "" };
    out.push_str(&format!("{mark_header}| {} |\n", header.join(" | ")));
    out.push_str(&format!("{}|---:|---|---|---|\n", if marked { "|---" } else { "" }));
    for item in &group.items {
        let mark = match (marked, item.marked) {
            (true, true) => "| ▸ ",
            (true, false) => "| ",
            (false, _) => "",
        };
        let cells =
            [lead(&item.lead), cell(&item.label), cell(&item.text), chips(&item.chips).trim().to_owned()];
        out.push_str(&format!("{mark}| {} |\n", cells.join(" | ")));
    }
}

fn write_list(out: &mut String, group: &Group, items_max: usize) {
    let (shown, hidden) = group.items.split_at(group.items.len().min(items_max));
    for item in shown {
        let indent = "  ".repeat(item.branch.len());
        let mut words = Vec::new();
        if let Some(number) = item.anchor {
            words.push(format!("<a id=\"e{number}\"></a>**e{number}**"));
        } else if !item.lead.is_empty() {
            words.push(format!("**{}**", lead(&item.lead)));
        }
        if !item.label.is_empty() {
            words.push(format!("{}:", inline(&item.label)));
        }
        words.push(inline(&item.text));
        if !item.aside.is_empty() {
            words.push(format!("({})", inline(&item.aside)));
        }
        out.push_str(&format!("{indent}- {}{}\n", words.join(" "), chips(&item.chips)));
        for note in &item.notes {
            write_note(out, note, &format!("{indent}  "));
        }
    }
    if !hidden.is_empty() {
        out.push_str(&format!("- … and {} more, see -o json\n", text::count(hidden.len() as u64)));
    }
}

fn write_note(out: &mut String, note: &Note, indent: &str) {
    let bullet = if indent.is_empty() { "" } else { "- " };
    match note {
        Note::Text { text, chips: numbers } => {
            out.push_str(&format!("{indent}{bullet}{}{}\n", inline(text), chips(numbers)));
        }
        Note::Field { name: "query", text } | Note::Query(text) => {
            out.push_str(&format!("{indent}{bullet}query {}\n", code(text)));
        }
        Note::Field { name, text } => out.push_str(&format!("{indent}{bullet}{name} {}\n", inline(text))),
        Note::Link(text) => out.push_str(&format!("{indent}{bullet}open {}\n", link(text))),
        Note::Command(lines) => write_fence(out, indent, lines, "sh"),
        Note::Quote { rows, more, noun } => {
            let shown = rows.get(..ROWS_MAX).unwrap_or(rows);
            if !shown.is_empty() {
                write_fence(out, indent, shown, "text");
            }
            let more = more + (rows.len() - shown.len()) as u64;
            if more > 0 {
                let more = text::count(more);
                out.push_str(&format!("{indent}{bullet}… and {more} more {noun}, see -o json\n"));
            }
        }
        Note::Chart(chart) => out.push_str(&format!("{indent}{bullet}{}\n", code(&drawn(chart)))),
    }
}

fn drawn(chart: &ChartView) -> String {
    chart.sparkline(CHART_COLUMNS, true).plain()
}

fn chips(numbers: &[usize]) -> String {
    numbers.iter().map(|number| format!(" [e{number}](#e{number})")).collect()
}

fn write_fence(out: &mut String, indent: &str, rows: &[String], language: &str) {
    let longest = rows.iter().map(|row| longest_run(row, '`')).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    out.push_str(&format!("\n{indent}{fence}{language}\n"));
    for row in rows {
        out.push_str(format!("{indent}{row}").trim_end());
        out.push('\n');
    }
    out.push_str(&format!("{indent}{fence}\n\n"));
}

fn longest_run(text: &str, wanted: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for ch in text.chars() {
        run = if ch == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// A code span whose fence is longer than any inside it.
fn code(text: &str) -> String {
    if text.trim().is_empty() {
        return "(empty)".into();
    }
    let fence = "`".repeat(longest_run(text, '`') + 1);
    // One space on either side is dropped by renderers; it keeps a backtick or a space at the edge apart.
    let edge = |ch: char| ch == '`' || ch == ' ';
    let pad = if text.starts_with(edge) || text.ends_with(edge) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn link(target: &str) -> String {
    let web = ["http://", "https://"].iter().any(|scheme| target.starts_with(scheme));
    if !web {
        return code(target);
    }
    let mut address = String::with_capacity(target.len());
    for byte in target.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => address.push(char::from(byte)),
            _ if b"-._~:/?#[]@!$&'()*+,;=%{}".contains(&byte) => address.push(char::from(byte)),
            _ => address.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("[{}](<{address}>)", code(target))
}

/// The first column holds our own numbers and times: nothing to escape.
fn lead(text: &str) -> String {
    text.replace(text::NO_BREAK_SPACE, " ")
}

/// One line of outside text as Markdown that renders as exactly that text.
fn inline(text: &str) -> String {
    let text = text.replace(text::NO_BREAK_SPACE, " ");
    let words: Vec<String> = text.split(' ').filter(|word| !word.is_empty()).map(word).collect();
    let joined = words.join(" ");
    guard_start(joined)
}

/// The same inside a table, where a bar ends the cell even in a code span.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut escaped = false;
    for ch in inline(text).chars() {
        if ch == '|' && !escaped {
            out.push('\\');
        }
        escaped = ch == '\\' && !escaped;
        out.push(ch);
    }
    out
}

fn word(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    let linked = word.contains('@') || word.contains("://") || lower.contains("www.");
    if linked || word.contains('`') {
        return code(word);
    }
    let chars: Vec<char> = word.chars().collect();
    let mut out = String::with_capacity(word.len() + 4);
    for (index, ch) in chars.iter().enumerate() {
        let inside = |index: Option<usize>| {
            index.and_then(|index| chars.get(index)).is_some_and(|ch| ch.is_alphanumeric())
        };
        let escape = match ch {
            '\\' | '*' | '<' | '>' | '[' | ']' | '|' | '&' | '~' | '$' | '#' => true,
            // Inside a word an underscore is only itself.
            '_' => !(inside(index.checked_sub(1)) && inside(Some(index + 1))),
            _ => false,
        };
        if escape {
            out.push('\\');
        }
        out.push(*ch);
    }
    out
}

/// Escapes what only means something at the start of a line: list marks, rules, headings, numbers of a list.
fn guard_start(text: String) -> String {
    match text.chars().next() {
        Some('-' | '+' | '=' | ':' | '!') => format!("\\{text}"),
        Some('0'..='9') => {
            let digits = text.chars().take_while(char::is_ascii_digit).count();
            match text.as_bytes().get(digits) {
                Some(b'.' | b')') => format!("{}\\{}", &text[..digits], &text[digits..]),
                _ => text,
            }
        }
        _ => text,
    }
}
