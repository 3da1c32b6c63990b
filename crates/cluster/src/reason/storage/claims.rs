//! Claims that wait, and those that are not there.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PodSpec};

use super::matcher::{
    Match, Test, capacity_of, claimed_by, class_of, matches, mode_name, phase_of, phase_of_volume, size_of,
};
use crate::context::Context;
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Event, Fact, Picture, Record};
use crate::reason::admission::refuses_claim;
use crate::reason::scheduling::{is_waiting, refusal_of};
use crate::reason::workload::{Workload, workloads};
use crate::remedy;

/// How long an external provisioner may take before its silence is a sign, in seconds.
const PROVISIONING_S_MAX: i64 = 300;

/// Workloads by the claim they mount.
type Users<'w, 'a> = BTreeMap<(String, String), Vec<&'w Workload<'a>>>;

/// All faults of this subject.
pub(crate) fn faults(picture: &Picture, _context: &Context) -> Vec<Fault> {
    let workloads = workloads(picture);
    let mut users: Users<'_, '_> = BTreeMap::new();
    for workload in &workloads {
        for claim in claims_of(workload) {
            users.entry((workload.key.namespace.clone(), claim)).or_default().push(workload);
        }
    }
    let mut found = missing(picture, &users);
    for claim in picture.claims.iter().filter(|claim| phase_of(claim) == "Pending") {
        let of_claim = users.get(&(claim.key.namespace.clone(), claim.key.name.clone()));
        found.extend(pending(picture, claim, of_claim.map_or(&[], Vec::as_slice)));
    }
    found
}

/// Names of the claims that a workload's template and pods mount.
fn claims_of(workload: &Workload<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut take = |spec: &PodSpec| {
        for volume in spec.volumes.iter().flatten() {
            names.extend(volume.persistent_volume_claim.as_ref().map(|claim| claim.claim_name.clone()));
        }
    };
    if let Some(spec) = workload.template.and_then(|template| template.spec.as_ref()) {
        take(spec);
    }
    for pod in &workload.pods {
        if let Some(spec) = &pod.object.spec {
            take(spec);
        }
    }
    names
}

/// Claims that pods wait for and that do not exist.
fn missing(picture: &Picture, users: &Users<'_, '_>) -> Vec<Fault> {
    let mut found = Vec::new();
    for ((namespace, name), workloads) in users {
        let key = ObjectKey::new(Kind::PersistentVolumeClaim, namespace, name);
        let is_there = picture.claims.get(namespace, name).present().is_some();
        for workload in workloads {
            let waiting = workload.pods.iter().find(|pod| is_waiting(picture, pod));
            let Some(pod) = waiting.filter(|_| !is_there) else { continue };
            let needle = format!("persistentvolumeclaim \"{name}\" not found");
            let said = refusal_of(picture, pod).filter(|(message, _)| message.contains(&needle));
            let is_absent = picture.claims.get(namespace, name).is_absent();
            if said.is_none() && !is_absent {
                continue;
            }
            // A quota that keeps it out is then the cause, and this its effect.
            if refuses_claim(picture, &key) {
                continue;
            }
            let certainty = if said.is_some() { Certainty::Stated } else { Certainty::Shown };
            let statement = format!("{} mounts claim {name}, which does not exist", workload.key);
            let mut facts: Vec<Fact> = said.map(|(_, fact)| fact).into_iter().collect();
            facts.push(picture.fact(&pod.key, name, statement));
            found.push(Fault {
                kind: FaultKind::ClaimMissing,
                subject: name.clone(),
                object: workload.key.clone(),
                standing: Standing::Active,
                certainty,
                summary: format!(
                    "{} mounts claim {name}, which does not exist in namespace {namespace}",
                    workload.key
                ),
                facts,
                explains: vec![workload.key.clone()],
                neighbours: vec![FaultKind::QuotaExceeded],
                remedy: format!(
                    "Create claim {name} in namespace {namespace}, or correct claimName of {}: {}",
                    workload.key,
                    remedy::on("edit", &workload.key)
                ),
            });
        }
    }
    found
}

