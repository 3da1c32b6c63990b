//! Pods that controllers may not create, and why.

use std::collections::BTreeMap;

use super::quotas::{self, amount};
use super::words::{QuotaLine, Refusal, refusal};
use crate::context::Context;
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Event, Fact, Picture, Seen};
use crate::reason::workload::{Workload, controller, workloads};
use crate::remedy;

/// Most facts of one fault.
const FACTS_MAX: usize = 6;

/// All faults of this subject.
pub(crate) fn faults(picture: &Picture, _context: &Context) -> Vec<Fault> {
    let workloads = workloads(picture);
    let mut found: BTreeMap<(FaultKind, ObjectKey, String), Fault> = BTreeMap::new();
    for workload in &workloads {
        if !lacks_creation(picture, workload) {
            continue;
        }
        let said = said(picture, workload);
        if said.is_empty() {
            for fault in quotas::unsaid(picture, workload) {
                add(&mut found, fault);
            }
        }
        for (refusal, fact) in &said {
            if let Some(fault) = fault(picture, workload, refusal, fact.clone()) {
                add(&mut found, fault);
            }
        }
    }
    for fault in quotas::objects_refused(picture, &workloads) {
        add(&mut found, fault);
    }
    found.into_values().collect()
}

/// Several workloads that one object holds back make one fault.
fn add(found: &mut BTreeMap<(FaultKind, ObjectKey, String), Fault>, fault: Fault) {
    let key = (fault.kind, fault.object.clone(), fault.subject.clone());
    match found.get_mut(&key) {
        None => {
            found.insert(key, fault);
        }
        Some(kept) => {
            kept.explains.extend(fault.explains);
            kept.certainty = kept.certainty.max(fault.certainty);
            let room = FACTS_MAX.saturating_sub(kept.facts.len());
            let new: Vec<Fact> =
                fault.facts.into_iter().filter(|fact| !kept.facts.contains(fact)).take(room).collect();
            kept.facts.extend(new);
        }
    }
}

/// Whether its controller has made fewer pods than are wanted: `DESIRED` above `CURRENT`.
pub(super) fn lacks_creation(picture: &Picture, workload: &Workload<'_>) -> bool {
    let (namespace, name) = (workload.current.namespace.as_str(), workload.current.name.as_str());
    let (wanted, made) = match workload.current.kind {
        Kind::ReplicaSet => {
            let Some(record) = picture.replica_sets.get(namespace, name).present() else { return false };
            let made = record.object.status.as_ref().map(|status| status.replicas);
            (record.object.spec.replicas, made)
        }
        Kind::StatefulSet => {
            let Some(record) = picture.stateful_sets.get(namespace, name).present() else { return false };
            (workload.wanted, record.object.status.as_ref().map(|status| status.replicas))
        }
        Kind::DaemonSet => {
            let Some(record) = picture.daemon_sets.get(namespace, name).present() else { return false };
            (workload.wanted, record.object.status.as_ref().map(|status| status.current_number_scheduled))
        }
        Kind::Job => {
            let Some(record) = picture.jobs.get(namespace, name).present() else { return false };
            let status = record.object.status.as_ref();
            let done = status.is_some_and(|status| {
                status.completion_time.is_some()
                    || status.active.unwrap_or(0) > 0
                    || status.succeeded.unwrap_or(0) > 0
            });
            (Some(i32::from(!done)), Some(0))
        }
        _ => (workload.wanted, None),
    };
    let pods = workload
        .pods
        .iter()
        .filter(|pod| match controller(&pod.object.metadata) {
            Some((Kind::ReplicaSet, owner)) if workload.current.kind == Kind::ReplicaSet => owner == name,
            _ => true,
        })
        .count();
    let pods = i32::try_from(pods).unwrap_or(i32::MAX);
    let wanted = wanted.or(workload.wanted).unwrap_or(0);
    // Captures are not taken in one instant: a pod that is there was made, whatever an older count says.
    made.map_or(pods, |made| made.max(pods)) < wanted
}

