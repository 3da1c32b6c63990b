//! Who waits for whom.

use std::collections::{BTreeMap, BTreeSet};

use crate::context::Context;
use crate::picture::Picture;
use crate::reason::routing::configured_calls;

/// Calls between programs, by the names they are measured under.
#[derive(Debug, Default)]
pub(super) struct Calls {
    callees: BTreeMap<String, BTreeSet<String>>,
}

impl Calls {
    /// The calls that are known; where none are, those that the programs' configuration names.
    pub fn new(picture: &Picture, context: &Context) -> Calls {
        let mut calls = Calls::default();
        for (caller, callee) in &context.calls {
            calls.add(caller, callee);
        }
        if calls.callees.is_empty() {
            for (caller, callee) in configured_calls(picture) {
                calls.add(&caller, &callee);
            }
        }
        calls
    }

    fn add(&mut self, caller: &str, callee: &str) {
        if caller != callee {
            self.callees.entry(caller.to_owned()).or_default().insert(callee.to_owned());
        }
    }

    /// Everything that a program waits for, directly or through others.
    pub fn below(&self, name: &str) -> BTreeSet<&str> {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = vec![name];
        while let Some(at) = open.pop() {
            for callee in self.callees.get(at).into_iter().flatten() {
                if callee != name && seen.insert(callee.as_str()) {
                    open.push(callee.as_str());
                }
            }
        }
        seen
    }
}