/// What is wrong with a claim that is not bound.
struct Why {
    kind: FaultKind,
    certainty: Certainty,
    /// As the end of a sentence about the claim.
    text: String,
    facts: Vec<Fact>,
    neighbours: Vec<FaultKind>,
    remedy: String,
}

fn pending(picture: &Picture, claim: &Record<PersistentVolumeClaim>, users: &[&Workload<'_>]) -> Vec<Fault> {
    let Some(why) = why(picture, claim, users) else { return Vec::new() };
    let lacking: Vec<&&Workload<'_>> = users.iter().filter(|workload| workload.lacks_pods()).collect();
    let fault = |object: &ObjectKey, standing, explains, mounted: &str| Fault {
        kind: why.kind,
        subject: claim.key.name.clone(),
        object: object.clone(),
        standing,
        certainty: why.certainty,
        summary: format!("claim {}{mounted} is not bound: {}", claim.key.name, why.text),
        facts: why.facts.clone(),
        explains,
        neighbours: why.neighbours.clone(),
        remedy: why.remedy.clone(),
    };
    if lacking.is_empty() {
        return vec![fault(&claim.key, Standing::Latent, Vec::new(), "")];
    }
    lacking
        .iter()
        .map(|workload| {
            let mounted = format!(", which {} mounts,", workload.key);
            fault(&workload.key, Standing::Active, vec![workload.key.clone()], &mounted)
        })
        .collect()
}

fn last<'a>(picture: &'a Picture, claim: &ObjectKey, reason: &str) -> Option<&'a Event> {
    let said = picture.events_of(claim).filter(|event| event.reason == reason);
    said.min_by_key(|event| event.last_s_ago.or(event.first_s_ago).unwrap_or(i64::MAX))
}

