//! What every step of the walk needs: workloads by label, what each service selects, who calls it, how calls ended.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Container, Service};

use super::address::{Target, configured};
use crate::context::Context;
use crate::kind::ObjectKey;
use crate::picture::{Connection, Fact, LogText, Outcome, Picture, Record};
use crate::reason::workload::{Workload, workloads};

/// An address that a workload is configured with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    /// Index of the workload.
    pub client: usize,
    /// Environment variable, argument or key that holds it.
    pub name: String,
    /// Its text, as quoted in facts.
    pub text: String,
    /// Object that the text stands in: the workload, a config map or a secret.
    pub holder: ObjectKey,
    /// Where it leads.
    pub target: Target,
}

/// Indexes over the picture.
pub(super) struct Ground<'a> {
    pub picture: &'a Picture,
    pub context: &'a Context,
    pub workloads: Vec<Workload<'a>>,
    /// Pod labels by workload.
    pub labels: Vec<BTreeMap<String, String>>,
    /// Workloads with at least one ready pod.
    pub ready: Vec<bool>,
    /// Every configured address.
    pub edges: Vec<Edge>,
    /// Service → workloads that it selects.
    selected: BTreeMap<ObjectKey, Vec<usize>>,
    /// Services that something calls, by configuration, by the known calls or from outside.
    called: BTreeSet<ObjectKey>,
    /// Workloads that some service selects.
    served: BTreeSet<usize>,
    /// Services that are known to lead to some address.
    with_endpoints: BTreeSet<(String, String)>,
    /// Namespace and host → edges that lead there.
    edges_to: BTreeMap<(String, String), Vec<usize>>,
    /// Namespace → its workloads.
    by_namespace: BTreeMap<String, Vec<usize>>,
    /// Namespaces that hold something.
    pub namespaces: BTreeSet<String>,
    logs: BTreeMap<usize, Vec<&'a LogText>>,
    connections: BTreeMap<(String, u16), Vec<&'a Connection>>,
}