/// Refusals that are still being said, the latest of each sort.
fn said(picture: &Picture, workload: &Workload<'_>) -> Vec<(Refusal, Fact)> {
    let mut keys = vec![&workload.current];
    if workload.key != workload.current {
        keys.push(&workload.key);
    }
    let mut events: Vec<(&Event, Refusal)> = keys
        .iter()
        .flat_map(|key| picture.events_of(key))
        .filter(|event| event.reason.starts_with("FailedCreate"))
        .filter_map(|event| Some((event, refusal(&event.message)?)))
        .collect();
    events.sort_by_key(|(event, _)| event.last_s_ago.or(event.first_s_ago).unwrap_or(i64::MAX));
    let mut found: Vec<(Refusal, Fact)> = Vec::new();
    for (event, refusal) in events {
        let sort = std::mem::discriminant(&refusal);
        if !found.iter().any(|(kept, _)| std::mem::discriminant(kept) == sort) {
            let statement = format!("pods of {} are refused ({} times)", workload.key, event.count);
            found.push((refusal, picture.fact_at(event.origin, quoted(&event.message), statement)));
        }
    }
    if found.is_empty() {
        found.extend(condition(picture, workload));
    }
    found
}

/// A part of the message that stands on its line whatever blanks were folded.
fn quoted(message: &str) -> &str {
    for words in [
        "exceeded quota",
        "failed quota",
        "serviceaccount \"",
        "PodSecurity",
        "webhook",
        "PriorityClass",
        " usage per ",
    ] {
        if let Some(at) = message.find(words) {
            return message.get(at..at + words.len()).unwrap_or(message);
        }
    }
    message
}

fn is(field: &Option<String>, word: &str) -> bool {
    field.as_deref() == Some(word)
}

/// What the condition `ReplicaFailure` of a deployment or a replica set says.
fn condition(picture: &Picture, workload: &Workload<'_>) -> Option<(Refusal, Fact)> {
    let deployment = picture.deployments.get(&workload.key.namespace, &workload.key.name).present();
    let deployed = deployment.filter(|_| workload.key.kind == Kind::Deployment).and_then(|record| {
        let conditions = record.object.status.as_ref()?.conditions.as_deref()?;
        let failure =
            conditions.iter().find(|one| is(&one.type_, "ReplicaFailure") && is(&one.status, "True"))?;
        Some((&record.key, failure.message.as_deref()?))
    });
    let said = deployed.or_else(|| {
        let record =
            picture.replica_sets.get(&workload.current.namespace, &workload.current.name).present()?;
        let conditions = record.object.status.as_ref()?.conditions.as_deref()?;
        let failure =
            conditions.iter().find(|one| is(&one.type_, "ReplicaFailure") && is(&one.status, "True"))?;
        Some((&record.key, failure.message.as_deref()?))
    });
    let (key, message) = said?;
    let refusal = refusal(message)?;
    Some((refusal, picture.fact(key, quoted(message), format!("{key} reports a replica failure: {message}"))))
}

