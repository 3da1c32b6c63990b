//! From what was read to the picture: parts of one object are merged, kinds get their types.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::merge::{differences, fill, merge, tidy};
use super::{DocumentText, Drift, Form, ListingState, Objects, Origin, Picture, Record, Unread};
use crate::capture::Capture;
use crate::kind::{Kind, ObjectKey};
use crate::read::{Left, Partial, Reading, read_capture, read_left};

/// Runs `$do!(field, Kind::X)` for every kind that has a field of its own.
macro_rules! each_kind {
    ($do:ident) => {
        $do!(pods, Kind::Pod);
        $do!(deployments, Kind::Deployment);
        $do!(replica_sets, Kind::ReplicaSet);
        $do!(stateful_sets, Kind::StatefulSet);
        $do!(daemon_sets, Kind::DaemonSet);
        $do!(jobs, Kind::Job);
        $do!(cron_jobs, Kind::CronJob);
        $do!(services, Kind::Service);
        $do!(endpoints, Kind::Endpoints);
        $do!(endpoint_slices, Kind::EndpointSlice);
        $do!(ingresses, Kind::Ingress);
        $do!(network_policies, Kind::NetworkPolicy);
        $do!(config_maps, Kind::ConfigMap);
        $do!(secrets, Kind::Secret);
        $do!(service_accounts, Kind::ServiceAccount);
        $do!(quotas, Kind::ResourceQuota);
        $do!(limit_ranges, Kind::LimitRange);
        $do!(claims, Kind::PersistentVolumeClaim);
        $do!(volumes, Kind::PersistentVolume);
        $do!(storage_classes, Kind::StorageClass);
        $do!(nodes, Kind::Node);
        $do!(namespaces, Kind::Namespace);
        $do!(autoscalers, Kind::HorizontalPodAutoscaler);
        $do!(disruption_budgets, Kind::PodDisruptionBudget);
        $do!(priority_classes, Kind::PriorityClass);
        $do!(mutating_webhooks, Kind::MutatingWebhookConfiguration);
        $do!(validating_webhooks, Kind::ValidatingWebhookConfiguration);
    };
}

impl Picture {
    /// Reads a capture. `taken_at` is when it was taken, where that is known; ages are counted back from it.
    /// Nothing is fatal: what could not be read is in [`Picture::unread`].
    pub fn read(capture: Capture, taken_at: Option<Timestamp>) -> Picture {
        let Reading {
            partials,
            left,
            events,
            logs,
            node_services,
            connections,
            usage,
            mut node_pods,
            listings,
            absent,
            troubles,
            unread,
        } = read_capture(&capture);
        node_pods.sort_by(|a, b| (&a.node, &a.namespace, &a.name).cmp(&(&b.node, &b.namespace, &b.name)));
        node_pods.dedup_by(|a, b| (&a.node, &a.namespace, &a.name) == (&b.node, &b.namespace, &b.name));
        let documents = capture
            .documents
            .into_iter()
            .map(|document| DocumentText { command: document.command, text: document.text })
            .collect();
        let mut picture = Picture {
            logs,
            node_services,
            connections,
            usage,
            node_pods,
            unread,
            troubles,
            documents,
            ..Picture::default()
        };
        picture.events = super::event::settle(events, taken_at, &mut picture.taken_at);
        for (index, event) in picture.events.iter().enumerate() {
            picture.events_by_object.entry(event.object.clone()).or_default().push(index);
        }

        let mut by_key: BTreeMap<(ObjectKey, String), (Vec<Partial>, Vec<Left>)> = BTreeMap::new();
        for partial in partials {
            by_key.entry((partial.key.clone(), partial.custom.clone())).or_default().0.push(partial);
        }
        for left in left {
            by_key.entry((left.key.clone(), left.custom.clone())).or_default().1.push(left);
        }
        let mut broken: BTreeMap<u32, Vec<(ObjectKey, String)>> = BTreeMap::new();
        for ((key, custom), (mut parts, left)) in by_key {
            for left in left {
                match read_left(&left, picture.part(left.origin)) {
                    Ok(read) => parts.extend(read),
                    Err(why) => {
                        broken.entry(left.origin.document).or_default().push((key.clone(), why));
                    }
                }
            }
            // Nearest to the API first; of equals the latest answer, for the state may have moved on.
            parts.sort_by_key(|part| (part.origin.form, Reverse(part.origin.document), part.origin.start));
            picture.place(key, custom, parts);
        }
        picture.note_broken(broken);
        for listing in listings {
            picture.note_listing(listing.kind, listing.namespace, listing.state);
        }
        for key in absent {
            picture.note_absent(&key);
        }
        picture.unread.sort();
        picture.unread.dedup();
        picture.drifts.sort();
        picture
    }

