//! Logs: which messages are new, more frequent or gone; what they speak of, whom they blame, where the code fails.

mod version;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_analysis::logs::{
    ChangeKind as Novelty, LogLevel, LogPattern, LogPatterns, NoveltyOptions, PatternChange,
    compare_patterns, concepts_of, parse_exception, peers_named, telling_words,
};
use midwatch_analysis::spans::{ClockOptions, TracedLine, line_offsets};
use midwatch_model::{
    Answer, Citation, Direction, EntityId, Evidence, Finding, FindingKind, LogLine, Question, QuestionKind,
    Relation, RelationKind, Signal, Timestamp,
};
use midwatch_sources::{LogQuery, SpanQuery};

use super::{Agent, AgentError, AgentSpec, Draft, at, cut, number, one_in, onset_at, sentence};
use crate::board::{Board, ClockSeen, MessageCount, StepAnswer, SymptomWord, VersionSeen};
use crate::concepts::{NO_BASELINE, WORSE};
use crate::desk::{Desk, Got, evidence};

/// The agent.
pub(crate) struct LogsAgent;

static SPEC: AgentSpec = AgentSpec {
    name: "logs",
    answers: &[QuestionKind::LogPatterns],
    signals: &[Signal::Logs],
    calls_max: 16,
    settles: "what breaks in the program's own words, and which line of code says so",
};

/// Characters of a log line kept as evidence.
const LINE_CHARACTERS_MAX: usize = 400;
/// Fields of a line kept as evidence, and read for concepts and words.
const FIELDS_SHOWN: usize = 12;
const FIELDS_READ_MAX: usize = 20;
/// Frames of the program's own code kept of one exception.
const FRAMES_MAX: usize = 6;
/// Robust z of a message with nothing to compare it with: below what counts as a departure.
const UNJUDGED_Z: f64 = 3.0;
/// Messages of trouble that did not change, kept as what was normal.
const STEADY_MAX: usize = 100;

/// Versions that are noted.
const VERSIONS_MAX: usize = 500;

/// Lines of one message up to which it may be what a program says when it starts.
const BANNERS_MAX: u64 = 200;

/// Concepts of ordinary operation: a message that speaks only of these is no sign of trouble.
const ORDINARY: &[&str] = &[
    "startup",
    "shutdown",
    "deploy_banner",
    "flag_banner",
    "scheduled",
    "batch_job",
    "migration",
    "scaling",
    "leader_election",
];

impl Agent for LogsAgent {
    fn spec(&self) -> &'static AgentSpec {
        &SPEC
    }

    fn answer<'a>(
        &'a self,
        question: &'a Question,
        desk: &'a Desk<'a>,
        board: &'a Board,
    ) -> BoxFuture<'a, Result<StepAnswer, AgentError>> {
        answer(question, desk, board).boxed()
    }
}

async fn answer(question: &Question, desk: &Desk<'_>, board: &Board) -> Result<StepAnswer, AgentError> {
    let gathered = desk.patterns(LogQuery::default(), question.window).await;
    let mut result = gathered.opening(Signal::Logs, SPEC.settles)?;
    result.clocks = clocks(&gathered.got, question, desk, board).await;
    let split = question.baseline.map_or(question.window.start_ns(), |baseline| baseline.end_ns());
    for got in &gathered.got {
        let Some(patterns) = &got.data else { continue };
        if patterns.overflow_lines > 0 {
            result.truncated.push(format!(
                "{} of {} log lines fell outside the bound on templates",
                patterns.overflow_lines, patterns.lines
            ));
        }
        let names: BTreeSet<&str> = patterns.patterns.iter().map(|pattern| pattern.entity.as_str()).collect();
        result.seen.extend(names.into_iter().map(|name| (Signal::Logs, board.entity_named(name))));
        let baseline = (question.window.start_ns(), split);
        let window = (split, question.window.end_ns());
        let changes = compare_patterns(patterns, baseline, window, &NoveltyOptions::default());
        let mut reader = Reader {
            patterns,
            citation: &got.citation,
            board,
            is_excerpt: question.baseline.is_some() || span_ns(patterns) < EXCERPT_NS_MAX,
            ordinary: BTreeMap::new(),
            left_out: LeftOut::default(),
            result: &mut result,
        };
        reader.learn_ordinary(&changes);
        for change in &changes {
            reader.read(change);
        }
        reader.remember_steady(&changes);
        reader.versions();
        let left_out = reader.left_out;
        result.sampled.extend(sampled(patterns));
        result.truncated.extend(left_out.said());
    }
    Ok(result)
}

