//! Traces: who calls whom, where spans fail, where time is spent, what requests do now that they did not do before.

mod sampled;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_analysis::logs::{concepts_of, telling_words};
use midwatch_analysis::spans::{
    AttributeOptions, AttributeShift, ClockOptions, CompareOptions, Contrast, EdgeOptions, ErrorCause,
    ErrorOptions, FanOutOptions, RetryOptions, SpanBatch, SpanRole, SpanStatus, attribute_changes,
    call_edges, clock_offsets, compare_operations, error_origins, fan_outs, missing_calls, retries,
    slow_edges,
};
use midwatch_model::{
    Answer, Citation, Direction, EntityId, EntityKind, Evidence, Finding, FindingKind, Question,
    QuestionKind, Relation, RelationKind, Signal,
};
use midwatch_sources::SpanQuery;

pub(super) use self::sampled::{eighth, one_in, sentence};
use super::{Agent, AgentError, AgentSpec, Draft, cut, number, onset_at};
use crate::board::{Board, ClockSeen, Parentless, StepAnswer, SymptomWord};
use crate::concepts::{CANCELLED, DEADLINE_EXCEEDED, RETRY, UPSTREAM_ERROR, WORSE};
use crate::desk::{Desk, evidence};

/// The agent.
pub(crate) struct TracesAgent;

static SPEC: AgentSpec = AgentSpec {
    name: "traces",
    answers: &[QuestionKind::SpanBehaviour],
    signals: &[Signal::Traces],
    calls_max: 16,
    settles: "which operation fails first, and whether the time is lost in a service or between two",
};

/// Spans shown for one piece of evidence.
const ROWS_SHOWN: usize = 12;

impl Agent for TracesAgent {
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
    let gathered = desk.spans(SpanQuery::default(), question.window).await;
    let mut result = gathered.opening(Signal::Traces, SPEC.settles)?;
    for got in &gathered.got {
        let Some(batch) = &got.data else { continue };
        let names: BTreeSet<&str> =
            (0..batch.len()).filter_map(|row| Some(batch.row(row)?.service)).collect();
        result.seen.extend(names.into_iter().map(|name| (Signal::Traces, board.entity_named(name))));
        result.parentless.extend(parentless(batch, board));
        result.flags.extend(flags(batch));
        result.clocks.extend(clocks(batch, board));
        result.traced.extend(sampled::entered(batch, &question.window, board));
        result.sampled.extend(sampled::stated(batch));
        let mut reader = Reader::new(batch, &got.citation, question, board, &mut result);
        reader.edges();
        reader.errors();
        reader.operations();
        reader.repeated();
        reader.attributes();
    }
    Ok(result)
}

/// Clocks that are off, as calls between services show.
fn clocks(batch: &SpanBatch, board: &Board) -> Vec<ClockSeen> {
    let offsets = clock_offsets(batch, &ClockOptions::default());
    let seen = offsets.into_iter().map(|off| ClockSeen {
        entity: board.entity_named(&off.service),
        offset_ns: off.offset_ns,
        against: format!(
            "those of the services it calls and is called by ({} calls, which differ by {} s at the median)",
            off.pairs,
            number(off.mad_ns as f64 / 1e9)
        ),
    });
    seen.collect()
}

/// Services whose spans' missing parents are counted.
const PARENTLESS_MAX: usize = 500;

/// How many spans of each service name a parent that was not captured, for services that have such spans.
fn parentless(batch: &SpanBatch, board: &Board) -> Vec<Parentless> {
    let mut counted: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for span in (0..batch.len()).filter_map(|row| batch.row(row)) {
        let (orphans, spans) = counted.entry(span.service).or_default();
        *orphans += u64::from(span.orphan);
        *spans += 1;
    }
    let some = counted.into_iter().filter(|(_, (orphans, _))| *orphans > 0).take(PARENTLESS_MAX);
    some.map(|(name, (orphans, spans))| Parentless { entity: board.entity_named(name), orphans, spans })
        .collect()
}

/// Names under which spans carry the state of a flag: `feature_flag.<name>`, and the key and value of OpenTelemetry's
/// semantic conventions for feature flags.
const FLAG_PREFIX: &str = "feature_flag.";
const FLAG_KEY: &str = "feature_flag.key";
const FLAG_VALUES: &[&str] =
    &["feature_flag.variant", "feature_flag.result.variant", "feature_flag.result.value"];