    /// Merges the parts of one object and puts it where its kind lives.
    fn place(&mut self, key: ObjectKey, custom: String, parts: Vec<Partial>) {
        let (files, live): (Vec<Partial>, Vec<Partial>) =
            parts.into_iter().partition(|part| part.origin.form == Form::Manifest);
        let origins: Vec<Origin> = live.iter().chain(&files).map(|part| part.origin).collect();
        let is_whole = live.iter().any(|part| part.origin.form == Form::Live);
        let mut row = BTreeMap::new();
        let mut value = Value::Null;
        let is_live = !live.is_empty();
        for part in live {
            for (title, cell) in part.row {
                row.entry(title).or_insert(cell);
            }
            merge(&mut value, part.value);
        }
        let mut declared = Value::Null;
        for file in files {
            if is_live {
                let source = self
                    .documents
                    .get(file.origin.document as usize)
                    .map_or("", |text| text.command.as_str());
                self.drifts.extend(differences(&value, &file.value).into_iter().map(
                    |(field, live, file)| Drift {
                        key: key.clone(),
                        field,
                        live,
                        file,
                        source: source.to_owned(),
                    },
                ));
            }
            merge(&mut declared, file.value);
        }
        if !declared.is_null() {
            if is_live && !is_whole {
                fill(key.kind, &mut value, &declared);
            }
            let record =
                Record { key: key.clone(), object: declared, row: BTreeMap::new(), origins: origins.clone() };
            self.declared.insert(key.clone(), record);
        }
        if is_live {
            self.latest = self.latest.max(super::clock::newest(&value));
            tidy(&mut value);
            self.insert(key, custom, value, row, origins);
        }
    }

    /// Items of lists that are there and cannot be read: counted for each list, and known not to be absent.
    fn note_broken(&mut self, broken: BTreeMap<u32, Vec<(ObjectKey, String)>>) {
        for (document, items) in broken {
            let Some((first, why)) = items.first() else { continue };
            let source = self.documents.get(document as usize).map_or("", |text| text.command.as_str());
            let why = match items.len() {
                1 => format!("{first} cannot be read: {why}"),
                count => format!("{count} items of the list cannot be read, {first} because of: {why}"),
            };
            self.unread.push(Unread { source: source.to_owned(), why });
            for (key, why) in items {
                self.note_unreadable(&key, why);
            }
        }
    }

    fn note_unreadable(&mut self, key: &ObjectKey, why: String) {
        let name = (key.namespace.clone(), key.name.clone());
        macro_rules! note {
            ($field:ident, $kind:pat) => {
                if matches!(key.kind, $kind) {
                    if !self.$field.records.contains_key(&name) {
                        self.$field.unreadable.insert(name, why);
                    }
                    return;
                }
            };
        }
        each_kind!(note);
    }

    fn insert(
        &mut self,
        key: ObjectKey,
        custom: String,
        value: Value,
        row: BTreeMap<String, String>,
        origins: Vec<Origin>,
    ) {
        macro_rules! insert {
            ($field:ident, $kind:pat) => {
                if matches!(key.kind, $kind) {
                    let source = origins.first().map_or("", |origin| {
                        self.documents.get(origin.document as usize).map_or("", |text| text.command.as_str())
                    });
                    let read = Record { key, object: value, row, origins: origins.clone() };
                    return put(&mut self.$field, read, source, &mut self.unread);
                }
            };
        }
        each_kind!(insert);
        self.others.insert((key.clone(), custom), Record { key, object: value, row, origins });
    }

    fn note_listing(&mut self, kind: Kind, namespace: String, state: ListingState) {
        macro_rules! note {
            ($field:ident, $kind:pat) => {
                if matches!(kind, $kind) {
                    let old = self.$field.listings.get(&namespace);
                    if matches!(old, None | Some(ListingState::Refused(_))) {
                        self.$field.listings.insert(namespace, state);
                    }
                    return;
                }
            };
        }
        each_kind!(note);
    }

    fn note_absent(&mut self, key: &ObjectKey) {
        macro_rules! note {
            ($field:ident, $kind:pat) => {
                if matches!(key.kind, $kind) {
                    self.$field.absent.insert((key.namespace.clone(), key.name.clone()));
                    return;
                }
            };
        }
        each_kind!(note);
    }

    /// Where an object was read, nearest to the API first.
    pub(crate) fn origins(&self, key: &ObjectKey) -> Vec<Origin> {
        let name = (key.namespace.clone(), key.name.clone());
        macro_rules! find {
            ($field:ident, $kind:pat) => {
                if matches!(key.kind, $kind)
                    && let Some(record) = self.$field.records.get(&name)
                {
                    return record.origins.clone();
                }
            };
        }
        each_kind!(find);
        let mut others =
            self.others.range((key.clone(), String::new())..).take_while(|((of, _), _)| of == key);
        let other = others.next().map(|(_, record)| record).or_else(|| self.declared.get(key));
        other.map(|record| record.origins.clone()).unwrap_or_default()
    }
}

/// Gives an object its type, or says why it has none.
fn put<T: DeserializeOwned>(
    objects: &mut Objects<T>,
    read: Record<Value>,
    source: &str,
    unread: &mut Vec<Unread>,
) {
    let Record { key, object, row, origins } = read;
    let name = (key.namespace.clone(), key.name.clone());
    match serde_json::from_value::<T>(object) {
        Ok(object) => {
            objects.records.insert(name, Record { key, object, row, origins });
        }
        Err(error) => {
            let why = format!("{key} has a field of the wrong type: {error}");
            unread.push(Unread { source: source.to_owned(), why: why.clone() });
            objects.unreadable.insert(name, why);
        }
    }
}
