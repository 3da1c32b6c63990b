//! What `FailedScheduling` says.
//!
//! Source: `framework.FitError` and the filter plugins' error texts in kube-scheduler; each node is counted under the
//! first filter that refused it.

/// Why a node was refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Predicate {
    /// It has a taint, `key` or `key=value`.
    Taint(String),
    /// It is cordoned.
    Cordon,
    /// It has too little left of a resource.
    Resource(String),
    /// Anti-affinity between pods.
    AntiAffinity,
    /// Affinity between pods.
    Affinity,
    /// Topology spread.
    Spread,
    /// A host port is taken.
    HostPort,
    /// A volume cannot be used there.
    VolumeNode,
    /// Node selector or node affinity.
    NodeAffinity,
    /// The node is not well and tainted for it.
    NotReady,
    /// The pod's claims are not bound, or do not exist.
    Claims,
}

impl Predicate {
    /// Whether two are of one sort, whatever the resource or taint.
    pub fn is_like(&self, other: &Predicate) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// Reads `0/4 nodes are available: 1 node(s) were unschedulable, 3 Insufficient cpu. preemption: …`.
/// Empty when it is no such message.
pub(super) fn reasons(message: &str) -> Vec<(u32, Predicate)> {
    let text = message.split("preemption:").next().unwrap_or(message);
    let text = match text.split_once(" nodes are available:") {
        Some((_, text)) => text,
        None if text.contains("persistentvolumeclaim") => text,
        None => return Vec::new(),
    };
    let mut parts: Vec<String> = Vec::new();
    for part in text.trim().trim_end_matches('.').split(", ").take(64) {
        match parts.last_mut() {
            // A taint's value or an explanation may hold a comma of its own.
            Some(last) if !part.starts_with(|c: char| c.is_ascii_digit()) => {
                last.push_str(", ");
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    let mut found: Vec<(u32, Predicate)> = Vec::new();
    for part in &parts {
        let (count, words) = match part.split_once(' ') {
            Some((count, words)) if count.parse::<u32>().is_ok() => (count.parse().unwrap_or(0), words),
            _ => (0, part.as_str()),
        };
        let Some(predicate) = predicate(words) else { continue };
        match found.iter_mut().find(|(_, known)| *known == predicate) {
            Some((sum, _)) => *sum = sum.saturating_add(count),
            None => found.push((count, predicate)),
        }
    }
    found
}

/// Taints that the node lifecycle controller and the kubelet set for a node's conditions.
pub(super) fn is_condition_taint(key: &str) -> bool {
    matches!(
        key,
        "node.kubernetes.io/not-ready"
            | "node.kubernetes.io/unreachable"
            | "node.kubernetes.io/memory-pressure"
            | "node.kubernetes.io/disk-pressure"
            | "node.kubernetes.io/pid-pressure"
            | "node.kubernetes.io/network-unavailable"
            | "node.kubernetes.io/out-of-service"
            | "node.cloudprovider.kubernetes.io/uninitialized"
    )
}

/// Taints that keep ordinary pods from machines of the control plane.
pub(super) fn is_control_plane_taint(key: &str) -> bool {
    matches!(key, "node-role.kubernetes.io/control-plane" | "node-role.kubernetes.io/master")
}

/// The predicate of a taint.
pub(super) fn of_taint(key: &str, value: &str) -> Predicate {
    match key {
        "node.kubernetes.io/unschedulable" => Predicate::Cordon,
        key if is_condition_taint(key) => Predicate::NotReady,
        key if value.is_empty() => Predicate::Taint(key.to_owned()),
        key => Predicate::Taint(format!("{key}={value}")),
    }
}

fn predicate(words: &str) -> Option<Predicate> {
    let has = |part: &str| words.contains(part);
    if let Some(at) = words.find("taint {").or_else(|| words.find("taint(s) {")) {
        let inner = words.get(at..)?.split_once('{')?.1.split('}').next()?;
        let (key, value) = inner.split_once(':').unwrap_or((inner, ""));
        return Some(of_taint(key.trim(), value.trim()));
    }
    Some(match () {
        () if has("were unschedulable") => Predicate::Cordon,
        () if has("untolerated taint(s)") || has("had taints that the pod didn't tolerate") => {
            Predicate::Taint(String::new())
        }
        () if has("Insufficient ") => {
            let resource = words.split("Insufficient ").nth(1)?.split([' ', ',', '.']).next()?;
            let whole = words.split("Insufficient ").nth(1)?.split([' ', ',']).next()?.trim_end_matches('.');
            Predicate::Resource(if whole.contains('/') { whole } else { resource }.to_owned())
        }
        () if has("Too many pods") => Predicate::Resource("pods".to_owned()),
        () if has("exceed max volume count") => Predicate::Resource("volumes".to_owned()),
        () if has("anti-affinity") => Predicate::AntiAffinity,
        () if has("pod affinity") => Predicate::Affinity,
        () if has("topology spread") => Predicate::Spread,
        () if has("free ports") => Predicate::HostPort,
        () if has("volume node affinity") || has("available volume zone") => Predicate::VolumeNode,
        () if has("unbound immediate")
            || has("persistent volumes to bind")
            || has("persistentvolumeclaim \"")
            || has("claim is being deleted") =>
        {
            Predicate::Claims
        }
        () if has("node affinity") || has("node selector") || has("affinity/selector") => {
            Predicate::NodeAffinity
        }
        () if has("were not ready") || has("were out of disk") || has("pressure") => Predicate::NotReady,
        () => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expected: &[(u32, Predicate)]) {
        assert_eq!(reasons(message), expected, "{message}");
    }

    #[test]
    fn each_filter_is_recognised_by_its_words() {
        check(
            "0/5 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}, 1 node(s) were unschedulable, \
             3 node(s) didn't match Pod's node affinity/selector. preemption: 0/5 nodes are available: 5 Preemption is \
             not helpful for scheduling.",
            &[
                (1, Predicate::Taint("dedicated=gpu".into())),
                (1, Predicate::Cordon),
                (3, Predicate::NodeAffinity),
            ],
        );
        check(
            "0/3 nodes are available: 1 node(s) had taint {node.kubernetes.io/not-ready: }, that the pod didn't \
             tolerate, 2 Insufficient nvidia.com/gpu.",
            &[(1, Predicate::NotReady), (2, Predicate::Resource("nvidia.com/gpu".into()))],
        );
        check(
            "0/4 nodes are available: 1 Insufficient cpu, 1 Too many pods, 1 node(s) didn't match pod anti-affinity \
             rules, 1 node(s) didn't match pod topology spread constraints.",
            &[
                (1, Predicate::Resource("cpu".into())),
                (1, Predicate::Resource("pods".into())),
                (1, Predicate::AntiAffinity),
                (1, Predicate::Spread),
            ],
        );
        check(
            "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: …",
            &[(0, Predicate::Claims)],
        );
        check("persistentvolumeclaim \"data\" not found", &[(0, Predicate::Claims)]);
        check(
            "0/2 nodes are available: 1 node(s) didn't have free ports for the requested pod ports, 1 node(s) had \
             volume node affinity conflict.",
            &[(1, Predicate::HostPort), (1, Predicate::VolumeNode)],
        );
        check("skip schedule deleting pod: shop/web", &[]);
    }
}
