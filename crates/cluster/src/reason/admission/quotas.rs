//! Quotas that hold objects back without saying so anywhere in the capture.

use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceQuota};

use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Fact, Picture, Record};
use crate::quantity::Quantity;
use crate::reason::workload::Workload;
use crate::remedy;

/// Resources that count objects, by the kind they count.
const COUNTED: [(Kind, &[&str]); 9] = [
    (Kind::Service, &["services", "count/services"]),
    (
        Kind::PersistentVolumeClaim,
        &["requests.storage", "persistentvolumeclaims", "count/persistentvolumeclaims"],
    ),
    (Kind::ConfigMap, &["configmaps", "count/configmaps"]),
    (Kind::Secret, &["secrets", "count/secrets"]),
    (Kind::Deployment, &["count/deployments.apps"]),
    (Kind::StatefulSet, &["count/statefulsets.apps"]),
    (Kind::Job, &["count/jobs.batch"]),
    (Kind::CronJob, &["count/cronjobs.batch"]),
    (Kind::Ingress, &["count/ingresses.networking.k8s.io"]),
];

/// (used, hard) of a resource, as the quota's status has them.
pub(super) fn level(quota: &ResourceQuota, resource: &str) -> Option<(Quantity, Quantity)> {
    let status = quota.status.as_ref()?;
    let hard = Quantity::parse(&status.hard.as_ref()?.get(resource)?.0)?;
    let used = status.used.as_ref().and_then(|used| used.get(resource));
    Some((used.map_or(Some(Quantity::ZERO), |used| Quantity::parse(&used.0))?, hard))
}

/// An amount of a resource, as people write it.
pub(super) fn amount(value: Quantity, resource: &str) -> String {
    match resource.contains("memory") || resource.contains("storage") {
        true => value.to_bytes_text(),
        false => value.to_string(),
    }
}

/// Quotas that cannot hold one more pod of a workload that lacks some, when no event is left that says so.
pub(super) fn unsaid(picture: &Picture, workload: &Workload<'_>) -> Vec<Fault> {
    let Some(spec) = workload.spec() else { return Vec::new() };
    let namespace = workload.key.namespace.as_str();
    let mut found = Vec::new();
    for record in picture.quotas.in_namespace(namespace) {
        for resource in [
            "pods",
            "count/pods",
            "requests.cpu",
            "cpu",
            "requests.memory",
            "memory",
            "limits.cpu",
            "limits.memory",
        ] {
            let Some((used, hard)) = level(&record.object, resource) else { continue };
            let asked = asked(spec, resource);
            if asked > Quantity::ZERO && used.plus(asked) > hard {
                let of = |value| amount(value, resource);
                found.push(quota_fault(picture, record, resource, Found {
                    certainty: Certainty::Shown,
                    summary: format!(
                        "{} leaves no room for pods of {}: {} of {} {resource} used and each pod asks for {}",
                        record.key, workload.key, of(used), of(hard), of(asked)
                    ),
                    facts: Vec::new(),
                    explains: vec![workload.key.clone()],
                    neighbours: Vec::new(),
                }));
            }
        }
    }
    found
}

/// What one pod adds to a quota's resource: containers' sum (init containers run before, one at a time).
fn asked(spec: &PodSpec, resource: &str) -> Quantity {
    if resource == "pods" || resource == "count/pods" {
        return Quantity::units(1);
    }
    let name = resource.rsplit('.').next().unwrap_or(resource);
    let of = |container: &Container| {
        let resources = container.resources.as_ref();
        let limits = resources.and_then(|resources| resources.limits.as_ref()?.get(name));
        let requests = resources.and_then(|resources| resources.requests.as_ref()?.get(name));
        let value = if resource.starts_with("limits.") { limits } else { requests.or(limits) };
        value.and_then(|value| Quantity::parse(&value.0)).unwrap_or_default()
    };
    let sum = spec.containers.iter().map(of).fold(Quantity::ZERO, Quantity::plus);
    let first = spec.init_containers.iter().flatten().map(of).max().unwrap_or_default();
    sum.max(first)
}