/// Lines that span less than this are an excerpt of the trouble: that they hold nothing earlier says nothing.
const EXCERPT_NS_MAX: i64 = 15 * 60 * 1_000_000_000;

/// Time from the first to the last line.
fn span_ns(patterns: &LogPatterns) -> i64 {
    let bins = || patterns.patterns.iter().flat_map(|pattern| &pattern.bins).map(|bin| bin.0);
    bins().max().unwrap_or(0).saturating_sub(bins().min().unwrap_or(0))
}

/// Lines that name their trace which are held against its spans.
const TRACED_LINES_MAX: usize = 4000;

/// Fields that name the trace a line belongs to.
const TRACE_KEYS: &[&str] = &["trace_id", "traceid", "trace.id", "otel.trace_id", "dd.trace_id"];

/// Clocks of lines that are off against the spans of the same traces. Spans are only asked for when lines name traces.
async fn clocks(
    got: &[Got<LogPatterns>],
    question: &Question,
    desk: &Desk<'_>,
    board: &Board,
) -> Vec<ClockSeen> {
    let mut lines: Vec<TracedLine<'_>> = Vec::new();
    let patterns = got.iter().filter_map(|got| got.data.as_ref()).flat_map(|patterns| &patterns.patterns);
    for pattern in patterns {
        for exemplar in &pattern.exemplars {
            let named = exemplar
                .fields
                .iter()
                .find(|(key, _)| TRACE_KEYS.iter().any(|known| known.eq_ignore_ascii_case(key)));
            if let (Some((_, trace)), Some(time_ns)) = (named, exemplar.time_ns)
                && lines.len() < TRACED_LINES_MAX
            {
                lines.push(TracedLine { service: &pattern.entity, trace, time_ns });
            }
        }
    }
    let options = ClockOptions::default();
    if lines.len() < options.pairs_min {
        return Vec::new();
    }
    let spans = desk.spans(SpanQuery::default(), question.window).await;
    let batches = spans.got.iter().filter_map(|got| got.data.as_ref());
    let offsets = batches.flat_map(|batch| line_offsets(&lines, batch, &options));
    let seen = offsets.map(|off| ClockSeen {
        entity: board.entity_named(&off.service),
        offset_ns: off.offset_ns,
        against: format!(
            "its own spans, in its log lines ({} lines, which differ by {} s at the median)",
            off.pairs,
            number(off.mad_ns as f64 / 1e9)
        ),
    });
    seen.collect()
}

/// What lines, and the counts stated beside them, say of being a sample.
fn sampled(patterns: &LogPatterns) -> Vec<String> {
    let mut by_entity: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    let (mut stated, mut handed) = (0_u64, 0_u64);
    for pattern in &patterns.patterns {
        let fields = pattern.exemplars.iter().flat_map(|exemplar| &exemplar.fields);
        for rate in fields.filter_map(|(key, value)| one_in(key, value)) {
            let (least, most) = by_entity.entry(pattern.entity.as_str()).or_insert((rate, rate));
            (*least, *most) = (least.min(rate), most.max(rate));
        }
        if let Some(counts) = pattern.stated {
            stated = stated.saturating_add(counts.count.saturating_add(counts.baseline));
            handed = handed.saturating_add(pattern.total);
        }
    }
    let mut said: Vec<String> = sentence("log lines", &by_entity).into_iter().collect();
    if stated > handed {
        said.push(format!("log lines are a sample: {handed} were given of messages counted {stated} times"));
    }
    said
}