impl<'a> Ground<'a> {
    /// Builds the indexes, each in one pass.
    pub fn new(picture: &'a Picture, context: &'a Context) -> Ground<'a> {
        let workloads = workloads(picture);
        let labels: Vec<BTreeMap<String, String>> = workloads.iter().map(Workload::pod_labels).collect();
        let ready = workloads.iter().map(|workload| workload.ready() > 0).collect();
        let mut namespaces: BTreeSet<String> =
            workloads.iter().map(|workload| workload.key.namespace.clone()).collect();
        namespaces.extend(picture.services.iter().map(|service| service.key.namespace.clone()));
        namespaces.extend(picture.namespaces.iter().map(|namespace| namespace.key.name.clone()));
        let mut connections: BTreeMap<(String, u16), Vec<&Connection>> = BTreeMap::new();
        for connection in &picture.connections {
            let name = connection.host.split('.').next().unwrap_or("").to_owned();
            connections.entry((name, connection.port)).or_default().push(connection);
        }
        let mut by_namespace: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, workload) in workloads.iter().enumerate() {
            by_namespace.entry(workload.key.namespace.clone()).or_default().push(at);
        }
        let selected = selected(picture, &workloads, &labels);
        let mut ground = Ground {
            picture,
            context,
            logs: logs_by_workload(picture, &workloads),
            served: selected.values().flatten().copied().collect(),
            selected,
            with_endpoints: with_endpoints(picture),
            edges_to: BTreeMap::new(),
            by_namespace,
            workloads,
            labels,
            ready,
            edges: Vec::new(),
            called: BTreeSet::new(),
            namespaces,
            connections,
        };
        ground.edges = configured(&ground);
        for (at, edge) in ground.edges.iter().enumerate() {
            let place = (edge.target.namespace.clone(), edge.target.host.clone());
            ground.edges_to.entry(place).or_default().push(at);
        }
        ground.called = called(&ground);
        ground
    }

    /// Workloads whose pods a service selects.
    pub fn selected(&self, service: &ObjectKey) -> impl Iterator<Item = usize> + '_ {
        self.selected.get(service).into_iter().flatten().copied()
    }

    /// Whether some service selects a workload.
    pub fn is_served(&self, workload: usize) -> bool {
        self.served.contains(&workload)
    }

    /// Workloads of a namespace.
    pub fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = usize> + '_ {
        self.by_namespace.get(namespace).into_iter().flatten().copied()
    }

    /// Whether a service is known to lead to some address, whatever its selector says.
    pub fn has_endpoints(&self, service: &ObjectKey) -> bool {
        self.with_endpoints.contains(&(service.namespace.clone(), service.name.clone()))
    }

    /// Configured addresses that lead to a service.
    pub fn edges_to(&self, service: &ObjectKey) -> impl Iterator<Item = &Edge> {
        let found = self.edges_to.get(&(service.namespace.clone(), service.name.clone()));
        found.into_iter().flatten().filter_map(|at| self.edges.get(*at))
    }

    /// Whether anything is known to call a service.
    pub fn is_called(&self, service: &ObjectKey) -> bool {
        self.called.contains(service)
    }

    /// Current logs of a workload.
    pub fn logs(&self, workload: usize) -> impl Iterator<Item = &'a LogText> + '_ {
        self.logs.get(&workload).into_iter().flatten().copied().filter(|log| !log.previous)
    }

    /// All logs of a workload, those of earlier instances too.
    pub fn all_logs(&self, workload: usize) -> impl Iterator<Item = &'a LogText> + '_ {
        self.logs.get(&workload).into_iter().flatten().copied()
    }

    /// Attempts to connect to a service.
    pub fn connections(&self, service: &ObjectKey, port: u16) -> impl Iterator<Item = &'a Connection> + '_ {
        let found = self.connections.get(&(service.name.clone(), port));
        let namespace = service.namespace.clone();
        found.into_iter().flatten().copied().filter(move |connection| {
            let second = connection.host.split('.').nth(1);
            let at = connection.namespace.as_deref().or(second);
            at.is_none_or(|at| at == namespace)
        })
    }

    /// How attempts to connect to a port of a service ended: a failure when none got through, `None` when nobody
    /// tried.
    pub fn outcome(&self, service: &ObjectKey, port: u16) -> Option<(bool, &'a Connection)> {
        let open = self.connections(service, port).find(|tried| tried.outcome == Outcome::Open);
        let failed =
            self.connections(service, port).find(|tried| matches!(tried.outcome, Outcome::Failed(_)));
        open.map(|tried| (true, tried)).or_else(|| failed.map(|tried| (false, tried)))
    }

    /// The service that a target names, if it exists.
    pub fn service(&self, target: &Target) -> Option<&'a Record<Service>> {
        self.picture.services.get(&target.namespace, &target.host).present()
    }

    /// Clients that are configured with a service, as workload keys.
    pub fn clients_of(&self, service: &ObjectKey) -> Vec<ObjectKey> {
        let mut clients: Vec<ObjectKey> = self
            .edges_to(service)
            .filter_map(|edge| self.workloads.get(edge.client).map(|client| client.key.clone()))
            .collect();
        clients.extend(self.context.calls.iter().filter(|(_, callee)| *callee == service.name).filter_map(
            |(caller, _)| {
                self.workloads.iter().find(|one| one.key.name == *caller).map(|one| one.key.clone())
            },
        ));
        clients.sort();
        clients.dedup();
        clients
    }

    /// A fact quoting the first of several needles that the object's texts hold.
    pub fn fact(&self, key: &ObjectKey, needles: &[&str], statement: impl Into<String>) -> Fact {
        let statement = statement.into();
        let found = needles.iter().map(|needle| (needle, self.picture.fact(key, needle, statement.clone())));
        for (needle, fact) in found {
            if fact.quote.contains(*needle) && fact.quote != statement {
                return fact;
            }
        }
        self.picture.fact(key, "\u{0}", statement)
    }

    /// A fact about how an attempt to connect ended.
    pub fn fact_of(&self, tried: &Connection) -> Fact {
        let (host, port) = (&tried.host, tried.port);
        let statement = match &tried.outcome {
            Outcome::Open => format!("{host}:{port} answers"),
            Outcome::Failed(_) => format!("{host}:{port} does not answer"),
            Outcome::Unknown => format!("nothing is known of {host}:{port}"),
        };
        let needle = match &tried.outcome {
            Outcome::Failed(said) => said.lines().next().unwrap_or("").trim(),
            Outcome::Open | Outcome::Unknown => "",
        };
        self.picture.fact_at(tried.origin, needle, statement)
    }

    /// Containers of a workload.
    pub fn containers(&self, workload: usize) -> impl Iterator<Item = &'a Container> + '_ {
        let spec = self.workloads.get(workload).and_then(Workload::spec);
        spec.into_iter().flat_map(|spec| spec.containers.iter())
    }
}

fn logs_by_workload<'a>(
    picture: &'a Picture,
    workloads: &[Workload<'a>],
) -> BTreeMap<usize, Vec<&'a LogText>> {
    let mut owner: BTreeMap<ObjectKey, usize> = BTreeMap::new();
    for (at, workload) in workloads.iter().enumerate() {
        for key in workload.keys() {
            owner.insert(key, at);
        }
    }
    let mut logs: BTreeMap<usize, Vec<&LogText>> = BTreeMap::new();
    for log in &picture.logs {
        if let Some(at) = owner.get(&log.object) {
            logs.entry(*at).or_default().push(log);
        }
    }
    logs
}

