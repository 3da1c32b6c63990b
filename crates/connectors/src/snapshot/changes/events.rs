//! One change as an object with free keys.

use midwatch_model::{Change, ChangeKind, Timestamp};
use serde_json::{Map, Value};

use super::super::keys::{flatten, pick, pick_text, plain, scalar_text, time_of};
use super::super::read::cut;
use super::super::scan::SnapshotFile;
use super::commits;

const TIME: [&str; 14] = [
    "timestamp",
    "at",
    "time",
    "ts",
    "when",
    "date",
    "datetime",
    "deployedat",
    "startedat",
    "createdat",
    "appliedat",
    "committedat",
    "authoredat",
    "start",
];
const ENTITY: [&str; 14] = [
    "service",
    "servicename",
    "entity",
    "component",
    "app",
    "application",
    "target",
    "resource",
    "workload",
    "deployment",
    "host",
    "node",
    "provider",
    "system",
];
const ACTOR: [&str; 8] = ["actor", "author", "user", "by", "deployedby", "changedby", "owner", "initiator"];
const SHA: [&str; 8] =
    ["commitsha", "commit", "sha", "revision", "gitsha", "headsha", "commithash", "gitcommit"];
const TITLE: [&str; 10] =
    ["title", "message", "summary", "description", "change", "event", "reason", "status", "text", "name"];
const TITLE_BYTES_MAX: usize = 600;

/// The changes one object stands for: as many as it names entities.
#[derive(Debug)]
pub(super) struct Decoded {
    /// The changes.
    pub(super) changes: Vec<Change>,
    /// Whether the time named no zone.
    pub(super) naive: bool,
}

/// The kind a word names, such as the value of `kind` or the key of a list.
pub(super) fn kind_named(word: &str) -> Option<ChangeKind> {
    let word = plain(word);
    let table: [(&[&str], ChangeKind); 7] = [
        (&["deploy", "release", "rollout", "rollback"], ChangeKind::Deploy),
        (&["commit", "merge"], ChangeKind::Commit),
        (&["flag", "featureflag", "toggle"], ChangeKind::Flag),
        (&["config", "setting", "secret"], ChangeKind::Config),
        (&["migration", "schema"], ChangeKind::Migration),
        (&["scal", "autoscal", "resize"], ChangeKind::Scaling),
        (
            &[
                "infra",
                "event",
                "node",
                "certificate",
                "maintenance",
                "failover",
                "incident",
                "status",
                "outage",
            ],
            ChangeKind::Infra,
        ),
    ];
    let starts = |names: &[&str]| names.iter().any(|name| word.starts_with(name));
    table.iter().find(|(names, _)| starts(names)).map(|(_, kind)| *kind)
}

/// The changes that `object` states; an error says what it lacks.
pub(super) fn decode(
    object: &Map<String, Value>,
    stated: Option<ChangeKind>,
    file: &SnapshotFile,
    line: u64,
) -> Result<Decoded, &'static str> {
    let time = TIME.iter().find_map(|name| time_of(pick(object, &[name])?.1));
    let time = time.ok_or("a change without a time that can be read")?;
    let at = Timestamp::from_nanosecond(i128::from(time.ns)).map_err(|_| "a change without a usable time")?;
    let own =
        pick_text(object, &["kind", "type", "category", "changetype"]).and_then(|word| kind_named(&word));
    // A file named for one sort of change holds that sort; events and unnamed files say it row by row.
    let kind = match stated {
        Some(kind) if kind != ChangeKind::Infra => kind,
        other => own.or(other).unwrap_or(ChangeKind::Infra),
    };
    let link = Some(format!("{}:{line}", file.relative));
    if kind == ChangeKind::Commit {
        let mut change = commits::decode(object, at).ok_or("a commit without a hash")?;
        change.link = link;
        return Ok(Decoded { changes: vec![change], naive: time.naive });
    }
    let sha = pick_text(object, &SHA);
    let entities = entities_of(object);
    let make = |entity: Option<String>| {
        let reference = reference_of(object, kind, sha.as_deref(), entity.as_deref());
        let title = title_of(object, kind, &reference, entity.as_deref());
        let mut change = super::new_change(kind, at, reference, title, entity);
        change.actor = pick_text(object, &ACTOR);
        change.commit_sha.clone_from(&sha);
        change.link.clone_from(&link);
        change
    };
    let changes = if entities.is_empty() {
        vec![make(None)]
    } else {
        entities.into_iter().map(|entity| make(Some(entity))).collect()
    };
    Ok(Decoded { changes, naive: time.naive })
}

fn entities_of(object: &Map<String, Value>) -> Vec<String> {
    if let Some(one) = pick_text(object, &ENTITY) {
        return vec![one];
    }
    let lists = ["services", "entities", "components", "targets", "service", "affected"];
    let Some((_, Value::Array(items))) = pick(object, &lists) else { return Vec::new() };
    items.iter().take(64).filter_map(scalar_text).filter(|name| !name.is_empty()).collect()
}

fn reference_of(
    object: &Map<String, Value>,
    kind: ChangeKind,
    sha: Option<&str>,
    entity: Option<&str>,
) -> String {
    let names: &[&str] = match kind {
        ChangeKind::Deploy => &["version", "release", "tag", "image", "imagetag", "build", "id"],
        ChangeKind::Flag => &["flag", "flagname", "feature", "key", "name", "toggle", "id"],
        ChangeKind::Config => &["key", "setting", "parameter", "configkey", "config", "path", "name", "id"],
        ChangeKind::Migration => &["migration", "version", "name", "file", "id"],
        _ => &["id", "name", "event", "reason", "kind", "type"],
    };
    let found = pick_text(object, names);
    let short_sha = sha.map(|sha| cut(sha, 12).to_owned());
    let found =
        found.or(short_sha).or_else(|| pick_text(object, &TITLE)).or_else(|| entity.map(str::to_owned));
    cut(&found.unwrap_or_else(|| kind.as_str().to_owned()), 200).to_owned()
}

