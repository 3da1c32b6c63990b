//! Each mismatch found, and claims that only wait.

use super::faults;
use crate::capture::Capture;
use crate::context::Context;
use crate::picture::Picture;

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: shop, uid: p1, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s1, controller: true}]}
spec: {containers: [{name: db}], volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]}
status: {phase: Pending}
---
";

fn claim(spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data, namespace: shop, uid: c1}}\nspec: {{{spec}}}\nstatus: {{phase: Pending}}\n---\n"
    )
}

fn volume(name: &str, spec: &str, phase: &str) -> String {
    format!(
        "apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {name}, uid: v-{name}, labels: {{tier: slow}}}}\nspec: {{{spec}}}\nstatus: {{phase: {phase}}}\n---\n"
    )
}

fn class(name: &str, rest: &str) -> String {
    format!(
        "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {{name: {name}, uid: k1}}\n{rest}\n---\n"
    )
}

fn event(reason: &str, message: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Event\nmetadata: {{name: e1, namespace: shop}}\ntype: Warning\nreason: {reason}\n\
         involvedObject: {{kind: PersistentVolumeClaim, namespace: shop, name: data}}\ncount: 3\nmessage: {message}\n---\n"
    )
}

fn check(parts: &[&str], expected: &[&str]) {
    let mut capture = Capture::default();
    capture.push("kubectl get all -o yaml", parts.concat());
    let picture = Picture::read(capture, None);
    assert_eq!(picture.unread, []);
    let found: Vec<String> = faults(&picture, &Context::default())
        .iter()
        .map(|fault| {
            assert!(!fault.facts.is_empty());
            format!("{:?} {} {}", fault.standing, fault.kind, fault.object)
        })
        .collect();
    assert_eq!(found, expected);
}

const ASKS: &str = "accessModes: [ReadWriteOnce], resources: {requests: {storage: 5Gi}}";
const OFFERS: &str = "accessModes: [ReadWriteOnce], capacity: {storage: 5Gi}";

#[test]
fn the_volume_that_fits_but_for_one_thing_tells_what_is_wrong() {
    let fits = volume("v1", OFFERS, "Available");
    check(&[POD, &claim(ASKS), &fits], &[]);
    let small = volume("v1", "accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}", "Available");
    check(&[POD, &claim(ASKS), &small], &["Active claim_capacity StatefulSet shop/db"]);
    let many = claim("accessModes: [ReadWriteMany], resources: {requests: {storage: 5Gi}}");
    check(&[POD, &many, &fits], &["Active claim_access_mode StatefulSet shop/db"]);
    let classed = claim(&format!("storageClassName: fast, {ASKS}"));
    check(&[POD, &classed, &fits], &["Active claim_storage_class StatefulSet shop/db"]);
    let selecting = claim(&format!("selector: {{matchLabels: {{tier: fast}}}}, {ASKS}"));
    check(&[POD, &selecting, &fits], &["Active claim_selector StatefulSet shop/db"]);
    let taken = volume("v1", &format!("{OFFERS}, claimRef: {{namespace: shop, name: other}}"), "Bound");
    check(&[POD, &claim(ASKS), &taken], &["Active volume_taken StatefulSet shop/db"]);
    // Taken and too small: it is not the volume that was meant.
    let both = volume(
        "v0",
        "accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, claimRef: {namespace: shop, name: other}",
        "Bound",
    );
    check(&[POD, &many, &both, &fits], &["Active claim_access_mode StatefulSet shop/db"]);
    check(&[&claim(ASKS), &small], &["Latent claim_capacity PersistentVolumeClaim shop/data"]);
}

#[test]
fn provisioners_and_classes() {
    let classed = claim(&format!("storageClassName: fast, {ASKS}"));
    let dynamic = class("fast", "provisioner: disks.csi.io\nvolumeBindingMode: Immediate");
    let late = class("fast", "provisioner: disks.csi.io\nvolumeBindingMode: WaitForFirstConsumer");
    check(&[POD, &classed, &dynamic], &[]);
    check(&[POD, &classed, &late], &[]);
    let failed = event("ProvisioningFailed", "rpc error - quota of the project is used up");
    check(&[POD, &classed, &dynamic, &failed], &["Active provisioning_failed StatefulSet shop/db"]);
    let absent = event("ProvisioningFailed", "storageclass.storage.k8s.io \"fast\" not found");
    check(&[POD, &classed, &absent], &["Active claim_storage_class StatefulSet shop/db"]);
}

#[test]
fn a_claim_that_is_not_there() {
    let said = "apiVersion: v1\nkind: Event\nmetadata: {name: e2, namespace: shop}\ntype: Warning\nreason: FailedScheduling\n\
        involvedObject: {kind: Pod, namespace: shop, name: db-0}\nmessage: 'persistentvolumeclaim \"data\" not found'\n---\n";
    check(&[POD, said], &["Active claim_missing StatefulSet shop/db"]);
    check(&[POD], &[]);
    let full = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: small, namespace: shop, uid: q1}\n\
        status: {hard: {persistentvolumeclaims: '2'}, used: {persistentvolumeclaims: '2'}}\n---\n";
    check(&[POD, said, full], &[]);
    check(&[POD, said, &claim(ASKS), &volume("v1", OFFERS, "Available")], &[]);
}