/// What was not read of messages that were.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct LeftOut {
    /// Messages with more fields than were read.
    wide: usize,
    /// Exceptions with more frames of the program's own code than were kept.
    deep: usize,
    /// Steady messages of trouble that were seen.
    steady: usize,
}

impl LeftOut {
    fn said(self) -> Vec<String> {
        let mut said = Vec::new();
        let messages = |count: usize| if count == 1 { "message" } else { "messages" };
        if self.wide > 0 {
            said.push(format!(
                "{FIELDS_READ_MAX} fields read of {} {} with more",
                self.wide,
                messages(self.wide)
            ));
        }
        if self.deep > 0 {
            let exceptions = if self.deep == 1 { "exception" } else { "exceptions" };
            said.push(format!("{FRAMES_MAX} own frames kept of {} {exceptions} with more", self.deep));
        }
        if self.steady > STEADY_MAX {
            said.push(format!(
                "{STEADY_MAX} of {} messages of trouble that did not change kept for comparison",
                self.steady
            ));
        }
        said
    }
}

struct Reader<'a> {
    patterns: &'a LogPatterns,
    citation: &'a Citation,
    board: &'a Board,
    /// Whether trouble that cannot be compared with anything earlier is worth noting.
    is_excerpt: bool,
    /// Words of messages that go on as ever, with how many messages hold them.
    ordinary: BTreeMap<String, u32>,
    left_out: LeftOut,
    result: &'a mut StepAnswer,
}