/// One line: what the object says it is, from what to what, and the keys that have no place elsewhere.
fn title_of(object: &Map<String, Value>, kind: ChangeKind, reference: &str, entity: Option<&str>) -> String {
    let stated = pick_text(object, &TITLE).filter(|text| text != reference);
    let transition = {
        let from = pick_text(
            object,
            &["from", "old", "oldvalue", "before", "previous", "previousvalue", "fromversion"],
        );
        let to = pick_text(object, &["to", "new", "newvalue", "after", "value", "toversion"]);
        match (from, to) {
            (Some(from), Some(to)) => Some(format!("{from} → {to}")),
            (None, Some(to)) => Some(format!("→ {to}")),
            _ => None,
        }
    };
    let place = entity.map(|entity| format!(" of {entity}")).unwrap_or_default();
    let mut title = match (kind, stated) {
        (ChangeKind::Deploy, stated) => {
            let said = stated.map(|text| format!(": {text}")).unwrap_or_default();
            format!("deploy {reference}{place}{said}")
        }
        (ChangeKind::Flag, stated) => {
            let said =
                stated.or_else(|| transition.clone()).map(|text| format!(": {text}")).unwrap_or_default();
            format!("flag {reference}{place}{said}")
        }
        (ChangeKind::Config | ChangeKind::Migration | ChangeKind::Scaling, stated) => {
            let said = [transition.clone(), stated].into_iter().flatten().collect::<Vec<_>>().join("; ");
            let colon = if said.is_empty() { "" } else { ": " };
            format!("{} {reference}{place}{colon}{said}", kind.as_str())
        }
        (_, Some(stated)) => match transition {
            Some(transition) => format!("{stated} ({transition})"),
            None => stated,
        },
        (_, None) => format!("{reference}{place}"),
    };
    if !matches!(kind, ChangeKind::Deploy | ChangeKind::Flag) {
        for (key, value) in further(object, &title) {
            title.push_str(&format!("; {key}: {value}"));
        }
    }
    let one_line: Vec<&str> = title.split_whitespace().collect();
    cut(&one_line.join(" "), TITLE_BYTES_MAX).to_owned()
}

/// Keys without a place of their own whose values the title does not hold yet.
fn further(object: &Map<String, Value>, title: &str) -> Vec<(String, String)> {
    let known = |key: &str| {
        let plain = plain(key);
        let lists: [&[&str]; 4] = [&TIME, &ENTITY, &ACTOR, &["id", "link", "url"]];
        lists.iter().any(|names| names.contains(&plain.as_str()))
    };
    let mut fields = Vec::new();
    for (key, value) in object.iter().filter(|(key, _)| !known(key)) {
        flatten(key, value, &mut fields);
    }
    fields.retain(|(_, value)| !value.is_empty() && !title.contains(value.as_str()));
    fields.truncate(8);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::classify::FileKind;

    fn one(value: Value, stated: Option<ChangeKind>) -> Change {
        let file = SnapshotFile {
            path: "x".into(),
            relative: "x.json".into(),
            kind: FileKind::Changes(stated),
            bytes: 1,
        };
        decode(value.as_object().unwrap(), stated, &file, 3).unwrap().changes.remove(0)
    }

    #[test]
    fn a_deploy() {
        let change = one(
            serde_json::json!({"timestamp": "2026-06-18T14:00:00Z", "service": "svc-a", "commit_sha": "abc", "version": "v2"}),
            Some(ChangeKind::Deploy),
        );
        assert_eq!((change.kind, change.reference.as_str()), (ChangeKind::Deploy, "v2"));
        assert_eq!(change.entity.unwrap().name, "svc-a");
        assert_eq!(change.commit_sha.as_deref(), Some("abc"));
        assert_eq!((change.title.as_str(), change.link.as_deref()), ("deploy v2 of svc-a", Some("x.json:3")));
    }

    #[test]
    fn a_flag_a_setting_and_an_event() {
        let flag = serde_json::json!({"at": 1_781_795_160, "flag": "new_rail", "service": "svc-a", "change": "off->on", "actor": "ann"});
        let change = one(flag, Some(ChangeKind::Flag));
        assert_eq!(
            (change.title.as_str(), change.actor.as_deref()),
            ("flag new_rail of svc-a: off->on", Some("ann"))
        );
        let setting = serde_json::json!({"time": "2026-06-18 14:00:00", "key": "pool.size", "old": 10, "new": 2, "component": "svc-a"});
        let change = one(setting, Some(ChangeKind::Config));
        assert_eq!(change.title, "config pool.size of svc-a: 10 → 2");
        let event = serde_json::json!({"time": "2026-06-18T14:00:00Z", "entity": "node-1", "reason": "NodeNotReady", "zone": "z1"});
        let change = one(event, Some(ChangeKind::Infra));
        assert_eq!(
            (change.kind, change.title.as_str()),
            (ChangeKind::Infra, "NodeNotReady of node-1; zone: z1")
        );
        let typed =
            serde_json::json!({"time": "2026-06-18T14:00:00Z", "type": "deployment", "service": "svc-a"});
        assert_eq!(one(typed, Some(ChangeKind::Infra)).kind, ChangeKind::Deploy);
    }
}
