//! One line: for a lock screen, and for the run's footer.

use midwatch_model::{Report, RunFacts, VerdictKind};

use crate::text;

/// Characters a lock screen shows.
const SUMMARY_CHARS_MAX: usize = 220;

/// One sentence for a lock screen: the verdict's sentence and, where it names a cause, how sure we are, without a line
/// break.
///
/// Conclusions that name no cause are named as such in front. A sentence of more than 220 characters is cut at a word
/// and ends in `…`; how sure we are is never cut.
pub fn summary_line(report: &Report) -> String {
    let verdict = &report.verdict;
    let mut sentence = text::line(&verdict.sentence).replace(text::NO_BREAK_SPACE, " ");
    let title = verdict.kind.title();
    let unproven = matches!(verdict.kind, VerdictKind::NotProven | VerdictKind::CannotTell);
    if unproven && !sentence.to_lowercase().starts_with(title) {
        sentence = format!("{}: {sentence}", super::outline::capitalised(title));
    }
    let sure = super::outline::sure(report).filter(|_| !sentence.contains("% sure")).map(|probability| {
        format!("{} sure.", text::likelihood(probability)).replace(text::NO_BREAK_SPACE, " ")
    });
    let room = SUMMARY_CHARS_MAX - sure.as_ref().map_or(0, |sure| sure.chars().count() + 2);
    let mut sentence = cut_at_word(&sentence, room);
    if let Some(sure) = sure {
        if !sentence.ends_with(['.', '!', '?', '…']) {
            sentence.push('.');
        }
        sentence.push(' ');
        sentence.push_str(&sure);
    }
    sentence
}

fn cut_at_word(sentence: &str, chars_max: usize) -> String {
    let Some((end, _)) = sentence.char_indices().nth(chars_max) else { return sentence.to_owned() };
    let head = &sentence[..end];
    let at_word = head.rfind(' ').filter(|space| *space > head.len() / 2).unwrap_or_else(|| {
        // Room for the mark itself.
        head.char_indices().next_back().map_or(0, |(index, _)| index)
    });
    format!("{}…", head[..at_word].trim_end())
}

/// One line about the run for stderr, without a line break: id, calls, duration, version.
pub fn run_footer(run: &RunFacts) -> String {
    let noun = if run.calls == 1 { "call" } else { "calls" };
    format!(
        "investigation {}: {} {noun} in {}, midwatch {}",
        text::line(&run.investigation.to_string()),
        text::count(u64::from(run.calls)),
        duration(run.wall_ms),
        text::line(&run.version),
    )
}

fn duration(wall_ms: u64) -> String {
    match wall_ms {
        0..1_000 => format!("{wall_ms} ms"),
        1_000..60_000 => format!("{}.{} s", wall_ms / 1_000, wall_ms % 1_000 / 100),
        _ => format!("{} min {} s", text::count(wall_ms / 60_000), wall_ms % 60_000 / 1_000),
    }
}
