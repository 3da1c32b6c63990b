//! A theory of the report in the suite's words.

use midwatch_cluster::{FaultKind, Kind, ObjectKey};
use midwatch_model::{Answer, EvidenceId, Report, Theory};

use super::labels::{label, object};

/// What a theory says, in the suite's words: category, root cause, object. `None` when it rests on no fault of the
/// cluster, or on one the suite has no word for.
pub fn prediction(report: &Report, theory: &Theory) -> Option<String> {
    let cited: Vec<EvidenceId> = theory.terms.iter().flat_map(|term| term.evidence.iter().cloned()).collect();
    of_evidence(report, &cited, Some(&theory.mechanism))
}

/// What the first of the cited faults of the cluster is in the suite's words; only those of one mechanism when that is
/// given.
pub fn of_evidence(report: &Report, cited: &[EvidenceId], mechanism: Option<&str>) -> Option<String> {
    cited.iter().find_map(|id| {
        let evidence = report.evidence.get(id)?;
        let Answer::Rows { columns, rows, .. } = &evidence.answer else { return None };
        let row = rows.first().filter(|_| columns.first().is_some_and(|column| column == "fault"))?;
        let [kind, subject, object_kind, namespace, name, ..] = &row[..] else { return None };
        if mechanism.is_some_and(|mechanism| mechanism != kind) {
            return None;
        }
        let kind = FaultKind::ALL.iter().find(|known| known.as_str() == kind)?;
        let (category, cause) = label(*kind, subject)?;
        let key = ObjectKey::new(Kind::parse(object_kind).unwrap_or(Kind::Custom), namespace, name);
        Some(format!("{category} {cause} {}", object(&key)))
    })
}