/// Selector of a service that has one.
pub(super) fn selector(service: &Record<Service>) -> Option<&BTreeMap<String, String>> {
    let spec = service.object.spec.as_ref()?;
    if spec.type_.as_deref() == Some("ExternalName") {
        return None;
    }
    spec.selector.as_ref().filter(|selector| !selector.is_empty())
}

fn selected(
    picture: &Picture,
    workloads: &[Workload<'_>],
    labels: &[BTreeMap<String, String>],
) -> BTreeMap<ObjectKey, Vec<usize>> {
    let mut by_label: BTreeMap<(&str, &str, &str), Vec<usize>> = BTreeMap::new();
    let mut of_pods: Vec<Vec<&BTreeMap<String, String>>> = Vec::with_capacity(workloads.len());
    for (at, (workload, own)) in workloads.iter().zip(labels).enumerate() {
        let mut sets: Vec<&BTreeMap<String, String>> = vec![own];
        for found in workload.pods.iter().filter_map(|pod| pod.object.metadata.labels.as_ref()) {
            // Pods of one template carry the same labels: a few of them tell all there is.
            if sets.len() < 8 && !sets.contains(&found) {
                sets.push(found);
            }
        }
        for (name, value) in sets.iter().flat_map(|set| set.iter()) {
            let place = by_label.entry((&workload.key.namespace, name, value)).or_default();
            if place.last() != Some(&at) {
                place.push(at);
            }
        }
        of_pods.push(sets);
    }
    let mut selected = BTreeMap::new();
    for service in picture.services.iter() {
        let Some(wanted) = selector(service) else { continue };
        let namespace = service.key.namespace.as_str();
        let mut fewest: Option<&[usize]> = None;
        for (name, value) in wanted {
            let with = by_label.get(&(namespace, name.as_str(), value.as_str()));
            let with = with.map_or(&[][..], Vec::as_slice);
            if fewest.is_none_or(|fewest| with.len() < fewest.len()) {
                fewest = Some(with);
            }
        }
        let fewest = fewest.unwrap_or_default();
        let matches = |at: &usize| {
            let sets = of_pods.get(*at).map_or(&[][..], Vec::as_slice);
            sets.iter().any(|set| wanted.iter().all(|(name, value)| set.get(name) == Some(value)))
        };
        selected.insert(service.key.clone(), fewest.iter().copied().filter(matches).collect());
    }
    selected
}

fn called(ground: &Ground<'_>) -> BTreeSet<ObjectKey> {
    let callees: BTreeSet<&str> = ground.context.calls.iter().map(|(_, callee)| callee.as_str()).collect();
    let addressed: BTreeSet<(&str, &str)> =
        ground.edges.iter().map(|edge| (edge.target.namespace.as_str(), edge.target.host.as_str())).collect();
    let mut called = BTreeSet::new();
    for service in ground.picture.services.iter() {
        let key = &service.key;
        let kind = service.object.spec.as_ref().and_then(|spec| spec.type_.as_deref());
        let from_outside = matches!(kind, Some("LoadBalancer" | "NodePort"));
        if from_outside
            || callees.contains(key.name.as_str())
            || addressed.contains(&(key.namespace.as_str(), key.name.as_str()))
        {
            called.insert(key.clone());
        }
    }
    for ingress in ground.picture.ingresses.iter() {
        for backend in super::ingress::backends(&ingress.object) {
            called.insert(ObjectKey::new(
                crate::kind::Kind::Service,
                &ingress.key.namespace,
                &backend.service,
            ));
        }
    }
    called
}

/// Services that have an address in their endpoints or in a slice of them.
fn with_endpoints(picture: &Picture) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for record in picture.endpoints.iter() {
        let mut subsets = record.object.subsets.iter().flatten();
        if subsets.any(|subset| subset.addresses.as_ref().is_some_and(|all| !all.is_empty())) {
            found.insert((record.key.namespace.clone(), record.key.name.clone()));
        }
    }
    for slice in picture.endpoint_slices.iter() {
        let labels = slice.object.metadata.labels.as_ref();
        let of = labels.and_then(|labels| labels.get("kubernetes.io/service-name"));
        if let Some(of) = of
            && slice.object.endpoints.iter().flatten().any(|one| !one.addresses.is_empty())
        {
            found.insert((slice.key.namespace.clone(), of.clone()));
        }
    }
    found
}
