//! Pods that ask a DNS server which does not know the cluster.

use std::collections::BTreeSet;

use super::ground::Ground;
use super::symptoms::{Symptom, fails, lines, names, said_ever};
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::picture::Fact;
use crate::reason::workload::Workload;
use crate::remedy;

/// Workloads whose DNS policy turns them away from the cluster's DNS and who then cannot resolve its names.
///
/// Source: *Pod's DNS Policy*, Kubernetes documentation: `None` takes only `dnsConfig`, `Default` the node's
/// resolver; so does `ClusterFirst` of a pod in the host's network.
pub(super) fn faults(ground: &Ground<'_>) -> Vec<Fault> {
    let all = 0..ground.workloads.len();
    all.filter_map(|at| broken(ground, at, ground.workloads.get(at)?)).collect()
}

fn broken(ground: &Ground<'_>, at: usize, workload: &Workload<'_>) -> Option<Fault> {
    let spec = workload.spec()?;
    let policy = spec.dns_policy.as_deref().unwrap_or("ClusterFirst");
    let servers: Vec<&str> = spec
        .dns_config
        .iter()
        .flat_map(|config| config.nameservers.iter().flatten())
        .map(String::as_str)
        .collect();
    let in_host_network = spec.host_network == Some(true);
    let own = match policy {
        "None" if servers.iter().any(|server| is_cluster_dns(ground, server)) => return None,
        "None" => format!("dnsPolicy None with the servers {}", servers.join(", ")),
        "Default" => "dnsPolicy Default, which is the node's resolver".to_owned(),
        "ClusterFirst" if in_host_network => "the host's network, so the node's resolver".to_owned(),
        _ => return None,
    };
    let failed = unresolved(ground, at).or_else(|| unanswered(ground, at, &servers));
    // Without a word from the program only servers that nobody else uses, and pods that do not start, speak for it.
    let is_suspect = policy == "None" && workload.lacks_pods() && workload.wanted != Some(0);
    if failed.is_none() && !is_suspect {
        return None;
    }
    let is_said = failed.is_some();
    let key = &workload.key;
    let mut facts: Vec<Fact> = Vec::new();
    let first = servers.first().copied().unwrap_or("\u{0}");
    let (yaml, json) = (format!("dnsPolicy: {policy}"), format!("\"dnsPolicy\":\"{policy}\""));
    let quoted = format!("dnsPolicy: \"{policy}\"");
    facts.push(ground.fact(key, &[&yaml, &quoted, &json], format!("{key} has {own}")));
    if !servers.is_empty() {
        facts.push(ground.fact(key, &[first], format!("{key} asks the DNS server {first}")));
    }
    facts.extend(failed);
    Some(Fault {
        kind: FaultKind::PodDnsBroken,
        subject: String::new(),
        object: key.clone(),
        standing: if workload.lacks_pods() || is_said { Standing::Active } else { Standing::Latent },
        certainty: if is_said { Certainty::Stated } else { Certainty::Suspected },
        summary: format!("pods of {key} have {own}, and cannot resolve names of the cluster"),
        facts,
        explains: vec![key.clone()],
        neighbours: vec![FaultKind::ClusterDnsDown, FaultKind::ClientAddressWrong],
        remedy: format!(
            "Set dnsPolicy to ClusterFirst (ClusterFirstWithHostNet in the host's network) and remove the \
             nameservers: {}",
            remedy::on("edit", key)
        ),
    })
}

/// Whether an address is that of the cluster's DNS service, or of the cache that nodes run before it (169.254.x).
fn is_cluster_dns(ground: &Ground<'_>, server: &str) -> bool {
    server.starts_with("169.254.")
        || ground.picture.services.in_namespace("kube-system").any(|service| {
            let spec = service.object.spec.as_ref();
            let is_dns = spec.is_some_and(|spec| spec.ports.iter().flatten().any(|port| port.port == 53));
            is_dns && spec.and_then(|spec| spec.cluster_ip.as_deref()) == Some(server)
        })
}

/// A line of the program that says a name of the cluster does not resolve.
fn unresolved(ground: &Ground<'_>, at: usize) -> Option<Fact> {
    let configured = ground.edges.iter().filter(|edge| edge.client == at);
    let mut hosts: BTreeSet<&str> = configured.map(|edge| edge.target.host.as_str()).collect();
    if let Some(workload) = ground.workloads.get(at) {
        // Programs name services in their own files, too.
        let services = ground.picture.services.in_namespace(&workload.key.namespace).take(300);
        hosts.extend(services.map(|service| service.key.name.as_str()));
    }
    let mentioned: Vec<&str> = {
        let mut failing = ground.all_logs(at).flat_map(|log| lines(ground, log));
        let any = failing.any(|line| fails(line, Symptom::Name));
        if any { hosts.into_iter().collect() } else { Vec::new() }
    };
    mentioned.into_iter().find_map(|host| said_ever(ground, at, host, Symptom::Name))
}

/// A line, of any container of the pods, that says one of their own DNS servers did not resolve a name or did not
/// answer: `lookup NAME on 10.0.0.1:53: read udp …: i/o timeout`, as Go's resolver and sidecars print it.
fn unanswered(ground: &Ground<'_>, at: usize, servers: &[&str]) -> Option<Fact> {
    let asked = |line: &str| servers.iter().any(|server| names(line, &format!("{server}:53")));
    for log in ground.all_logs(at) {
        let said = |line: &&str| {
            memchr::memmem::find(line.as_bytes(), b"lookup ").is_some()
                && (fails(line, Symptom::Name) || fails(line, Symptom::Connect))
                && asked(line)
        };
        if let Some(line) = lines(ground, log).filter(said).last() {
            let statement = format!("{} gets no answer from its DNS server", log.object.name);
            return Some(Fact {
                statement,
                source: ground.picture.source(log.origin).to_owned(),
                quote: super::symptoms::around(line.trim(), "lookup "),
            });
        }
    }
    None
}
