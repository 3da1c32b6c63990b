//! Reasons about slow calls: which program is slow of itself, which ones only wait for it, and what makes it slow.

mod graph;
mod load;
mod nodes;
mod programs;

use crate::context::Context;
use crate::fault::Fault;
use crate::picture::Picture;

/// All faults of this subject. Without measurements there is none: captured objects do not tell how long calls take.
pub(crate) fn faults(picture: &Picture, context: &Context) -> Vec<Fault> {
    if context.measurements.is_empty() {
        return Vec::new();
    }
    let loads = load::loads(picture, context);
    let calls = graph::Calls::new(picture, context);
    let culprits = programs::culprits(&loads, &calls);
    let node = nodes::network(picture, &loads, &culprits);
    let mut faults = programs::faults(picture, &loads, &calls, &culprits, !node.is_empty());
    faults.extend(node);
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Capture;
    use crate::context::{Measured, Measurement};
    use crate::fault::{Certainty, FaultKind};

    fn measured(name: &str, measured: Measured, before: f64, after: f64) -> Measurement {
        let quote = format!("{name} {before} {after}");
        Measurement { name: name.to_owned(), measured, before, after, quote, source: "alert".to_owned() }
    }

    fn check(
        calls: &[(&str, &str)],
        measurements: &[Measurement],
        expected: &[(FaultKind, &str, Certainty)],
    ) {
        let mut capture = Capture::default();
        let mut objects = String::from(
            "apiVersion: v1\nkind: Node\nmetadata: {name: node-1, uid: n-1}\n---\napiVersion: v1\nkind: Node\nmetadata: \
             {name: node-2, uid: n-2}\n",
        );
        for name in ["svc-a", "svc-b", "svc-c"] {
            objects.push_str(&format!(
                "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop, uid: {name}}}\n\
                 spec: {{selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, \
                 spec: {{containers: [{{name: main}}]}}}}}}\n"
            ));
        }
        capture.push("cluster.yaml", objects);
        let calls = calls.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let context = Context { measurements: measurements.to_vec(), calls, ..Context::default() };
        let found = faults(&Picture::read(capture, None), &context);
        let shown: Vec<(FaultKind, &str, Certainty)> =
            found.iter().map(|fault| (fault.kind, fault.object.name.as_str(), fault.certainty)).collect();
        assert_eq!(shown, expected, "{found:#?}");
        assert!(found.iter().all(|fault| !fault.facts.is_empty()));
    }

    use Certainty::{Shown, Suspected};
    use FaultKind as F;
    use Measured as M;

    const CHAIN: &[(&str, &str)] = &[("svc-a", "svc-b"), ("svc-b", "svc-c")];

    #[test]
    fn the_deepest_slow_program_is_the_cause() {
        let slow = [
            measured("svc-a", M::LatencyTail, 40.0, 2000.0),
            measured("svc-b", M::LatencyTail, 20.0, 900.0),
            measured("svc-c", M::LatencyTail, 5.0, 400.0),
        ];
        check(CHAIN, &slow, &[(F::NetworkDelay, "svc-c", Shown)]);
        check(CHAIN, &slow[..2], &[(F::NetworkDelay, "svc-b", Shown)]);
        // A millisecond more, or a share more of little, is no fault.
        check(CHAIN, &[measured("svc-c", M::LatencyTail, 2.0, 4.0)], &[]);
        // What the callee adds is too little to explain what the caller adds, and little beside it.
        let two = [
            measured("svc-b", M::LatencyTail, 20.0, 5000.0),
            measured("svc-c", M::LatencyTail, 500.0, 900.0),
        ];
        check(CHAIN, &two, &[(F::NetworkDelay, "svc-b", Shown)]);
    }

    #[test]
    fn a_processor_at_its_limit() {
        let busy = [
            measured("svc-c", M::CpuThrottled, 0.0, 0.7),
            measured("svc-c", M::Cpu, 0.02, 0.2),
            measured("svc-c", M::LatencyTail, 10.0, 90.0),
            measured("svc-a", M::LatencyTail, 30.0, 120.0),
        ];
        check(CHAIN, &busy, &[(F::CpuOverload, "svc-c", Shown)]);
        // Held back as ever, while another one is slow on the network.
        let chronic =
            [measured("svc-b", M::CpuThrottled, 0.0, 0.5), measured("svc-c", M::LatencyMedian, 5.0, 300.0)];
        check(CHAIN, &chronic, &[(F::NetworkDelay, "svc-c", Shown)]);
        check(CHAIN, &chronic[..1], &[]);
        // Busy and held back, and nobody waits.
        check(CHAIN, &busy[..2], &[]);
        // One of each at once.
        let both = [&busy[..3], &[measured("svc-b", M::LatencyTail, 10.0, 900.0)]].concat();
        check(
            &[("svc-a", "svc-b"), ("svc-a", "svc-c")],
            &both,
            &[(F::NetworkDelay, "svc-b", Shown), (F::CpuOverload, "svc-c", Shown)],
        );
    }

    #[test]
    fn the_network_of_a_node() {
        let lossy = [
            measured("node-1", M::Retransmissions, 0.0, 9.0),
            measured("node-2", M::Retransmissions, 0.0, 1.1),
            measured("svc-a", M::LatencyTail, 40.0, 900.0),
            measured("svc-b", M::LatencyMedian, 20.0, 90.0),
            measured("svc-b", M::LatencyTail, 20.0, 700.0),
        ];
        check(
            &[],
            &lossy,
            &[(F::NodePacketLoss, "node-1", Shown), (F::NodeNetworkDelay, "node-1", Suspected)],
        );
        let late = [
            measured("node-2", M::Retransmissions, 0.0, 0.9),
            measured("svc-a", M::LatencyMedian, 10.0, 5000.0),
            measured("svc-b", M::LatencyMedian, 2.0, 1200.0),
            measured("svc-a", M::Requests, 30.0, 9.0),
            measured("svc-b", M::Requests, 30.0, 9.0),
        ];
        check(
            &[],
            &late,
            &[(F::NodeNetworkDelay, "node-2", Shown), (F::NodePacketLoss, "node-2", Suspected)],
        );
        check(&[], &lossy[..2], &[]);
    }

    #[test]
    fn hostile_figures_are_no_faults() {
        let odd = [
            measured("svc-a", M::LatencyTail, f64::NAN, 900.0),
            measured("svc-b", M::LatencyTail, 1.0, f64::INFINITY),
            measured("", M::LatencyTail, 1.0, 900.0),
        ];
        check(CHAIN, &odd, &[]);
    }
}