struct Found {
    certainty: Certainty,
    summary: String,
    facts: Vec<Fact>,
    explains: Vec<ObjectKey>,
    neighbours: Vec<FaultKind>,
}

fn quota_fault(picture: &Picture, record: &Record<ResourceQuota>, resource: &str, found: Found) -> Fault {
    let (used, hard) = level(&record.object, resource).unwrap_or_default();
    let statement = format!(
        "{} has {} of {} {resource} used",
        record.key,
        amount(used, resource),
        amount(hard, resource)
    );
    let mut facts = vec![picture.fact(&record.key, resource, statement)];
    facts.extend(found.facts);
    Fault {
        kind: FaultKind::QuotaExceeded,
        subject: resource.to_owned(),
        object: record.key.clone(),
        standing: Standing::Active,
        certainty: found.certainty,
        summary: found.summary,
        facts,
        explains: found.explains,
        neighbours: found.neighbours,
        remedy: format!(
            "Raise the quota, {}, and apply what was refused again",
            remedy::on("edit", &record.key)
        ),
    }
}

/// Objects that somebody wants, that do not exist, and that a full quota of their kind would refuse. Whoever applied
/// them was told; nothing in the cluster repeats it.
pub(super) fn objects_refused(picture: &Picture, workloads: &[Workload<'_>]) -> Vec<Fault> {
    let mut found = Vec::new();
    for record in picture.quotas.iter() {
        for (kind, resources) in COUNTED {
            for resource in resources {
                if let Some((used, hard)) = level(&record.object, resource) {
                    let fault = wanted(picture, workloads, record, kind, resource, hard.minus(used));
                    found.extend(fault);
                }
            }
        }
    }
    found
}

/// Whether a storage quota explains that a claim does not exist.
pub(crate) fn refuses_claim(picture: &Picture, claim: &ObjectKey) -> bool {
    let resources = ["requests.storage", "persistentvolumeclaims", "count/persistentvolumeclaims"];
    picture.quotas.in_namespace(&claim.namespace).any(|record| {
        resources.iter().any(|resource| {
            level(&record.object, resource).is_some_and(|(used, hard)| {
                let room = hard.minus(used);
                let declared =
                    declared(picture, &claim.namespace, Kind::PersistentVolumeClaim, resource, room);
                declared.iter().any(|one| one.key == *claim) || leaves_little(picture, resource, room)
            })
        })
    })
}

/// One object that is wanted and absent.
struct Wanted {
    key: ObjectKey,
    certainty: Certainty,
    fact: Fact,
    explains: Vec<ObjectKey>,
}

fn wanted(
    picture: &Picture,
    workloads: &[Workload<'_>],
    record: &Record<ResourceQuota>,
    kind: Kind,
    resource: &str,
    room: Quantity,
) -> Option<Fault> {
    let namespace = record.key.namespace.as_str();
    let mut wanted = declared(picture, namespace, kind, resource, room);
    match kind {
        Kind::Service if room < Quantity::units(1) && wanted.is_empty() => {
            wanted = called(picture, workloads, namespace);
        }
        Kind::PersistentVolumeClaim if wanted.is_empty() => {
            wanted = mounted(picture, workloads, namespace, resource, room);
        }
        Kind::Service | Kind::PersistentVolumeClaim => {
            for one in &mut wanted {
                let users = if kind == Kind::Service {
                    callers(workloads, &one.key)
                } else {
                    mounters(workloads, &one.key)
                };
                one.explains.extend(users);
            }
        }
        _ => {}
    }
    let first = wanted.first()?;
    let certainty = first.certainty;
    let names: Vec<String> = wanted.iter().take(5).map(|one| one.key.to_string()).collect();
    let neighbours = match kind {
        Kind::Service => vec![FaultKind::ServiceMissing],
        Kind::PersistentVolumeClaim => vec![FaultKind::ClaimMissing],
        Kind::Secret => vec![FaultKind::SecretMissing],
        Kind::ConfigMap => vec![FaultKind::ConfigMapMissing],
        _ => Vec::new(),
    };
    let summary =
        format!("{} has no room for {}, which is wanted and does not exist", record.key, names.join(", "));
    let explains = wanted.iter().flat_map(|one| one.explains.iter().cloned()).collect();
    let facts = wanted.into_iter().take(5).map(|one| one.fact).collect();
    Some(quota_fault(picture, record, resource, Found { certainty, summary, facts, explains, neighbours }))
}

/// Whether an object is known not to exist.
fn is_absent(picture: &Picture, key: &ObjectKey) -> bool {
    let (namespace, name) = (key.namespace.as_str(), key.name.as_str());
    match key.kind {
        Kind::Service => picture.services.get(namespace, name).is_absent(),
        Kind::PersistentVolumeClaim => picture.claims.get(namespace, name).is_absent(),
        Kind::ConfigMap => picture.config_maps.get(namespace, name).is_absent(),
        Kind::Secret => picture.secrets.get(namespace, name).is_absent(),
        Kind::Deployment => picture.deployments.get(namespace, name).is_absent(),
        Kind::StatefulSet => picture.stateful_sets.get(namespace, name).is_absent(),
        Kind::Job => picture.jobs.get(namespace, name).is_absent(),
        Kind::CronJob => picture.cron_jobs.get(namespace, name).is_absent(),
        Kind::Ingress => picture.ingresses.get(namespace, name).is_absent(),
        _ => false,
    }
}

/// Objects of a kind that stand in files, do not exist, and do not fit into what is left.
fn declared(picture: &Picture, namespace: &str, kind: Kind, resource: &str, room: Quantity) -> Vec<Wanted> {
    let first = ObjectKey { kind, namespace: namespace.to_owned(), name: String::new() };
    let of_kind =
        picture.declared.range(first..).take_while(|(key, _)| key.kind == kind && key.namespace == namespace);
    let mut found = Vec::new();
    for (key, record) in of_kind {
        let asked = match resource {
            "requests.storage" => {
                let asked = record
                    .object
                    .pointer("/spec/resources/requests/storage")
                    .and_then(|value| value.as_str());
                asked.and_then(Quantity::parse).unwrap_or_default()
            }
            _ => Quantity::units(1),
        };
        if asked > room && is_absent(picture, key) {
            let statement =
                format!("{key} is declared, asks for {} and does not exist", amount(asked, resource));
            found.push(Wanted {
                key: key.clone(),
                certainty: Certainty::Stated,
                fact: picture.fact(key, &key.name, statement),
                explains: vec![key.clone()],
            });
        }
    }
    found
}

/// Services that live pods are told to call, that do not exist, and whose pods are there under that name.
fn called(picture: &Picture, workloads: &[Workload<'_>], namespace: &str) -> Vec<Wanted> {
    if !picture.services.is_listed(namespace) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for workload in workloads.iter().filter(|workload| workload.key.namespace == namespace) {
        let name = &workload.key.name;
        let key = ObjectKey::new(Kind::Service, namespace, name);
        if !workload.key.kind.is_workload() || !is_absent(picture, &key) || is_selected(picture, workload) {
            continue;
        }
        let callers = callers(workloads, &key);
        if let Some(caller) = callers.first() {
            let statement =
                format!("{caller} is told to call {name}, {} runs, and no service leads to it", workload.key);
            let source = workloads.iter().find(|one| one.key == *caller);
            let pod = source.and_then(|one| one.pods.first()).map_or(caller, |pod| &pod.key);
            let mut explains = callers.clone();
            explains.push(key.clone());
            found.push(Wanted {
                fact: picture.fact(pod, name, statement),
                key,
                certainty: Certainty::Shown,
                explains,
            });
        }
    }
    found
}

/// Whether a service of its namespace selects its pods.
fn is_selected(picture: &Picture, workload: &Workload<'_>) -> bool {
    let labels = workload.pod_labels();
    picture.services.in_namespace(&workload.key.namespace).any(|service| {
        let selector = service.object.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        selector.is_some_and(|selector| {
            !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        })
    })
}

/// Workloads whose environment names a service as a host.
fn callers(workloads: &[Workload<'_>], service: &ObjectKey) -> Vec<ObjectKey> {
    let names = |workload: &&Workload<'_>| {
        workload.key.namespace == service.namespace
            && workload.key.name != service.name
            && workload.spec().is_some_and(|spec| {
                let env = spec.containers.iter().flat_map(|container| container.env.iter().flatten());
                env.filter_map(|entry| entry.value.as_deref()).any(|value| is_host(value, &service.name))
            })
    };
    workloads.iter().filter(names).map(|workload| workload.key.clone()).collect()
}

/// Whether a value is an address on a host: `web:80`, `http://web/…`, `web.shop.svc:80`, or the bare name.
fn is_host(value: &str, host: &str) -> bool {
    let value = value.split_once("://").map_or(value, |(_, rest)| rest);
    let value = value.rsplit_once('@').map_or(value, |(_, rest)| rest);
    value.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '.']))
}