fn why(picture: &Picture, claim: &Record<PersistentVolumeClaim>, users: &[&Workload<'_>]) -> Option<Why> {
    let class = class_of(claim);
    let record = picture.storage_classes.get("", class).present();
    let provisioner = record.map_or("", |record| match record.object.provisioner.as_str() {
        "" => record.row.get("PROVISIONER").map_or("", String::as_str),
        provisioner => provisioner,
    });
    let binding = record.and_then(|record| {
        let mode = record.object.volume_binding_mode.as_deref();
        mode.or(record.row.get("VOLUMEBINDINGMODE").map(String::as_str))
    });
    if let Some(event) = last(picture, &claim.key, "ProvisioningFailed") {
        let is_class_missing = event.message.contains("storageclass") && event.message.contains("not found");
        if !is_class_missing {
            return Some(provisioning(picture, claim, event, Certainty::Stated));
        }
    }
    let is_waited_for = binding == Some("WaitForFirstConsumer")
        && !users.iter().flat_map(|workload| &workload.pods).any(|pod| {
            refusal_of(picture, pod)
                .is_some_and(|(message, _)| message.contains("persistent volumes to bind"))
        });
    if is_waited_for {
        return None;
    }
    let dynamic = !provisioner.is_empty() && provisioner != "kubernetes.io/no-provisioner";
    if dynamic {
        let event = last(picture, &claim.key, "ExternalProvisioning")?;
        let is_long = event.first_s_ago.is_some_and(|age| age > PROVISIONING_S_MAX);
        return is_long.then(|| provisioning(picture, claim, event, Certainty::Suspected));
    }
    let matches = matches(picture, claim);
    let Some(best) = matches.first() else { return no_volume(picture, claim, class) };
    if best.failing.is_empty() {
        return undecided(picture, claim, best);
    }
    Some(mismatch(picture, claim, best))
}

fn provisioning(
    picture: &Picture,
    claim: &Record<PersistentVolumeClaim>,
    event: &Event,
    certainty: Certainty,
) -> Why {
    let class = class_of(claim);
    let said: String = event.message.chars().take(200).collect();
    let statement = format!("{} waits for its provisioner", claim.key);
    Why {
        kind: FaultKind::ProvisioningFailed,
        certainty,
        text: format!("the provisioner of storage class {class} says: {said}"),
        facts: vec![picture.fact_at(event.origin, &event.reason, statement)],
        neighbours: vec![FaultKind::ClaimStorageClass],
        remedy: format!(
            "Mend what the provisioner complains of, {}, then it tries again",
            remedy::on("describe", &claim.key)
        ),
    }
}

/// There is no volume at all, so only a storage class could make one.
fn no_volume(picture: &Picture, claim: &Record<PersistentVolumeClaim>, class: &str) -> Option<Why> {
    let is_missing = !class.is_empty() && picture.storage_classes.get("", class).is_absent();
    let is_none = class.is_empty() && picture.volumes.is_listed("");
    let said =
        ["ProvisioningFailed", "FailedBinding"].iter().find_map(|reason| last(picture, &claim.key, reason));
    if !is_missing && !is_none && said.is_none() {
        return None;
    }
    let text = match class {
        "" => "it names no storage class, and there is no volume it could take".to_owned(),
        class => format!("storage class {class} does not exist, and there is no volume of it"),
    };
    Some(Why {
        kind: FaultKind::ClaimStorageClass,
        certainty: if is_missing { Certainty::Stated } else { Certainty::Shown },
        text,
        facts: binding_facts(picture, claim, said),
        neighbours: vec![FaultKind::ProvisioningFailed, FaultKind::ClaimCapacity],
        remedy: format!(
            "Name a storage class that exists, `kubectl get storageclass`, in claim {}, or make a volume for it",
            claim.key.name
        ),
    })
}

fn binding_facts(
    picture: &Picture,
    claim: &Record<PersistentVolumeClaim>,
    said: Option<&Event>,
) -> Vec<Fact> {
    match said {
        Some(event) => {
            let needle =
                event.message.split('"').next().filter(|text| text.len() > 8).unwrap_or(&event.reason);
            vec![picture.fact_at(event.origin, needle, format!("{} cannot be bound", claim.key))]
        }
        None => vec![picture.fact(&claim.key, "Pending", format!("{} is not bound", claim.key))],
    }
}

/// A volume passes every test that the captured part of the claim allows, and yet is not taken: what the claim asks
/// for was not captured.
fn undecided(picture: &Picture, claim: &Record<PersistentVolumeClaim>, best: &Match<'_>) -> Option<Why> {
    let said = last(picture, &claim.key, "FailedBinding")?;
    let spec = claim.object.spec.as_ref();
    let is_sized = size_of(&claim.object).is_some();
    if is_sized && spec.is_some_and(|spec| spec.access_modes.is_some()) {
        return None;
    }
    let is_labelled = best.volume.object.metadata.labels.as_ref().is_some_and(|labels| !labels.is_empty());
    // Labels on a volume are there for claims to choose by.
    let mut kinds = vec![FaultKind::ClaimCapacity, FaultKind::ClaimAccessMode];
    if is_labelled {
        kinds.insert(0, FaultKind::ClaimSelector);
    } else {
        kinds.push(FaultKind::ClaimSelector);
    }
    let kind = kinds.remove(0);
    let mut facts = binding_facts(picture, claim, Some(said));
    let statement = format!("{} is free and was not taken", best.volume.key);
    facts.push(picture.fact(&best.volume.key, &best.volume.key.name, statement));
    Some(Why {
        kind,
        certainty: Certainty::Suspected,
        text: format!(
            "{} is free and does not satisfy it, and what it asks for was not captured",
            best.volume.key
        ),
        facts,
        neighbours: kinds,
        remedy: format!(
            "Compare size, access modes and selector of claim {} with {}: {}",
            claim.key.name,
            best.volume.key,
            remedy::on("describe", &claim.key)
        ),
    })
}

fn mismatch(picture: &Picture, claim: &Record<PersistentVolumeClaim>, best: &Match<'_>) -> Why {
    let volume = best.volume;
    let name = &claim.key.name;
    let test = best.failing.first().copied().unwrap_or(Test::Free);
    let bytes = |value: Option<crate::quantity::Quantity>| value.unwrap_or_default().to_bytes_text();
    let modes = |modes: Option<&Vec<String>>| {
        modes.into_iter().flatten().map(|mode| mode_name(mode)).collect::<Vec<_>>().join(", ")
    };
    let asked = claim.object.spec.as_ref();
    let offered = volume.object.spec.as_ref();
    let class = class_of(claim);
    let (kind, text, remedy) = match test {
        Test::Capacity => (
            FaultKind::ClaimCapacity,
            format!(
                "it asks for {} and {} holds {}",
                bytes(size_of(&claim.object)),
                volume.key,
                bytes(capacity_of(&volume.object))
            ),
            format!(
                "Make a volume of at least {}, or make claim {name} again with a smaller request",
                bytes(size_of(&claim.object))
            ),
        ),
        Test::AccessMode => (
            FaultKind::ClaimAccessMode,
            format!(
                "it asks for {} and {} offers {}",
                modes(asked.and_then(|spec| spec.access_modes.as_ref())),
                volume.key,
                modes(offered.and_then(|spec| spec.access_modes.as_ref()))
            ),
            format!(
                "Make claim {name} again with an access mode that {} offers, or make a volume that offers it",
                volume.key
            ),
        ),
        Test::StorageClass => {
            let own = offered.and_then(|spec| spec.storage_class_name.as_deref()).unwrap_or("");
            let quoted = |class: &str| if class.is_empty() { "none".to_owned() } else { class.to_owned() };
            (
                FaultKind::ClaimStorageClass,
                format!(
                    "it wants storage class {} and {} is of class {}",
                    quoted(class),
                    volume.key,
                    quoted(own)
                ),
                format!(
                    "Make claim {name} again with storageClassName {}, or create class {}",
                    quoted(own),
                    quoted(class)
                ),
            )
        }
        Test::Selector | Test::VolumeMode => {
            let (kind, what) = match test {
                Test::Selector => (FaultKind::ClaimSelector, "the labels its selector wants"),
                _ => (FaultKind::ClaimAccessMode, "the volume mode it wants"),
            };
            (
                kind,
                format!("{} does not have {what}", volume.key),
                format!("Correct claim {name}, or {} to have {what}", volume.key),
            )
        }
        Test::Free => {
            let holder = claimed_by(volume)
                .map_or("another claim".to_owned(), |(space, name)| format!("claim {space}/{name}"));
            let state = phase_of_volume(volume).to_ascii_lowercase();
            let state = if state.is_empty() { "kept".to_owned() } else { state };
            (
                FaultKind::VolumeTaken,
                format!("{}, the volume that fits, is {state} ({holder})", volume.key),
                format!(
                    "Make another volume for claim {name}, or free {}: delete {holder} if nothing uses it, then remove the volume's claimRef",
                    volume.key
                ),
            )
        }
    };
    let said =
        ["ProvisioningFailed", "FailedBinding"].iter().find_map(|reason| last(picture, &claim.key, reason));
    let mut facts = binding_facts(picture, claim, said);
    facts.push(picture.fact(&volume.key, needle(test), format!("{}: {text}", claim.key)));
    let others = best.failing.iter().skip(1).chain(&[Test::Capacity, Test::AccessMode]);
    let mut neighbours: Vec<FaultKind> =
        others.map(|test| kind_of(*test)).filter(|other| *other != kind).collect();
    neighbours.dedup();
    let remedy = format!("{remedy}; see both: {} and {}", describe(&claim.key), describe(&volume.key));
    let certainty = if best.failing.len() == 1 { Certainty::Stated } else { Certainty::Shown };
    Why { kind, certainty, text, facts, neighbours, remedy }
}

fn describe(key: &ObjectKey) -> String {
    remedy::on("describe", key)
}

fn kind_of(test: Test) -> FaultKind {
    match test {
        Test::Capacity => FaultKind::ClaimCapacity,
        Test::AccessMode | Test::VolumeMode => FaultKind::ClaimAccessMode,
        Test::StorageClass => FaultKind::ClaimStorageClass,
        Test::Selector => FaultKind::ClaimSelector,
        Test::Free => FaultKind::VolumeTaken,
    }
}

/// The word under which descriptions and YAML print what a test looks at.
fn needle(test: Test) -> &'static str {
    match test {
        Test::Capacity => "apacity",
        Test::AccessMode => "ccess",
        Test::StorageClass => "torageClass",
        Test::Selector => "abels",
        Test::VolumeMode => "olumeMode",
        Test::Free => "laim",
    }
}
