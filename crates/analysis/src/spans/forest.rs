//! The spans of a batch as trees that every analysis here stands on: cleaned parents, children, failures, self-time.
//!
//! Traces are outside data. A parent may be its own descendant, point past the end of the batch or have been exported
//! twice; clocks of two services may disagree. All of that is settled once here, in time linear in the spans (and
//! n log n in the children of one span), so that the analyses need not think of it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::batch::{SpanBatch, SpanStatus};
use crate::intern::Symbol;

/// A closed-open range of nanoseconds since the epoch.
pub type Range = (i64, i64);

/// Which side of a call a span stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanRole {
    /// It serves a request, takes a message or does work of its own.
    Work,
    /// It waits for somebody else: a client or a producer span. What it spends outside the callee's span is the way
    /// there and back, not work of its service.
    Client,
}

/// A service and one of its operations.
pub(crate) type Operation = (Symbol, Symbol);

/// Spans as trees. Rows that repeat another span are skipped everywhere.
pub(crate) struct Forest<'a> {
    pub(crate) batch: &'a SpanBatch,
    /// Rows that count, parents before their children.
    pub(crate) order: Vec<u32>,
    /// Parents without cycles, strangers or repeated spans.
    pub(crate) parents: Vec<Option<u32>>,
    child_offsets: Vec<u32>,
    child_rows: Vec<u32>,
    /// Topmost span of each row.
    pub(crate) roots: Vec<u32>,
    callers: Vec<Option<u32>>,
    /// Durations, never negative.
    pub(crate) durations_ns: Vec<i64>,
    /// Time in the span itself.
    pub(crate) self_ns: Vec<i64>,
    /// Whether the span failed, by its status or by the code it carries.
    pub(crate) failed: Vec<bool>,
    pub(crate) roles: Vec<SpanRole>,
    /// Coarsest of 1 s, 1 ms, 1 µs, 1 ns that divides every start.
    pub(crate) start_step_ns: i64,
    /// The same for durations.
    pub(crate) duration_step_ns: i64,
}

impl<'a> Forest<'a> {
    /// Cleans and measures a batch. Columns of unequal length are read up to the shortest.
    pub(crate) fn new(batch: &'a SpanBatch) -> Forest<'a> {
        let count = column_length(batch);
        let durations_ns: Vec<i64> = batch.durations_ns[..count].iter().map(|&ns| ns.max(0)).collect();
        let start_step_ns = step_of(&batch.starts_ns[..count]);
        let duration_step_ns = step_of(&durations_ns);
        let mut parents = acyclic_parents(&batch.parents[..count], &durations_ns);
        let skipped = repeated_spans(batch, &parents, &durations_ns, start_step_ns);
        for row in 0..count {
            if skipped[row] {
                parents[row] = None;
            }
        }
        let (child_offsets, child_rows) = children_of(&parents);
        let mut forest = Forest {
            batch,
            order: Vec::with_capacity(count),
            parents,
            child_offsets,
            child_rows,
            roots: (0..count as u32).collect(),
            callers: vec![None; count],
            durations_ns,
            self_ns: vec![0; count],
            failed: (0..count).map(|row| has_failed(batch, row)).collect(),
            roles: vec![SpanRole::Work; count],
            start_step_ns,
            duration_step_ns,
        };
        forest.set_order(&skipped);
        forest.set_roles();
        for position in 0..forest.order.len() {
            let row = forest.order[position] as usize;
            forest.self_ns[row] = forest.self_time_ns(row);
        }
        forest
    }

    /// Children of a span, in row order.
    pub(crate) fn children(&self, row: u32) -> &[u32] {
        let (from, to) = (self.child_offsets[row as usize], self.child_offsets[row as usize + 1]);
        &self.child_rows[from as usize..to as usize]
    }

    /// Service and operation of a row.
    pub(crate) fn operation(&self, row: u32) -> Operation {
        (self.batch.services[row as usize], self.batch.names[row as usize])
    }

    pub(crate) fn service(&self, row: u32) -> Symbol {
        self.batch.services[row as usize]
    }

    pub(crate) fn start_ns(&self, row: u32) -> i64 {
        self.batch.starts_ns[row as usize]
    }

    pub(crate) fn end_ns(&self, row: u32) -> i64 {
        self.start_ns(row).saturating_add(self.durations_ns[row as usize])
    }

    pub(crate) fn text(&self, symbol: Symbol) -> String {
        self.batch.symbols.text(symbol).to_owned()
    }

    /// Whether the span starts inside `range`.
    pub(crate) fn starts_in(&self, row: u32, range: Range) -> bool {
        let start = self.start_ns(row);
        range.0 <= start && start < range.1
    }

    /// Rows that start inside `range`, parents before children.
    pub(crate) fn rows_in(&self, range: Range) -> impl Iterator<Item = u32> + '_ {
        self.order.iter().copied().filter(move |&row| self.starts_in(row, range))
    }

