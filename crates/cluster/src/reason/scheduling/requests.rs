//! What a pod asks of a machine.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

use crate::quantity::Quantity;

/// Resource → amount.
pub(super) type Amounts = BTreeMap<String, Quantity>;

/// What the scheduler counts for a pod: the sum of its containers and of init containers that keep running, or the
/// largest moment of starting up, and the overhead of its runtime class. Requests of the pod as a whole replace sums.
///
/// Source: `resourcehelper.PodRequests` of kube-scheduler (`NodeResourcesFit`).
pub(super) fn requests(spec: &PodSpec) -> Amounts {
    let mut running = Amounts::new();
    let mut starting = Amounts::new();
    for container in spec.init_containers.iter().flatten() {
        let mut moment = running.clone();
        add(&mut moment, &of(container));
        if container.restart_policy.as_deref() == Some("Always") {
            running.clone_from(&moment);
        }
        raise(&mut starting, &moment);
    }
    for container in &spec.containers {
        add(&mut running, &of(container));
    }
    raise(&mut running, &starting);
    let whole = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    for (name, value) in read(whole) {
        running.insert(name, value);
    }
    add(&mut running, &read(spec.overhead.as_ref()));
    running
}

/// Requests of a container; a limit without a request is its request.
fn of(container: &Container) -> Amounts {
    let Some(resources) = &container.resources else { return Amounts::new() };
    let mut amounts = read(resources.limits.as_ref());
    amounts.extend(read(resources.requests.as_ref()));
    amounts
}

/// Amounts that can be read.
pub(super) fn read(written: Option<&BTreeMap<String, Written>>) -> Amounts {
    let written = written.into_iter().flatten();
    written.filter_map(|(name, value)| Some((name.clone(), Quantity::parse(&value.0)?))).collect()
}

/// Adds resource by resource.
pub(super) fn add(sum: &mut Amounts, more: &Amounts) {
    for (name, value) in more {
        let kept = sum.entry(name.clone()).or_default();
        *kept = kept.plus(*value);
    }
}

fn raise(kept: &mut Amounts, other: &Amounts) {
    for (name, value) in other {
        let kept = kept.entry(name.clone()).or_default();
        *kept = (*kept).max(*value);
    }
}

/// An amount of a resource, as people write it.
pub(super) fn amount(value: Quantity, resource: &str) -> String {
    match resource.contains("memory") || resource.contains("storage") || resource.starts_with("hugepages") {
        true => value.to_bytes_text(),
        false => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn init_containers_count_while_they_run_and_sidecars_always() {
        let spec: PodSpec = serde_json::from_str(
            r#"{"initContainers": [
                    {"name": "mesh", "restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}},
                    {"name": "migrate", "resources": {"requests": {"cpu": "2", "memory": "1Mi"}}}],
                "containers": [{"name": "a", "resources": {"requests": {"cpu": "300m"}, "limits": {"memory": "64Mi"}}},
                    {"name": "b", "resources": {"requests": {"cpu": "1"}}}],
                "overhead": {"cpu": "50m"}}"#,
        )
        .unwrap();
        let asked = requests(&spec);
        // 100m + 2 while the migration runs is above 100m + 300m + 1; the overhead comes on top.
        assert_eq!(asked["cpu"].to_string(), "2150m");
        assert_eq!(asked["memory"].to_bytes_text(), "64Mi");
    }
}