/// The fault behind one refusal, unless what was refused would be accepted now.
fn fault(picture: &Picture, workload: &Workload<'_>, refusal: &Refusal, fact: Fact) -> Option<Fault> {
    let namespace = workload.key.namespace.as_str();
    let base = Fault {
        kind: FaultKind::QuotaExceeded,
        subject: String::new(),
        object: workload.key.clone(),
        standing: Standing::Active,
        certainty: Certainty::Stated,
        summary: String::new(),
        facts: vec![fact],
        explains: vec![workload.key.clone()],
        neighbours: Vec::new(),
        remedy: String::new(),
    };
    match refusal {
        Refusal::Account { name } => account(picture, workload, name, base),
        Refusal::Quota { quota, lines } => exceeded(picture, workload, quota, lines, base),
        Refusal::MustSpecify { quota, resource } => {
            if picture.quotas.get(namespace, quota).is_absent() {
                return None;
            }
            let object = ObjectKey::new(Kind::ResourceQuota, namespace, quota);
            Some(Fault {
                subject: resource.clone(),
                summary: format!(
                    "{object} demands that every container says its {resource}; {} does not",
                    workload.key
                ),
                remedy: format!(
                    "Set {resource} on every container of {}, or give the namespace a LimitRange with defaults: {}",
                    workload.key,
                    remedy::on("edit", &workload.key)
                ),
                neighbours: vec![FaultKind::LimitRangeRefused],
                object,
                ..base
            })
        }
        Refusal::LimitRange { resource, text } => {
            let mut ranges = picture.limit_ranges.in_namespace(namespace);
            let only = ranges.next().filter(|_| ranges.next().is_none());
            if only.is_none() && picture.limit_ranges.is_listed(namespace) && picture.limit_ranges.is_empty()
            {
                return None;
            }
            let object = only.map_or_else(|| workload.key.clone(), |record| record.key.clone());
            Some(Fault {
                kind: FaultKind::LimitRangeRefused,
                subject: resource.clone(),
                summary: format!(
                    "pods of {} are outside the limit range of namespace {namespace}: {text}",
                    workload.key
                ),
                remedy: format!(
                    "Bring the resources of {} inside the range, or widen {object}: {}",
                    workload.key,
                    remedy::on("edit", &workload.key)
                ),
                object,
                ..base
            })
        }
        Refusal::PodSecurity { level, text } => Some(Fault {
            kind: FaultKind::PodSecurityRefused,
            subject: level.clone(),
            summary: format!(
                "pod security level {level} of namespace {namespace} refuses pods of {}: {text}",
                workload.key
            ),
            remedy: format!(
                "Set the securityContext of {} as the level wants it: {}",
                workload.key,
                remedy::on("edit", &workload.key)
            ),
            ..base
        }),
        Refusal::PriorityClass { name } => {
            if picture.priority_classes.get("", name).present().is_some() {
                return None;
            }
            Some(Fault {
                kind: FaultKind::PriorityClassMissing,
                subject: name.clone(),
                summary: format!("{} names priority class {name}, which does not exist", workload.key),
                remedy: format!(
                    "Create PriorityClass {name} with the <VALUE> of its priority, {}, or correct priorityClassName of {}",
                    remedy::command(&["kubectl", "create", "priorityclass", name, "--value=<VALUE>"]),
                    workload.key
                ),
                ..base
            })
        }
        Refusal::WebhookDown { webhook, service, text } => {
            Some(webhook_down(picture, webhook, service.as_ref(), text, base))
        }
        Refusal::WebhookDenied { webhook, text } => {
            let object = webhook_key(picture, webhook);
            Some(Fault {
                kind: FaultKind::WebhookRefusing,
                subject: "denied".to_owned(),
                summary: format!("admission webhook {webhook} denies pods of {}: {text}", workload.key),
                remedy: format!(
                    "Change {} as the webhook's policy wants it, {}, or correct the policy of {object}",
                    workload.key,
                    remedy::on("edit", &workload.key)
                ),
                object,
                ..base
            })
        }
    }
}

fn account(picture: &Picture, workload: &Workload<'_>, name: &str, base: Fault) -> Option<Fault> {
    let namespace = workload.key.namespace.as_str();
    let accounts = &picture.service_accounts;
    let mut facts = base.facts;
    let certainty = match accounts.get(namespace, name) {
        // It came later than the first attempts: the controller tries again by itself.
        Seen::Present(_) => return None,
        Seen::NotFound | Seen::Empty => {
            let here: Vec<&str> =
                accounts.in_namespace(namespace).map(|record| record.key.name.as_str()).take(20).collect();
            facts.push(Fact {
                statement: format!(
                    "service account {name} does not exist in namespace {namespace}, which has: {}",
                    if here.is_empty() { "none".to_owned() } else { here.join(", ") }
                ),
                source: format!("service accounts of namespace {namespace}"),
                quote: String::new(),
            });
            Certainty::Stated
        }
        Seen::Unreadable(_) => Certainty::Shown,
    };
    Some(Fault {
        kind: FaultKind::ServiceAccountMissing,
        subject: name.to_owned(),
        certainty,
        facts,
        summary: format!(
            "{} runs as service account {name}, which does not exist in namespace {namespace}",
            workload.key
        ),
        remedy: format!(
            "Correct serviceAccountName of {}, or create it: {}",
            workload.key,
            remedy::kubectl(&workload.key, &["create", "serviceaccount", name])
        ),
        ..base
    })
}