/// Claims that waiting pods mount and that do not exist, where the quota leaves little: nothing of the count, or less
/// storage than a volume that lies ready unclaimed.
fn mounted(
    picture: &Picture,
    workloads: &[Workload<'_>],
    namespace: &str,
    resource: &str,
    room: Quantity,
) -> Vec<Wanted> {
    if !leaves_little(picture, resource, room) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for workload in
        workloads.iter().filter(|workload| workload.key.namespace == namespace && workload.lacks_pods())
    {
        for name in claims_of(workload) {
            let key = ObjectKey::new(Kind::PersistentVolumeClaim, namespace, name);
            if is_absent(picture, &key) {
                let owner = workload.pods.first().map_or(&workload.key, |pod| &pod.key);
                let statement = format!("{} mounts claim {name}, which does not exist", workload.key);
                let fact = picture.fact(owner, name, statement);
                found.push(Wanted {
                    fact,
                    certainty: Certainty::Shown,
                    explains: vec![key.clone(), workload.key.clone()],
                    key,
                });
            }
        }
    }
    found
}

fn leaves_little(picture: &Picture, resource: &str, room: Quantity) -> bool {
    match resource {
        "requests.storage" => room <= Quantity::ZERO || unclaimed_above(picture, room),
        _ => room < Quantity::units(1),
    }
}

/// Whether a volume that nobody has claimed is larger than what the quota leaves: whoever made it wanted a claim of
/// about that size.
fn unclaimed_above(picture: &Picture, room: Quantity) -> bool {
    picture.volumes.iter().any(|volume| {
        let spec = volume.object.spec.as_ref();
        let phase = volume.object.status.as_ref().and_then(|status| status.phase.as_deref());
        let capacity = spec.and_then(|spec| spec.capacity.as_ref()?.get("storage"));
        phase == Some("Available")
            && spec.is_some_and(|spec| spec.claim_ref.is_none())
            && capacity
                .and_then(|capacity| Quantity::parse(&capacity.0))
                .is_some_and(|capacity| capacity > room)
    })
}

fn claims_of<'a>(workload: &Workload<'a>) -> Vec<&'a str> {
    let volumes = workload.spec().and_then(|spec| spec.volumes.as_deref()).unwrap_or_default();
    volumes
        .iter()
        .filter_map(|volume| Some(volume.persistent_volume_claim.as_ref()?.claim_name.as_str()))
        .collect()
}

fn mounters(workloads: &[Workload<'_>], claim: &ObjectKey) -> Vec<ObjectKey> {
    let mounts = |workload: &&Workload<'_>| {
        workload.key.namespace == claim.namespace && claims_of(workload).contains(&claim.name.as_str())
    };
    workloads.iter().filter(mounts).map(|workload| workload.key.clone()).collect()
}
