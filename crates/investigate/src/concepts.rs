//! The concepts that agents add to findings by themselves, beside those that [`concepts_of`] recognises in a message.
//!
//! [`concepts_of`]: midwatch_analysis::logs::concepts_of

/// A change for the worse; only such findings count as a departure of the system.
pub const WORSE: &str = "worse";

/// Work that its caller gave up.
pub const CANCELLED: &str = "cancelled";

/// Something that fills up and was already climbing when the window begins.
pub const CLIMBING: &str = "climbing";

/// Something nearly full that climbs all the time that was looked at.
pub const FILLING: &str = "filling_up";

/// Something never seen normal: whether it is out of the ordinary takes a baseline, or somebody who knows.
pub const NO_BASELINE: &str = "no_baseline";

/// Processor use that changed by so little that nothing else on the machine can feel it.
pub const SLIGHT: &str = "slight";

/// A caller's time limit ran out.
pub const DEADLINE_EXCEEDED: &str = "deadline_exceeded";

/// Something that was called failed.
pub const UPSTREAM_ERROR: &str = "upstream_error";

/// A fault of a cluster that one indirect sign speaks for.
pub const SUSPECTED: &str = "suspected";

/// A call was repeated.
pub const RETRY: &str = "retry";

/// Each concept that agents add, and when: one row of the table in `docs/guide/mechanisms.md`.
pub const ADDED: &[(&str, &str)] = &[
    (WORSE, "to every finding that is a change for the worse"),
    (
        CANCELLED,
        "by metrics, to errors whose metric counts cancellations; by traces, to spans that their caller cancelled",
    ),
    (
        CLIMBING,
        "by metrics, to a series that fills something up and was already climbing when the window begins",
    ),
    (
        FILLING,
        "by metrics, to a share of a disk or of a capacity that is nearly full and climbs all the window long",
    ),
    (
        NO_BASELINE,
        "by metrics, to a series that left its first level within its first points or stands at its limit all the time; by logs, to trouble with no earlier lines to compare with; it becomes worse when a firing alert speaks of it",
    ),
    (
        SLIGHT,
        "by metrics, to processor use that changed by less than 0.05 cores: what shares the machine cannot feel it",
    ),
    (DEADLINE_EXCEEDED, "by traces, to failing spans whose time limit ran out or whose callee was slow"),
    (UPSTREAM_ERROR, "by traces, to failing calls of something that leaves no spans"),
    (RETRY, "by traces, to requests that repeat a call"),
    (SUSPECTED, "by infrastructure, to faults of a cluster that one indirect sign speaks for"),
];

/// Every concept a finding can have: of messages, added by agents, and the faults of a cluster.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    let faults = midwatch_cluster::FaultKind::ALL.iter().map(|kind| kind.as_str());
    midwatch_analysis::logs::concept_ids().chain(ADDED.iter().map(|(concept, _)| *concept)).chain(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concepts_that_agents_share_with_messages_are_spelt_alike() {
        let of_messages: Vec<&str> = midwatch_analysis::logs::concept_ids().collect();
        for shared in [CANCELLED, DEADLINE_EXCEEDED, UPSTREAM_ERROR, RETRY] {
            assert!(of_messages.contains(&shared), "{shared}");
        }
        assert!(all().any(|known| known == WORSE) && !of_messages.contains(&WORSE));
    }
}