    /// What identifies the trace: its id, or its topmost span when the id is empty.
    pub(crate) fn trace_key(&self, row: u32) -> (Symbol, u32) {
        let trace = self.batch.traces[row as usize];
        let nameless = self.batch.symbols.text(trace).is_empty();
        (trace, if nameless { self.roots[row as usize] } else { 0 })
    }

    /// Nearest ancestor of another service.
    pub(crate) fn caller(&self, row: u32) -> Option<u32> {
        self.callers[row as usize]
    }

    /// First attribute of `row` with one of `keys`, compared without a leading `attributes.`.
    pub(crate) fn attribute(&self, row: u32, keys: &[&str]) -> Option<&'a str> {
        attribute(self.batch, row as usize, keys)
    }

    /// Name of the other side, as a client span says it.
    pub(crate) fn peer(&self, row: u32) -> Option<&'a str> {
        self.attribute(row, PEER_KEYS).filter(|name| !name.is_empty())
    }

    /// Error text of a span: its message, else what its attributes say.
    pub(crate) fn message(&self, row: u32) -> Option<&'a str> {
        match self.batch.messages[row as usize] {
            Some(symbol) if !self.batch.symbols.text(symbol).is_empty() => {
                Some(self.batch.symbols.text(symbol))
            }
            _ => self.attribute(row, MESSAGE_KEYS).filter(|text| !matches!(*text, "" | "true" | "false")),
        }
    }

    fn set_order(&mut self, skipped: &[bool]) {
        let mut stack: Vec<u32> = Vec::new();
        for row in 0..self.parents.len() as u32 {
            if self.parents[row as usize].is_some() || skipped[row as usize] {
                continue;
            }
            stack.push(row);
            while let Some(at) = stack.pop() {
                self.roots[at as usize] = row;
                self.callers[at as usize] = self.parents[at as usize].and_then(|parent| {
                    let foreign = self.service(parent) != self.service(at);
                    if foreign { Some(parent) } else { self.callers[parent as usize] }
                });
                self.order.push(at);
                stack.extend(self.children(at).iter().rev());
            }
        }
    }

    /// A span is a client when it says so; else when its operation, nearly always, sits under a span of its own
    /// service and has one child, in another service.
    fn set_roles(&mut self) {
        let mut seen: FxHashMap<Operation, (u32, u32)> = FxHashMap::default();
        let mut said: Vec<Option<SpanRole>> = vec![None; self.parents.len()];
        for &row in &self.order {
            said[row as usize] = said_role(self.batch, row as usize);
            let entry = seen.entry(self.operation(row)).or_default();
            entry.0 += 1;
            entry.1 += u32::from(self.looks_like_client(row));
        }
        for position in 0..self.order.len() {
            let row = self.order[position];
            let guessed = || {
                let (all, alike) = seen.get(&self.operation(row)).copied().unwrap_or_default();
                if alike * 5 >= all * 4 && alike > 0 { SpanRole::Client } else { SpanRole::Work }
            };
            self.roles[row as usize] = said[row as usize].unwrap_or_else(guessed);
        }
    }

    fn looks_like_client(&self, row: u32) -> bool {
        let service = self.service(row);
        let Some(parent) = self.parents[row as usize] else { return false };
        match self.children(row) {
            [only] => self.service(parent) == service && self.service(*only) != service,
            _ => false,
        }
    }

    /// Duration less what children cover. A child of another service that starts before its parent has a clock of
    /// its own: it is centred in the parent, as Jaeger's adjuster does. What outlives the parent is clipped. Where
    /// starts are too coarse to place children inside the parent, they are taken as one after another.
    fn self_time_ns(&self, row: usize) -> i64 {
        let duration = self.durations_ns[row];
        let children = self.children(row as u32);
        if children.is_empty() || duration == 0 {
            return duration;
        }
        if self.placed_coarsely(row) {
            let sum = children
                .iter()
                .map(|&child| self.durations_ns[child as usize])
                .fold(0_i64, i64::saturating_add);
            return duration.saturating_sub(sum).max(0);
        }
        let mut spans: Vec<(i64, i64)> =
            children.iter().filter_map(|&child| self.covered(row as u32, child)).collect();
        spans.sort_unstable();
        let (mut covered, mut reached) = (0_i64, 0_i64);
        for (from, to) in spans {
            let from = from.max(reached);
            if to > from {
                covered = covered.saturating_add(to - from);
                reached = to;
            }
        }
        (duration - covered).max(0)
    }

    /// Whether starts are too coarse to say where children lie inside this span.
    pub(crate) fn placed_coarsely(&self, row: usize) -> bool {
        self.start_step_ns > self.durations_ns[row] / 16
    }

    /// Part of the parent that a child covers, counted from the parent's start.
    fn covered(&self, parent: u32, child: u32) -> Option<(i64, i64)> {
        let parent_ns = self.durations_ns[parent as usize];
        let child_ns = self.durations_ns[child as usize];
        let mut from = self.start_ns(child).saturating_sub(self.start_ns(parent));
        let foreign = self.service(parent) != self.service(child);
        let waited_for = self.roles[parent as usize] == SpanRole::Client;
        if foreign && (from < 0 || (waited_for && from >= parent_ns)) {
            from = (parent_ns - child_ns.min(parent_ns)) / 2;
        }
        let to = from.saturating_add(child_ns).min(parent_ns);
        let from = from.max(0);
        (to > from).then_some((from, to))
    }
}

