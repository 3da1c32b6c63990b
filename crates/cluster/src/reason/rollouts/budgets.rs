//! Disruption budgets that let nobody move a pod.

use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::ObjectKey;
use crate::picture::Picture;
use crate::reason::symptoms::active;
use crate::remedy;

/// Budgets that allow no disruption although every pod is healthy: a drain waits for ever.
pub(super) fn budgets(picture: &Picture) -> Vec<Fault> {
    let blocked = picture.disruption_budgets.iter().filter_map(|record| {
        let status = record.object.status.as_ref()?;
        let (healthy, wanted) = (status.current_healthy?, status.desired_healthy?);
        let is_blocked =
            status.disruptions_allowed == Some(0) && status.expected_pods? > 0 && healthy >= wanted;
        is_blocked.then_some((record, healthy, wanted))
    });
    blocked
        .map(|(record, healthy, wanted)| {
            let key: &ObjectKey = &record.key;
            let mut fault = active(FaultKind::DrainBlocked, key, Certainty::Shown);
            fault.standing = Standing::Latent;
            fault.summary = format!("{key} lets no pod be moved: {healthy} are healthy and {wanted} must be");
            fault.facts.push(picture.fact(key, "llowed", format!("{key} allows no disruption")));
            fault.remedy = format!(
                "run one replica more than it asks for, or lower minAvailable: {}",
                remedy::on("edit", key)
            );
            fault
        })
        .collect()
}