impl Reader<'_> {
    fn learn_ordinary(&mut self, changes: &[PatternChange]) {
        for change in changes.iter().filter(|change| change.kind == Novelty::Steady) {
            let Some(pattern) = self.patterns.patterns.get(change.pattern) else { continue };
            for word in telling_words(&pattern.template) {
                *self.ordinary.entry(word).or_insert(0) += 1;
            }
        }
    }

    /// Notes which versions programs say they run when they start.
    fn versions(&mut self) {
        for pattern in self.patterns.patterns.iter().filter(|pattern| pattern.total <= BANNERS_MAX) {
            let stated = pattern.exemplars.iter().filter_map(|exemplar| {
                Some((version::stated(&exemplar.body, &pattern.entity)?, exemplar.time_ns?))
            });
            let stated: Vec<(&str, i64)> = stated.collect();
            if stated.is_empty() {
                continue;
            }
            if self.result.versions.len() >= VERSIONS_MAX {
                self.result
                    .truncated
                    .push(format!("{VERSIONS_MAX} versions that programs state were noted, not all"));
                return;
            }
            let evidence = self.cite(pattern).id;
            let entity = self.board.entity_named(&pattern.entity);
            self.result.versions.extend(stated.into_iter().map(|(version, time_ns)| VersionSeen {
                entity: entity.clone(),
                version: version.to_owned(),
                at: at(time_ns),
                evidence: evidence.clone(),
            }));
        }
    }

    /// Keeps how often messages of trouble that did not change are logged: what was normal. The most frequent first.
    fn remember_steady(&mut self, changes: &[PatternChange]) {
        let steady = |change: &&PatternChange| change.kind == Novelty::Steady && change.baseline_count > 0;
        let mut steady: Vec<&PatternChange> = changes.iter().filter(steady).collect();
        steady.sort_by_key(|change| (std::cmp::Reverse(change.baseline_count), change.pattern));
        for change in steady {
            let Some(pattern) = self.patterns.patterns.get(change.pattern) else { continue };
            if pattern.level < LogLevel::Warn {
                continue;
            }
            let text = full_text(pattern);
            let concepts: Vec<String> = concepts_of(&text).into_iter().map(str::to_owned).collect();
            if concepts.is_empty() {
                continue;
            }
            self.left_out.steady += 1;
            if self.left_out.steady <= STEADY_MAX {
                let entity = self.board.entity_named(&pattern.entity);
                let cited = self.cite(pattern);
                self.count(entity, change, &cited, concepts);
            }
        }
    }

    /// Notes how often a message was logged before and after.
    fn count(
        &mut self,
        entity: EntityId,
        change: &PatternChange,
        cited: &Evidence,
        mut concepts: Vec<String>,
    ) {
        concepts.retain(|concept| concept != WORSE);
        concepts.sort();
        concepts.dedup();
        // Words of the message alone: names of fields are shared by messages that have nothing else in common.
        let mut words = self
            .patterns
            .patterns
            .get(change.pattern)
            .map_or_else(Vec::new, |pattern| telling_words(&pattern.template));
        words.sort();
        words.dedup();
        self.result.messages.push(MessageCount {
            entity,
            evidence: cited.id.clone(),
            concepts,
            words,
            seen: change.window_count as f64,
            expected: change.expected,
        });
    }

    fn read(&mut self, change: &PatternChange) {
        let Some(pattern) = self.patterns.patterns.get(change.pattern) else { return };
        let unjudged = change.kind == Novelty::Unjudged;
        let kind = match change.kind {
            Novelty::New => FindingKind::LogNew,
            Novelty::Surged => FindingKind::LogSurge,
            Novelty::Vanished => FindingKind::LogVanished,
            Novelty::Unjudged if self.is_excerpt => FindingKind::LogNew,
            Novelty::Steady | Novelty::Silent | Novelty::Unjudged => return,
        };
        let text = full_text(pattern);
        if pattern.exemplars.first().is_some_and(|exemplar| exemplar.fields.len() > FIELDS_READ_MAX) {
            self.left_out.wide += 1;
        }
        let mut concepts: Vec<String> = concepts_of(&text).into_iter().map(str::to_owned).collect();
        let loud = pattern.level >= LogLevel::Warn;
        let ordinary = concepts.iter().all(|concept| ORDINARY.contains(&concept.as_str()));
        if kind != FindingKind::LogVanished && !loud && (concepts.is_empty() || change.banner) {
            return;
        }
        if unjudged && (ordinary && pattern.level < LogLevel::Error || change.banner) {
            return;
        }
        let entity = self.board.entity_named(&pattern.entity);
        let cited = self.cite(pattern);
        let worse = kind != FindingKind::LogVanished && (loud || !ordinary);
        match (worse, unjudged) {
            (true, false) => concepts.push(WORSE.to_owned()),
            (true, true) => concepts.push(NO_BASELINE.to_owned()),
            (false, _) => {}
        }
        let words = self.words(&text, &cited, kind);
        self.count(entity.clone(), change, &cited, concepts.clone());
        let peer = self.peer(&entity, pattern, &cited);
        self.result.entities.push(entity.clone());
        let mut draft = Draft::new(kind, entity.clone(), cut(&pattern.template, 200), cited.id.clone());
        draft.direction =
            Some(if kind == FindingKind::LogVanished { Direction::Down } else { Direction::Up });
        let onset_ns = change.onset_ns.map(|bin| self.first_of(pattern, kind, bin));
        draft.onset = onset_ns.map(|onset| onset_at(onset, self.patterns.bin_ns));
        draft.ended_at = change.ended_ns.map(at);
        draft.effect = change.ratio;
        draft.z = change.z * if loud { 1.0 } else { 0.7 };
        if unjudged {
            draft.z = UNJUDGED_Z;
            let first = pattern.exemplars.iter().filter_map(|exemplar| exemplar.time_ns).min();
            draft.onset = first.map(|first| onset_at(first, self.patterns.bin_ns));
            draft.ended_at = None;
        }
        draft.summary = summary(pattern, change, onset_ns, kind);
        if unjudged {
            draft.summary = unjudged_summary(pattern, draft.onset.map(|onset| onset.at));
        }
        draft.concepts = concepts;
        draft.words = words;
        draft.peer = peer;
        let message = draft.finish();
        if worse {
            self.exception(pattern, &message, &cited);
        }
        self.result.findings.push(message);
    }

    /// When a message first came: of one that is new the first line itself, where it was kept; else the beginning of the
    /// stretch of time it was counted in.
    fn first_of(&self, pattern: &LogPattern, kind: FindingKind, bin: i64) -> i64 {
        let inside = |time: &i64| (bin..bin.saturating_add(self.patterns.bin_ns)).contains(time);
        let first = pattern.exemplars.iter().filter_map(|exemplar| exemplar.time_ns).filter(inside).min();
        first.filter(|_| kind == FindingKind::LogNew).unwrap_or(bin)
    }

    fn cite(&mut self, pattern: &LogPattern) -> Evidence {
        let lines: Vec<LogLine> = pattern
            .exemplars
            .iter()
            .map(|exemplar| LogLine {
                at: exemplar.time_ns.map(at),
                text: cut(&exemplar.body, LINE_CHARACTERS_MAX),
                fields: exemplar
                    .fields
                    .iter()
                    .take(FIELDS_SHOWN)
                    .map(|(key, value)| (cut(key, 60), cut(value, LINE_CHARACTERS_MAX)))
                    .collect(),
            })
            .collect();
        let total = pattern.stated.map_or(pattern.total, |stated| stated.count);
        let citation = Citation {
            query: format!("{}: {} «{}»", self.citation.query, pattern.entity, cut(&pattern.template, 120)),
            link: pattern
                .exemplars
                .first()
                .and_then(|exemplar| exemplar.link.clone())
                .or_else(|| self.citation.link.clone()),
            ..self.citation.clone()
        };
        let title = format!("{} logs «{}»", pattern.entity, cut(&pattern.template, 120));
        let shown = lines.len() as u64;
        let mut cuts = Vec::new();
        if shown < total {
            cuts.push(format!("{shown} of {total} lines shown"));
        }
        let fields = pattern.exemplars.iter().map(|exemplar| exemplar.fields.len()).max().unwrap_or(0);
        if fields > FIELDS_SHOWN {
            cuts.push(format!("{FIELDS_SHOWN} of {fields} fields"));
        }
        let truncated = (!cuts.is_empty()).then(|| cuts.join(", "));
        let cited = evidence(title, citation, Answer::Logs { lines, total }, truncated);
        self.result.evidence.push(cited.clone());
        cited
    }

    /// Words worth matching with diffs, weighted by how rare they are in messages that go on as ever.
    fn words(&mut self, text: &str, cited: &Evidence, kind: FindingKind) -> Vec<String> {
        let words = telling_words(text);
        let share = if kind == FindingKind::LogVanished { 0.6 } else { 1.0 };
        for word in &words {
            let ordinary = self.ordinary.get(word).copied().unwrap_or(0);
            let weight = share / (1.0 + 3.0 * f64::from(ordinary));
            self.result.words.push(SymptomWord { word: word.clone(), weight, evidence: cited.id.clone() });
        }
        words
    }

    /// Who the message says is at fault, and the call it tells of.
    fn peer(&mut self, entity: &EntityId, pattern: &LogPattern, cited: &Evidence) -> Option<EntityId> {
        let known: Vec<&str> = self.board.entities.iter().map(|entity| entity.name.as_str()).collect();
        let sample =
            pattern.exemplars.first().map_or(pattern.template.as_str(), |exemplar| exemplar.body.as_str());
        let named = peers_named(sample, &known);
        let peer = named
            .into_iter()
            .filter_map(|index| self.board.entities.get(index))
            .find(|peer| peer.name != entity.name)?
            .clone();
        self.result.relations.push(Relation {
            from: entity.clone(),
            to: peer.clone(),
            kind: RelationKind::Calls,
            evidence: vec![cited.id.clone()],
        });
        Some(peer)
    }

    /// The exception that a message tells of, at the same place and time as the message.
    fn exception(&mut self, pattern: &LogPattern, message: &Finding, cited: &Evidence) {
        let Some(exemplar) = pattern.exemplars.first() else { return };
        let stack = exemplar.fields.iter().filter(|(key, _)| {
            let key = key.to_lowercase();
            key.contains("stack") || key.contains("exception") || key.contains("traceback")
        });
        let texts: Vec<String> = std::iter::once(exemplar.body.clone())
            .chain(stack.map(|(_, value)| format!("{}\n{value}", exemplar.body)))
            .collect();
        let parsed: Vec<_> = texts.iter().filter_map(|text| parse_exception(text)).collect();
        let Some(exception) = parsed.into_iter().max_by_key(|exception| exception.frames.len()) else {
            return;
        };
        let own = || exception.frames.iter().filter(|frame| !frame.in_library && !frame.file.is_empty());
        if own().count() > FRAMES_MAX {
            self.left_out.deep += 1;
        }
        let mut words: Vec<String> = own()
            .take(FRAMES_MAX)
            .map(|frame| {
                let line = frame.line.map_or_else(String::new, |line| format!(":{line}"));
                format!("frame {}{line} {}", frame.file, frame.function)
            })
            .collect();
        words.push(exception.kind.to_lowercase());
        let mut draft = Draft::new(
            FindingKind::Exception,
            message.entity.clone(),
            exception.kind.clone(),
            cited.id.clone(),
        );
        draft.direction = Some(Direction::Up);
        draft.concepts = message.concepts.clone();
        draft.words = words;
        draft.peer = message.peer.clone();
        draft.onset = message.onset;
        draft.z = message.strength.z;
        let place = exception.frames.iter().find(|frame| !frame.in_library).and_then(|frame| {
            let file = Some(frame.file.as_str()).filter(|file| !file.is_empty())?;
            Some(format!(" in {file}{}", frame.line.map_or_else(String::new, |line| format!(":{line}"))))
        });
        let place = place.unwrap_or_default();
        draft.summary = if exception.kind.is_empty() {
            format!("{} logs a stack{place}", message.entity.name)
        } else {
            let kind = cut(&exception.kind, 80);
            format!("{} throws {kind}{place}: {}", message.entity.name, cut(&exception.message, 120))
        };
        self.result.findings.push(draft.finish());
    }
}

