//! Work that came to stand inside a lock or a transaction because statements changed places: a call that came after the
//! commit now comes before it, or one that came before the lock now comes after it. Lines that only changed places cancel
//! and are no matter of this file: the statement that holds must itself be new or changed.

use std::collections::{BTreeMap, BTreeSet};

use super::facts;
use super::kinds::weight_of;
use super::reader::Reader;
use super::statement::{Side, Statement};
use super::vocabulary as words;

/// Calls that open and end a transaction.
const BEGIN_NAMES: &[&str] = &["begin", "begintx", "starttransaction", "begintransaction"];
const COMMIT_NAMES: &[&str] = &["commit", "commitasync", "endtransaction"];
/// Receivers of calls that take no time worth speaking of.
const FREE_RECEIVERS: &[&str] =
    &["fmt", "errors", "strings", "strconv", "math", "json", "time", "log", "logger", "string", "format"];

/// What holds others off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hold {
    Transaction,
    Lock,
}

impl Hold {
    fn widened(self) -> &'static str {
        match self {
            Hold::Transaction => "transaction_widened",
            Hold::Lock => "lock_widened",
        }
    }
}

/// Where a hunk's side opens and ends a hold, and where it works.
#[derive(Debug, Default)]
struct Order {
    opens: BTreeMap<Hold, usize>,
    ends: BTreeMap<Hold, usize>,
    /// Calls that are made once, by receiver and name.
    work: BTreeMap<String, usize>,
    repeated: BTreeSet<String>,
}

impl Reader<'_> {
    /// Finds the work that a hold came to cover.
    pub(super) fn reordered(&mut self) {
        let mut found = Vec::new();
        for (file, sides) in self.files().iter().enumerate() {
            let (old, new) = (orders(&sides.old), orders(&sides.new));
            for (hunk, before) in &old {
                let Some(after) = new.get(hunk) else { continue };
                for hold in [Hold::Transaction, Hold::Lock] {
                    let bounds = [after.opens.get(&hold), after.ends.get(&hold)];
                    let rewritten = bounds.iter().flatten().any(|at| self.is_live((file, **at)));
                    if let Some(at) = covered(before, after, hold).filter(|_| rewritten) {
                        found.push((hold.widened(), (file, at)));
                    }
                }
            }
        }
        for (kind, place) in found {
            if !self.has(kind, place.0) {
                self.push((kind, weight_of(kind)), None, Some(place), None);
            }
        }
    }
}

/// The first statement of work that stands under `hold` in `after` and did not in `before`.
fn covered(before: &Order, after: &Order, hold: Hold) -> Option<usize> {
    let outside_then = |at: usize| {
        before.ends.get(&hold).is_some_and(|end| at > *end)
            || before.opens.get(&hold).is_some_and(|open| at < *open)
    };
    let inside_now = |at: usize| {
        let opened = after.opens.get(&hold).is_none_or(|open| at > *open);
        let held = after.ends.get(&hold).is_none_or(|end| at < *end);
        let known = after.opens.contains_key(&hold) || after.ends.contains_key(&hold);
        known && opened && held
    };
    before
        .work
        .iter()
        .filter(|(call, _)| !before.repeated.contains(*call) && !after.repeated.contains(*call))
        .filter_map(|(call, then)| Some((*then, *after.work.get(call)?)))
        .filter(|(then, now)| outside_then(*then) && inside_now(*now))
        .map(|(_, now)| now)
        .min()
}

fn orders(side: &Side) -> BTreeMap<usize, Order> {
    let mut orders: BTreeMap<usize, Order> = BTreeMap::new();
    for (index, statement) in side.statements.iter().enumerate() {
        let calls = facts::calls(statement);
        if calls.is_empty() {
            continue;
        }
        let order = orders.entry(statement.hunk).or_default();
        let named = |names: &[&str]| facts::call_named(calls, names).is_some();
        let deferred = statement.first() == "defer";
        if named(BEGIN_NAMES) {
            order.opens.entry(Hold::Transaction).or_insert(index);
        } else if named(words::UNLOCK_NAMES) && !deferred {
            order.ends.insert(Hold::Lock, index);
        } else if named(words::LOCK_NAMES) {
            order.opens.entry(Hold::Lock).or_insert(index);
        } else if named(COMMIT_NAMES) && !deferred {
            order.ends.insert(Hold::Transaction, index);
        } else if !deferred {
            note_work(order, statement, index);
        }
    }
    orders
}

fn note_work(order: &mut Order, statement: &Statement, index: usize) {
    if facts::is_log(statement) || facts::is_telemetry(statement) {
        return;
    }
    for call in facts::calls(statement) {
        let receiver = call.receiver.to_lowercase();
        let named = !receiver.is_empty() && !FREE_RECEIVERS.contains(&receiver.as_str());
        if !(named || facts::is_io_call(call)) {
            continue;
        }
        let key = format!("{receiver}.{}", call.name);
        if order.work.insert(key.clone(), index).is_some() {
            order.repeated.insert(key);
        }
    }
}