/// Flags that spans carry with more than one value.
fn flags(batch: &SpanBatch) -> BTreeSet<String> {
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in 0..batch.len() {
        let (mut key, mut value) = (None, None);
        for (name, text) in batch.attributes_of(row).filter(|(name, _)| name.starts_with(FLAG_PREFIX)) {
            match name {
                FLAG_KEY => key = Some(text),
                _ if FLAG_VALUES.contains(&name) => value = Some(text),
                _ if name[FLAG_PREFIX.len()..].contains('.') => {}
                _ => {
                    values.entry(&name[FLAG_PREFIX.len()..]).or_default().insert(text);
                }
            }
        }
        if let (Some(key), Some(value)) = (key, value) {
            values.entry(key).or_default().insert(value);
        }
    }
    let switched = values.into_iter().filter(|(_, values)| values.len() > 1);
    switched.map(|(name, _)| cut(name, 80)).collect()
}

struct Reader<'a> {
    batch: &'a SpanBatch,
    citation: &'a Citation,
    board: &'a Board,
    baseline: (i64, i64),
    window: (i64, i64),
    result: &'a mut StepAnswer,
}

impl<'a> Reader<'a> {
    fn new(
        batch: &'a SpanBatch,
        citation: &'a Citation,
        question: &Question,
        board: &'a Board,
        result: &'a mut StepAnswer,
    ) -> Reader<'a> {
        let start = question.baseline.map_or(question.window.start_ns(), |baseline| baseline.end_ns());
        Reader {
            batch,
            citation,
            board,
            baseline: (question.window.start_ns(), start),
            window: (start, question.window.end_ns()),
            result,
        }
    }

    fn entity(&self, name: &str) -> EntityId {
        self.board.entity_named(name)
    }

    /// The called side: something that left no span and looks like an outside host is external.
    fn callee(&self, name: &str, measured: bool) -> EntityId {
        let known = self.entity(name);
        if !measured && !self.board.entities.contains(&known) {
            return EntityId::new(EntityKind::External, name);
        }
        known
    }

    /// The entity that an operation names without saying that it calls it: `SELECT orders-db`.
    fn named_in(&self, operation: &str, own: &EntityId) -> Option<EntityId> {
        let mut words = operation.split(|c: char| c.is_whitespace() || "/:()\"'`".contains(c));
        words.find_map(|word| {
            let found = self.board.entities.iter().find(|entity| entity.name == word)?;
            (word.len() >= 3 && found != own).then(|| found.clone())
        })
    }

    /// Rows of spans as evidence.
    fn cite(&mut self, title: String, query: &str, rows: &[u32]) -> Evidence {
        let columns = ["trace", "service", "operation", "start", "duration ms", "status", "message"];
        let shown: Vec<Vec<String>> = rows
            .iter()
            .take(ROWS_SHOWN)
            .filter_map(|row| self.batch.row(*row as usize))
            .map(|span| {
                vec![
                    cut(span.trace, 32),
                    span.service.to_owned(),
                    cut(span.name, 80),
                    super::at(span.start_ns).to_string(),
                    number(span.duration_ns as f64 / 1e6),
                    format!("{:?}", span.status).to_lowercase(),
                    cut(span.message.unwrap_or(""), 160),
                ]
            })
            .collect();
        let citation =
            Citation { query: format!("{}: {query}", self.citation.query), ..self.citation.clone() };
        let answer = Answer::Rows {
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            rows: shown,
            total: rows.len() as u64,
        };
        let cut = (rows.len() > ROWS_SHOWN).then(|| format!("{ROWS_SHOWN} of {} spans shown", rows.len()));
        let evidence = evidence(title, citation, answer, cut);
        self.result.evidence.push(evidence.clone());
        evidence
    }

    fn rows_of(&self, service: &str, operation: Option<&str>, range: (i64, i64)) -> Vec<u32> {
        (0..self.batch.len())
            .filter(|row| {
                self.batch.row(*row).is_some_and(|span| {
                    span.service == service
                        && operation.is_none_or(|operation| operation == span.name)
                        && (range.0..range.1).contains(&span.start_ns)
                })
            })
            .filter_map(|row| u32::try_from(row).ok())
            .collect()
    }

    fn add(&mut self, finding: Finding) {
        self.result.findings.push(finding);
    }

    fn add_words(&mut self, text: &str, evidence: &Evidence) -> Vec<String> {
        let words = telling_words(text);
        for word in &words {
            self.result.words.push(SymptomWord {
                word: word.clone(),
                weight: 1.0,
                evidence: evidence.id.clone(),
            });
        }
        words
    }

    fn edges(&mut self) {
        let whole = (self.baseline.0.min(self.window.0), self.window.1);
        for edge in call_edges(self.batch, whole) {
            let from = self.entity(&edge.from);
            let to = self.callee(&edge.to, edge.measured);
            let rows = self.rows_of(&edge.from, None, whole);
            let cited = self.cite(
                format!("{} calls {}", edge.from, edge.to),
                &format!("calls {} → {}", edge.from, edge.to),
                &rows,
            );
            self.result.entities.extend([from.clone(), to.clone()]);
            self.result.relations.push(Relation {
                from,
                to,
                kind: RelationKind::Calls,
                evidence: vec![cited.id],
            });
        }
        for edge in slow_edges(self.batch, self.baseline, self.window, &EdgeOptions::default()) {
            if !edge.slow_edge || edge.gap_ms_baseline.is_none() || edge.slow_callee {
                continue;
            }
            let rows = self.rows_of(&edge.from, None, self.window);
            let summary = format!(
                "calls {} → {} lose {} ms on the way, {} ms before",
                edge.from,
                edge.to,
                number(edge.gap_ms_window),
                number(edge.gap_ms_baseline.unwrap_or(0.0)),
            );
            let cited = self.cite(summary.clone(), &format!("gap {} → {}", edge.from, edge.to), &rows);
            let mut draft = Draft::new(
                FindingKind::SlowEdge,
                self.entity(&edge.from),
                format!("{} → {}", edge.from, edge.to),
                cited.id,
            );
            draft.peer = Some(self.callee(&edge.to, true));
            draft.direction = Some(Direction::Up);
            draft.effect = edge.ratio;
            draft.z = edge.z * 2.0;
            draft.concepts = vec![WORSE.to_owned()];
            draft.onset = edge.first_bad_ns.map(|first| onset_at(first, 0));
            draft.summary = summary;
            self.add(draft.finish());
        }
    }

    fn errors(&mut self) {
        let baseline = (self.baseline.0 < self.baseline.1).then_some(self.baseline);
        let options = ErrorOptions { baseline, ..ErrorOptions::default() };
        for origin in error_origins(self.batch, self.window, &options) {
            let text = if origin.message.is_empty() {
                String::new()
            } else {
                format!(": {}", cut(&origin.message, 120))
            };
            let summary = format!(
                "{} of failing traces ({}) begin to fail in {} {}{text}",
                percent(origin.share_of_failing_traces),
                origin.traces,
                origin.service,
                origin.operation,
            );
            let cited = self.cite(
                summary.clone(),
                &format!("deepest errors in {}", origin.service),
                &origin.exemplar_rows,
            );
            let mut concepts: Vec<String> =
                concepts_of(&origin.message).into_iter().map(str::to_owned).collect();
            match origin.cause {
                ErrorCause::DeadlineTooShort | ErrorCause::DeadlineUndecided | ErrorCause::SlowCallee => {
                    concepts.push(DEADLINE_EXCEEDED.to_owned());
                }
                ErrorCause::Cancelled => concepts.push(CANCELLED.to_owned()),
                ErrorCause::UnmeasuredCallee => concepts.push(UPSTREAM_ERROR.to_owned()),
                ErrorCause::Own => {}
            }
            concepts.push(WORSE.to_owned());
            let words = self.add_words(&origin.message, &cited);
            let operation = format!("{} {}", origin.service, origin.operation);
            if !self.result.operations.contains(&operation) {
                self.result.operations.push(operation);
            }
            let mut draft = Draft::new(
                FindingKind::SpanErrorOrigin,
                self.entity(&origin.service),
                origin.operation.clone(),
                cited.id.clone(),
            );
            draft.peer = match origin.peer.as_deref() {
                Some(peer) => Some(self.callee(peer, origin.cause != ErrorCause::UnmeasuredCallee)),
                None if origin.cause == ErrorCause::UnmeasuredCallee => {
                    self.named_in(&origin.operation, &draft.entity)
                }
                None => None,
            };
            draft.concepts = concepts;
            draft.words = words;
            draft.effect = origin.share_of_failing_traces;
            // One failing trace of many is what every system has.
            draft.z = 8.0 * (origin.traces as f64).sqrt() * origin.share_of_failing_traces;
            draft.onset = Some(onset_at(origin.first_ns, 60_000_000_000));
            draft.summary = summary;
            self.add(draft.finish());
            for victim in &origin.cancelled_callees {
                if *victim == origin.service {
                    continue;
                }
                let mut draft = Draft::new(
                    FindingKind::SpanCancelled,
                    self.entity(victim),
                    format!("cancelled by {}", origin.service),
                    cited.id.clone(),
                );
                draft.peer = Some(self.entity(&origin.service));
                draft.concepts = vec![CANCELLED.to_owned()];
                draft.z = 6.0;
                draft.summary = format!("work of {victim} is cancelled by its caller {}", origin.service);
                self.add(draft.finish());
            }
        }
    }

    fn operations(&mut self) {
        for change in compare_operations(self.batch, self.baseline, self.window, &CompareOptions::default()) {
            let Some(before) = change.baseline else { continue };
            if !change.slow_self || (change.role != SpanRole::Work && change.self_ratio < 2.0) {
                continue;
            }
            let rows = self.rows_of(&change.service, Some(&change.operation), self.window);
            let entity = self.entity(&change.service);
            let peer = match &change.peer {
                Some(peer) => Some(self.callee(peer, false)),
                None if change.role == SpanRole::Client => self.named_in(&change.operation, &entity),
                None => None,
            };
            let how = match &peer {
                Some(peer) => format!("waits for {}", peer.name),
                None => "spends in itself".to_owned(),
            };
            let summary = format!(
                "{} {} {how} {} ms, {} ms before",
                change.service,
                change.operation,
                number(change.window.self_ms_p50),
                number(before.self_ms_p50),
            );
            let cited = self.cite(summary.clone(), &format!("self-time of {}", change.operation), &rows);
            let mut draft = Draft::new(FindingKind::SpanSlow, entity, change.operation.clone(), cited.id);
            draft.peer = peer;
            draft.direction = Some(Direction::Up);
            draft.effect = change.self_ratio;
            draft.z = change.z_self * 2.0;
            draft.concepts = vec![WORSE.to_owned()];
            draft.onset = change.first_bad_ns.map(|first| onset_at(first, 60_000_000_000));
            draft.summary = summary;
            self.add(draft.finish());
        }
        for call in missing_calls(self.batch, self.baseline, self.window, &EdgeOptions::default()) {
            let rows = self.rows_of(&call.to, Some(&call.operation), self.baseline);
            let summary = format!(
                "{} no longer calls {} {}: {} of {} requests before, {} of {} now",
                call.from,
                call.to,
                call.operation,
                call.baseline.1,
                call.baseline.0,
                call.window.1,
                call.window.0,
            );
            let cited = self.cite(summary.clone(), &format!("calls to {} that stopped", call.to), &rows);
            let mut draft = Draft::new(
                FindingKind::SpanMissing,
                self.entity(&call.from),
                call.operation.clone(),
                cited.id,
            );
            draft.peer = Some(self.entity(&call.to));
            draft.direction = Some(Direction::Down);
            draft.z = 6.0 * (1.0 - call.chance);
            draft.summary = summary;
            self.add(draft.finish());
        }
    }

    fn repeated(&mut self) {
        for fan in fan_outs(self.batch, self.baseline, self.window, &FanOutOptions::default()) {
            let rows = self.rows_of(&fan.child_service, Some(&fan.child_operation), self.window);
            let before = match fan.calls_median_baseline {
                Some(before) => format!("{} before", number(before)),
                None => "no baseline to compare with".to_owned(),
            };
            let summary = format!(
                "one {} {} makes {} calls of {} {}, {before}",
                fan.parent_service,
                fan.parent_operation,
                number(fan.calls_median_window),
                fan.child_service,
                fan.child_operation,
            );
            let cited = self.cite(summary.clone(), &format!("calls of {}", fan.child_operation), &rows);
            let mut draft = Draft::new(
                FindingKind::SpanFanOut,
                self.entity(&fan.parent_service),
                fan.child_operation.clone(),
                cited.id,
            );
            draft.peer = (fan.child_service != fan.parent_service).then(|| self.entity(&fan.child_service));
            draft.direction = Some(Direction::Up);
            draft.effect = fan.calls_median_window / fan.calls_median_baseline.unwrap_or(1.0).max(1.0);
            draft.z = if fan.calls_median_baseline.is_some() { 10.0 } else { 6.0 };
            draft.concepts = vec![WORSE.to_owned()];
            draft.onset = Some(onset_at(fan.first_bad_ns, 60_000_000_000));
            draft.summary = summary;
            self.add(draft.finish());
        }
        for retry in retries(self.batch, self.baseline, self.window, &RetryOptions::default()) {
            if !retry.storm {
                continue;
            }
            let rows = self.rows_of(&retry.callee_service, Some(&retry.callee_operation), self.window);
            let summary = format!(
                "{} repeats {} {} up to {} times, {} calls each on average",
                retry.service,
                retry.callee_service,
                retry.callee_operation,
                retry.attempts_max,
                number(retry.attempts_mean),
            );
            let cited = self.cite(summary.clone(), &format!("repeated {}", retry.callee_operation), &rows);
            let mut draft = Draft::new(
                FindingKind::SpanRetries,
                self.entity(&retry.service),
                retry.callee_operation.clone(),
                cited.id,
            );
            draft.peer = (retry.callee_service != retry.service).then(|| self.entity(&retry.callee_service));
            draft.direction = Some(Direction::Up);
            draft.effect = retry.attempts_mean / retry.attempts_mean_baseline.unwrap_or(1.0).max(1.0);
            draft.z = 10.0;
            draft.concepts = vec![RETRY.to_owned(), WORSE.to_owned()];
            draft.onset = Some(onset_at(retry.first_ns, 60_000_000_000));
            draft.summary = summary;
            self.add(draft.finish());
        }
    }

    fn attributes(&mut self) {
        for change in attribute_changes(self.batch, self.baseline, self.window, &AttributeOptions::default())
        {
            let spans = |count: u64| if count == 1 { "span" } else { "spans" };
            let (first, second) = (change.support_before.0, change.support_after.0);
            let sides = match change.contrast {
                Contrast::BaselineWindow => {
                    (format!("{first} {} before", spans(first)), format!("{second} {} since", spans(second)))
                }
                Contrast::GoodBad => (
                    format!("the other {first} {}", spans(first)),
                    format!("the {second} failed or slow {}", spans(second)),
                ),
            };
            let (what, text, z, effect) = match &change.shift {
                AttributeShift::Number { before, after, z, .. } => (
                    format!(
                        "{} is {} in {}, {} in {}",
                        change.key,
                        number(*after),
                        sides.1,
                        number(*before),
                        sides.0
                    ),
                    String::new(),
                    z.abs() * 2.0,
                    after / before.max(1e-9),
                ),
                AttributeShift::Value { value, before_share, after_share, log_odds, .. } => (
                    format!(
                        "{} = {} in {} of {}, in {} of {}",
                        change.key,
                        cut(value, 80),
                        percent(*after_share),
                        sides.1,
                        percent(*before_share),
                        sides.0,
                    ),
                    value.clone(),
                    log_odds * 2.0,
                    *after_share,
                ),
            };
            let mut rows = self.rows_of(&change.service, Some(&change.operation), self.window);
            // What failed comes first: that is what the sentence is about.
            rows.sort_by_key(|row| {
                let failed =
                    self.batch.row(*row as usize).is_some_and(|span| span.status == SpanStatus::Error);
                (!failed, *row)
            });
            let summary = format!("in {} {}, {what}", change.service, change.operation);
            let cited = self.cite(summary.clone(), &format!("attribute {}", change.key), &rows);
            let mut words = self.add_words(&text, &cited);
            words.extend(self.add_words(&change.key, &cited));
            if let AttributeShift::Number { before, after, .. } = &change.shift {
                words.extend(numbers_with_unit(&change.key, *before, *after));
            }
            let mut draft = Draft::new(
                FindingKind::AttributeChange,
                self.entity(&change.service),
                format!("{} {}", change.operation, change.key),
                cited.id.clone(),
            );
            for word in &words {
                self.result.words.push(SymptomWord {
                    word: word.clone(),
                    weight: 1.0,
                    evidence: cited.id.clone(),
                });
            }
            draft.words = words;
            draft.concepts = concepts_of(&text).into_iter().map(str::to_owned).collect();
            draft.z = z;
            draft.effect = effect;
            draft.onset = Some(onset_at(change.first_ns, 60_000_000_000));
            draft.summary = summary;
            self.add(draft.finish());
        }
    }
}

/// `deadline_ms` 5000 → 300 gives `5000ms` and `300ms`, to be matched with numbers of a diff.
fn numbers_with_unit(key: &str, before: f64, after: f64) -> Vec<String> {
    let unit = ["ms", "us", "ns", "s"]
        .into_iter()
        .find(|unit| key.ends_with(&format!("_{unit}")) || key.ends_with(&format!(".{unit}")));
    let Some(unit) = unit else { return Vec::new() };
    [before, after]
        .iter()
        .filter(|value| value.fract() == 0.0)
        .map(|value| format!("{value}{unit}"))
        .collect()
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
