//! What is well in a cluster: workloads that have all their pods and no fault of their own.

use std::collections::BTreeSet;

use midwatch_cluster::{Fault, ObjectKey, Picture, complete_workloads};
use midwatch_model::{EvidenceId, Finding, FindingKind};

use super::{Draft, Names};

/// Workloads noted as well; more only count.
const WELL_MAX: usize = 150;

/// A finding for each workload that wants pods and has them all, when no fault touches it; and what was cut.
pub(super) fn well(
    picture: &Picture,
    faults: &[&Fault],
    names: &Names,
    cited: &EvidenceId,
) -> (Vec<Finding>, Option<String>) {
    let touched: BTreeSet<&ObjectKey> =
        faults.iter().flat_map(|fault| fault.explains.iter().chain([&fault.object])).collect();
    let all = complete_workloads(picture);
    let well: Vec<_> = all.iter().filter(|(key, _)| !touched.contains(key)).collect();
    let findings = well.iter().take(WELL_MAX).map(|(key, wanted)| {
        let pods = if *wanted == 1 { "its 1 pod".to_owned() } else { format!("all {wanted} pods") };
        let draft = Draft {
            summary: format!("{key} has {pods} ready, and nothing in the cluster was found wrong with it"),
            ..Draft::new(FindingKind::StateSteady, names.entity(key), key.to_string(), cited.clone())
        };
        draft.finish()
    });
    let cut =
        (well.len() > WELL_MAX).then(|| format!("{WELL_MAX} of {} complete workloads noted", well.len()));
    (findings.collect(), cut)
}
