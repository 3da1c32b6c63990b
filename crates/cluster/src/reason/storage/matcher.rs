//! Which volume a claim could be bound to, and what keeps each from it.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};

use crate::picture::{Picture, Record};
use crate::quantity::Quantity;
use crate::reason::workload::selects;

/// What a volume must pass to be bound to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Test {
    Capacity,
    AccessMode,
    StorageClass,
    Selector,
    VolumeMode,
    /// Free: neither bound, nor reserved, nor left over from a claim that is gone.
    Free,
}

/// A volume with the tests it fails.
pub(super) struct Match<'a> {
    pub volume: &'a Record<PersistentVolume>,
    pub failing: Vec<Test>,
}

/// The phase of a claim, from its status or its row.
pub(super) fn phase_of(claim: &Record<PersistentVolumeClaim>) -> &str {
    let status = claim.object.status.as_ref().and_then(|status| status.phase.as_deref());
    status.or(claim.row.get("STATUS").map(String::as_str)).unwrap_or("")
}

/// The storage class a claim names; empty for none.
pub(super) fn class_of(claim: &Record<PersistentVolumeClaim>) -> &str {
    let annotated = || {
        let annotations = claim.object.metadata.annotations.as_ref()?;
        annotations.get("volume.beta.kubernetes.io/storage-class").map(String::as_str)
    };
    let named = claim.object.spec.as_ref().and_then(|spec| spec.storage_class_name.as_deref());
    named.or_else(annotated).unwrap_or("")
}

/// What a claim asks for, where that is known.
pub(super) fn size_of(claim: &PersistentVolumeClaim) -> Option<Quantity> {
    let requests = claim.spec.as_ref()?.resources.as_ref()?.requests.as_ref()?;
    Quantity::parse(&requests.get("storage")?.0)
}

/// What a volume holds.
pub(super) fn capacity_of(volume: &PersistentVolume) -> Option<Quantity> {
    Quantity::parse(&volume.spec.as_ref()?.capacity.as_ref()?.get("storage")?.0)
}

/// The claim a volume is bound to or kept for, as (namespace, name).
pub(super) fn claimed_by(volume: &Record<PersistentVolume>) -> Option<(String, String)> {
    if let Some(claim) = volume.object.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref()) {
        return Some((claim.namespace.clone().unwrap_or_default(), claim.name.clone().unwrap_or_default()));
    }
    let (namespace, name) = volume.row.get("CLAIM")?.split_once('/')?;
    Some((namespace.to_owned(), name.to_owned()))
}

/// The phase of a volume.
pub(super) fn phase_of_volume(volume: &Record<PersistentVolume>) -> &str {
    let status = volume.object.status.as_ref().and_then(|status| status.phase.as_deref());
    status.or(volume.row.get("STATUS").map(String::as_str)).unwrap_or("")
}

/// Every volume, that with the fewest failing tests first. Fields of the claim that were not captured fail nothing.
///
/// Source: `volume.FindMatchingVolume` and `checkVolumeSatisfyClaim` of the persistent volume controller.
pub(super) fn matches<'a>(picture: &'a Picture, claim: &Record<PersistentVolumeClaim>) -> Vec<Match<'a>> {
    let mut all: Vec<Match<'a>> =
        picture.volumes.iter().map(|volume| Match { volume, failing: failing(volume, claim) }).collect();
    // Of equals, a volume that lies ready is likelier the one that was meant than one in other hands.
    all.sort_by_key(|one| {
        let is_left_over =
            phase_of_volume(one.volume) == "Released" || phase_of_volume(one.volume) == "Failed";
        (one.failing.len(), one.failing.contains(&Test::Free), is_left_over, one.volume.key.name.clone())
    });
    all
}

fn failing(volume: &Record<PersistentVolume>, claim: &Record<PersistentVolumeClaim>) -> Vec<Test> {
    let asked = claim.object.spec.as_ref();
    let offered = volume.object.spec.as_ref();
    let mut failing = Vec::new();
    if let (Some(size), Some(capacity)) = (size_of(&claim.object), capacity_of(&volume.object))
        && size > capacity
    {
        failing.push(Test::Capacity);
    }
    let modes = asked.and_then(|spec| spec.access_modes.as_deref()).unwrap_or_default();
    let offers = offered.and_then(|spec| spec.access_modes.as_deref()).unwrap_or_default();
    if !offers.is_empty()
        && modes.iter().any(|mode| !offers.iter().any(|offer| mode_name(offer) == mode_name(mode)))
    {
        failing.push(Test::AccessMode);
    }
    let class = offered.and_then(|spec| spec.storage_class_name.as_deref());
    let class = class.or(volume.row.get("STORAGECLASS").map(String::as_str)).unwrap_or("");
    if class != class_of(claim) {
        failing.push(Test::StorageClass);
    }
    if let Some(selector) = asked.and_then(|spec| spec.selector.as_ref()) {
        let labels = volume.object.metadata.labels.clone().unwrap_or_default();
        if !selects(selector, &labels) {
            failing.push(Test::Selector);
        }
    }
    let mode = |mode: Option<&String>| mode.map_or("Filesystem", String::as_str).to_owned();
    if mode(asked.and_then(|spec| spec.volume_mode.as_ref()))
        != mode(offered.and_then(|spec| spec.volume_mode.as_ref()))
    {
        failing.push(Test::VolumeMode);
    }
    let own = (claim.key.namespace.clone(), claim.key.name.clone());
    let is_kept = claimed_by(volume).is_some_and(|other| other != own);
    let phase = phase_of_volume(volume);
    if is_kept || matches!(phase, "Bound" | "Released" | "Failed") {
        failing.push(Test::Free);
    }
    failing
}

/// The long name of an access mode: `RWO` and `ReadWriteOnce` are one.
pub(super) fn mode_name(mode: &str) -> &str {
    match mode {
        "RWO" => "ReadWriteOnce",
        "ROX" => "ReadOnlyMany",
        "RWX" => "ReadWriteMany",
        "RWOP" => "ReadWriteOncePod",
        mode => mode,
    }
}