const PEER_KEYS: &[&str] = &[
    "peer.service",
    "db.name",
    "db.namespace",
    "messaging.destination.name",
    "messaging.destination",
    "server.address",
    "net.peer.name",
    "peer.address",
    "peer.hostname",
    "http.host",
    "db.system",
    "db.system.name",
    "rpc.service",
    "net.peer.ip",
];

const MESSAGE_KEYS: &[&str] = &[
    "error.message",
    "exception.message",
    "error",
    "status_message",
    "otel.status_description",
    "exception.type",
    "error.type",
    "error.kind",
];

const KIND_KEYS: &[&str] = &["span.kind", "kind", "span_kind", "otel.kind"];

/// Keys under which a gRPC status is met.
pub(crate) const GRPC_KEYS: &[&str] =
    &["rpc.grpc.status_code", "grpc.status_code", "rpc.response.status_code"];

/// Keys under which an HTTP status is met.
pub(crate) const HTTP_KEYS: &[&str] = &["http.status_code", "http.response.status_code", "status_code"];

fn attribute<'a>(batch: &'a SpanBatch, row: usize, keys: &[&str]) -> Option<&'a str> {
    let mut found: Option<(usize, &'a str)> = None;
    for (key, value) in batch.attributes_of(row) {
        let key = key.strip_prefix("attributes.").unwrap_or(key);
        if let Some(rank) = keys.iter().position(|&known| known == key)
            && found.is_none_or(|(best, _)| rank < best)
        {
            found = Some((rank, value));
        }
    }
    found.map(|(_, value)| value)
}

fn said_role(batch: &SpanBatch, row: usize) -> Option<SpanRole> {
    let kind = attribute(batch, row, KIND_KEYS)?;
    let word = kind.rsplit('_').next().unwrap_or(kind).to_ascii_lowercase();
    match word.as_str() {
        "client" | "producer" | "3" | "4" => Some(SpanRole::Client),
        "server" | "consumer" | "internal" | "1" | "2" | "5" => Some(SpanRole::Work),
        _ => None,
    }
}

fn has_failed(batch: &SpanBatch, row: usize) -> bool {
    if batch.statuses[row] == SpanStatus::Error {
        return true;
    }
    let code = |keys| attribute(batch, row, keys).and_then(|text| text.trim().parse::<i64>().ok());
    if code(HTTP_KEYS).is_some_and(|code| (500..600).contains(&code)) {
        return true;
    }
    // Codes that are a server's fault or a lost call; "not found" and its like are answers.
    batch.statuses[row] == SpanStatus::Unset
        && (code(GRPC_KEYS).is_some_and(|code| matches!(code, 1 | 2 | 4 | 8 | 10 | 13 | 14 | 15))
            || attribute(batch, row, &["error"]) == Some("true"))
}

