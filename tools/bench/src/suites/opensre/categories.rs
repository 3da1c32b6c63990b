//! What the report says in the suite's words. Read after the verdict.

use midwatch_app::Mechanisms;
use midwatch_model::{Report, TheoryStatus, VerdictKind};

/// Nothing is wrong, or no longer.
pub(super) const HEALTHY: &str = "healthy";
/// Nothing is said.
const UNKNOWN: &str = "unknown";

/// Mechanisms whose own category is called otherwise by the suite: it counts a name that does not resolve as a mistake in
/// configuration, and what falls behind or runs dry as a resource that is used up.
const MECHANISMS: [(&str, &str); 5] = [
    ("dns_failure", "configuration_error"),
    ("probe_failing", "configuration_error"),
    ("replica_lag", "resource_exhaustion"),
    ("pool_exhausted", "resource_exhaustion"),
    ("capacity_cut", "resource_exhaustion"),
];

/// Categories of mechanisms and the suite's words for them.
const CATEGORIES: [(&str, &str); 9] = [
    ("configuration", "configuration_error"),
    ("security", "configuration_error"),
    ("code", "code_defect"),
    ("data", "data_quality"),
    ("resource", "resource_exhaustion"),
    ("load", "resource_exhaustion"),
    ("dependency", "dependency_failure"),
    ("outside", "dependency_failure"),
    ("infrastructure", "infrastructure"),
];

/// The category that the report comes to.
pub(super) fn predicted(report: &Report, mechanisms: &Mechanisms) -> &'static str {
    if report.verdict.kind == VerdictKind::HealthyOrRecovered {
        return HEALTHY;
    }
    let Some(leader) = report.theories.iter().find(|theory| theory.status == TheoryStatus::Leading) else {
        return UNKNOWN;
    };
    let word = |table: &[(&str, &'static str)], key: &str| {
        table.iter().find(|(known, _)| *known == key).map(|(_, word)| *word)
    };
    let category = mechanisms.get(&leader.mechanism).map_or("", |mechanism| mechanism.category.as_str());
    word(&MECHANISMS, &leader.mechanism).or_else(|| word(&CATEGORIES, category)).unwrap_or(UNKNOWN)
}