/// The message of the first line with its telling fields: numbers and statements that programs log beside the text.
fn full_text(pattern: &LogPattern) -> String {
    let Some(exemplar) = pattern.exemplars.first() else { return pattern.template.clone() };
    let mut text = exemplar.body.clone();
    for (key, value) in exemplar.fields.iter().take(FIELDS_READ_MAX) {
        let lower = key.to_lowercase();
        let identity = ["trace", "span", "request_id", "correlation", "timestamp", "pod", "host"];
        if identity.iter().any(|word| lower.contains(word)) {
            continue;
        }
        text.push_str(&format!("\n{key} {}", cut(value, LINE_CHARACTERS_MAX)));
    }
    text
}

fn unjudged_summary(pattern: &LogPattern, first: Option<Timestamp>) -> String {
    let text = cut(&pattern.template, 110);
    let from = first.map_or_else(String::new, |first| format!(" from {}", first.strftime("%H:%M:%S")));
    let times = pattern.stated.map_or(pattern.total, |stated| stated.count);
    format!("{} logs «{text}» {times} times{from}; nothing earlier to compare it with", pattern.entity)
}

fn summary(pattern: &LogPattern, change: &PatternChange, onset_ns: Option<i64>, kind: FindingKind) -> String {
    let text = cut(&pattern.template, 110);
    let from = onset_ns.map_or_else(String::new, |onset| format!(" from {}", at(onset).strftime("%H:%M:%S")));
    match kind {
        FindingKind::LogNew => {
            format!("{} logs «{text}» {} times{from}, never before", pattern.entity, change.window_count)
        }
        FindingKind::LogVanished => format!(
            "{} no longer logs «{text}»: {} times before, {} now",
            pattern.entity, change.baseline_count, change.window_count
        ),
        _ => format!(
            "{} logs «{text}» {} times{from}, ×{} of what was usual",
            pattern.entity,
            change.window_count,
            number(change.ratio)
        ),
    }
}