fn column_length(batch: &SpanBatch) -> usize {
    [
        batch.traces.len(),
        batch.parents.len(),
        batch.services.len(),
        batch.names.len(),
        batch.starts_ns.len(),
        batch.durations_ns.len(),
        batch.statuses.len(),
        batch.messages.len(),
        u32::MAX as usize - 1,
    ]
    .into_iter()
    .min()
    .unwrap_or(0)
}

/// Coarsest usual step that divides every value; 1 ns when all are zero or there are none.
fn step_of(values: &[i64]) -> i64 {
    if values.iter().all(|&value| value == 0) {
        return 1;
    }
    [1_000_000_000, 1_000_000, 1_000]
        .into_iter()
        .find(|step| values.iter().all(|v| v % step == 0))
        .unwrap_or(1)
}

/// Parents that exist and lead to a root: of a cycle, the longest span becomes the top.
fn acyclic_parents(given: &[Option<u32>], durations: &[i64]) -> Vec<Option<u32>> {
    let count = given.len();
    let mut parents: Vec<Option<u32>> = given
        .iter()
        .enumerate()
        .map(|(row, parent)| parent.filter(|&parent| (parent as usize) < count && parent as usize != row))
        .collect();
    let mut settled_by: Vec<u32> = vec![0; count];
    for first in 0..count {
        let walk = first as u32 + 1;
        let mut at = first;
        while settled_by[at] == 0 {
            settled_by[at] = walk;
            let Some(next) = parents[at] else { break };
            if settled_by[next as usize] == walk {
                let top = longest_of_cycle(&parents, at, durations);
                parents[top] = None;
                break;
            }
            at = next as usize;
        }
    }
    parents
}

/// The longest span, then the lowest row, of the cycle that `first` is on.
fn longest_of_cycle(parents: &[Option<u32>], first: usize, durations: &[i64]) -> usize {
    let (mut top, mut at) = (first, first);
    while let Some(next) = parents[at].filter(|&next| next as usize != first) {
        at = next as usize;
        if (durations[at], std::cmp::Reverse(at)) > (durations[top], std::cmp::Reverse(top)) {
            top = at;
        }
    }
    top
}

fn children_of(parents: &[Option<u32>]) -> (Vec<u32>, Vec<u32>) {
    let mut offsets = vec![0_u32; parents.len() + 1];
    for parent in parents.iter().flatten() {
        offsets[*parent as usize + 1] += 1;
    }
    for at in 1..offsets.len() {
        offsets[at] += offsets[at - 1];
    }
    let mut next = offsets.clone();
    let mut rows = vec![0_u32; offsets[parents.len()] as usize];
    for (row, parent) in parents.iter().enumerate() {
        if let Some(parent) = *parent {
            rows[next[parent as usize] as usize] = row as u32;
            next[parent as usize] += 1;
        }
    }
    (offsets, rows)
}

/// Childless spans that equal an earlier one in everything we keep. Only where starts are finer than a millisecond:
/// coarser clocks make different spans look equal.
fn repeated_spans(
    batch: &SpanBatch,
    parents: &[Option<u32>],
    durations: &[i64],
    start_step_ns: i64,
) -> Vec<bool> {
    let mut skipped = vec![false; parents.len()];
    if start_step_ns >= 1_000_000 {
        return skipped;
    }
    let mut has_children = vec![false; parents.len()];
    for parent in parents.iter().flatten() {
        has_children[*parent as usize] = true;
    }
    let key = |row: usize| {
        let operation = (batch.services[row], batch.names[row], batch.statuses[row]);
        (batch.traces[row], parents[row], operation, batch.starts_ns[row], durations[row])
    };
    let mut seen: FxHashSet<_> = (0..parents.len()).filter(|&row| has_children[row]).map(key).collect();
    for row in 0..parents.len() {
        if !has_children[row] {
            skipped[row] = !seen.insert(key(row));
        }
    }
    skipped
}
