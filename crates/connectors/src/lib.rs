//! One folder per system Midwatch reads, and the lists that derive from them.
//!
//! Every connector is one folder with one [`Spec`]. Adding one means adding its folder, its `mod` line and its
//! entry in [`SPECS`]; nothing else in the project names it.

use midwatch_model::Trigger;
use midwatch_sources::Spec;

mod alerting;
mod naming;

pub mod alertmanager;
pub mod cloudwatch;
pub mod datadog;
pub mod grafana;
pub mod kubernetes;
pub mod pagerduty;
pub mod plain;
pub mod prometheus;
pub mod snapshot;

/// Every connector, in the order people see them.
pub static SPECS: &[&Spec] = &[
    &snapshot::SPEC,
    &prometheus::SPEC,
    &kubernetes::SPEC,
    &alertmanager::SPEC,
    &grafana::SPEC,
    &datadog::SPEC,
    &pagerduty::SPEC,
    &cloudwatch::SPEC,
    &plain::SPEC,
];

/// The trigger an alert payload stands for, from the first connector of [`SPECS`] that knows its format; `None` when
/// none does. Order matters only for payloads that fit two formats: the stricter decoder comes first in the list.
pub fn decode_alert(payload: &[u8]) -> Option<Trigger> {
    SPECS.iter().filter_map(|spec| spec.decode_alert).find_map(|decode| decode(payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_connector_declares_what_people_need() {
        let mut ids: Vec<&str> = SPECS.iter().map(|spec| spec.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), SPECS.len(), "ids are unique");
        for spec in SPECS {
            assert!(!spec.title.is_empty() && !spec.signals.is_empty(), "{}", spec.id);
            assert!(spec.page.starts_with("# "), "{} has a page", spec.id);
            assert_eq!(
                spec.connect.is_some(),
                !spec.reads.is_empty() && spec.id != "snapshot",
                "{}",
                spec.id
            );
            let mut keys: Vec<&str> = spec.fields().map(|field| field.key).collect();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), spec.fields().count(), "{} names a field twice", spec.id);
        }
    }
}
