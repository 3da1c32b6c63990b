//! A theory of the report in the suite's words.

use midwatch_cluster::{FaultKind, Kind, ObjectKey};
use midwatch_model::{Answer, Report, Theory};

use super::labels::{label, object};

/// What a theory says, in the suite's words: category, root cause, object. `None` when it rests on no fault of the
/// cluster, or on one the suite has no word for.
pub fn prediction(report: &Report, theory: &Theory) -> Option<String> {
    let cited = theory.terms.iter().flat_map(|term| &term.evidence);
    cited.into_iter().find_map(|id| {
        let evidence = report.evidence.get(id)?;
        let Answer::Rows { columns, rows, .. } = &evidence.answer else { return None };
        let row = rows.first().filter(|_| columns.first().is_some_and(|column| column == "fault"))?;
        let [kind, subject, object_kind, namespace, name, ..] = &row[..] else { return None };
        let kind =
            FaultKind::ALL.iter().find(|known| known.as_str() == kind && theory.mechanism == **kind)?;
        let (category, cause) = label(*kind, subject)?;
        let key = ObjectKey::new(Kind::parse(object_kind).unwrap_or(Kind::Custom), namespace, name);
        Some(format!("{category} {cause} {}", object(&key)))
    })
}