fn exceeded(
    picture: &Picture,
    workload: &Workload<'_>,
    quota: &str,
    lines: &[QuotaLine],
    base: Fault,
) -> Option<Fault> {
    let namespace = workload.key.namespace.as_str();
    let object = ObjectKey::new(Kind::ResourceQuota, namespace, quota);
    let over: Vec<&QuotaLine> =
        lines.iter().filter(|line| line.used.plus(line.requested) > line.limited).collect();
    let over = if over.is_empty() { lines.iter().collect() } else { over };
    let mut facts = base.facts;
    match picture.quotas.get(namespace, quota) {
        Seen::NotFound | Seen::Empty => return None,
        Seen::Present(record) => {
            // Raised or freed since: the controller tries again by itself.
            let still = |line: &&QuotaLine| {
                let Some((used, hard)) = quotas::level(&record.object, &line.resource) else { return true };
                used.plus(line.requested) > hard || used == line.used
            };
            if !over.is_empty() && !over.iter().any(still) {
                return None;
            }
            if let Some(line) = over.first() {
                let statement = format!(
                    "{object} has {} of {} used",
                    amount(line.used, &line.resource),
                    amount(line.limited, &line.resource)
                );
                facts.push(picture.fact(&object, &line.resource, statement));
            }
        }
        Seen::Unreadable(_) => {}
    }
    let line = over.first();
    let subject = line.map_or(String::new(), |line| line.resource.clone());
    let arithmetic = line.map_or(String::new(), |line| {
        let of = |value| amount(value, &line.resource);
        format!(
            ": {} of {} {} used and each pod asks for {}",
            of(line.used),
            of(line.limited),
            line.resource,
            of(line.requested)
        )
    });
    Some(Fault {
        kind: FaultKind::QuotaExceeded,
        subject,
        facts,
        summary: format!("{object} leaves no room for pods of {}{arithmetic}", workload.key),
        remedy: format!(
            "Raise the quota, {}, or lower what is requested in the namespace",
            remedy::on("edit", &object)
        ),
        object,
        ..base
    })
}

fn webhook_down(
    picture: &Picture,
    webhook: &str,
    service: Option<&(String, String)>,
    text: &str,
    base: Fault,
) -> Fault {
    let configuration = webhook_key(picture, webhook);
    let object = service.filter(|(namespace, _)| !namespace.is_empty()).map_or_else(
        || configuration.clone(),
        |(namespace, name)| ObjectKey::new(Kind::Service, namespace, name),
    );
    let workload = base.object.clone();
    Fault {
        kind: FaultKind::WebhookRefusing,
        subject: "unanswered".to_owned(),
        summary: format!(
            "admission webhook {webhook} does not answer, so pods of {workload} cannot be made: {text}"
        ),
        remedy: format!(
            "Bring the backend of {configuration} up ({object}), or set its failurePolicy to Ignore until it is: {}",
            remedy::on("edit", &configuration)
        ),
        neighbours: vec![FaultKind::ServiceSelectorMismatch],
        object,
        ..base
    }
}

/// The configuration that holds a webhook of that name.
fn webhook_key(picture: &Picture, webhook: &str) -> ObjectKey {
    let validating = picture
        .validating_webhooks
        .iter()
        .find(|record| record.object.webhooks.iter().flatten().any(|one| one.name == webhook));
    let mutating = picture
        .mutating_webhooks
        .iter()
        .find(|record| record.object.webhooks.iter().flatten().any(|one| one.name == webhook));
    validating
        .map(|record| record.key.clone())
        .or_else(|| mutating.map(|record| record.key.clone()))
        .unwrap_or_else(|| ObjectKey::new(Kind::ValidatingWebhookConfiguration, "", webhook))
}
