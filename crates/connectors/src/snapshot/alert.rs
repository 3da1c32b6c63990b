//! What started the incident: every alert payload of the snapshot as one trigger.

use midwatch_model::Trigger;
use serde_json::Value;

use super::classify::FileKind;
use super::damage::DamageLog;
use super::read::{json_text_of, whole_file};
use super::records::short;
use super::scan::SnapshotFile;

/// Alerts kept.
const ALERTS_MAX: usize = 1_000;

/// The trigger that the alert files stand for, in file order; `None` when there is none that can be read.
pub(super) fn read(files: &[SnapshotFile], damage: &mut DamageLog) -> Option<Trigger> {
    let mut all: Option<Trigger> = None;
    for file in files.iter().filter(|file| file.kind == FileKind::Alert && file.bytes > 0) {
        let bytes = match whole_file(&file.path) {
            Ok(bytes) => bytes,
            Err(reason) => {
                damage.file(&file.relative, &reason);
                continue;
            }
        };
        for trigger in triggers_of(json_text_of(&bytes).0.as_bytes(), file, damage) {
            match &mut all {
                None => all = Some(trigger),
                Some(first) => {
                    first.alerts.extend(trigger.alerts);
                    first.now = first.now.max(trigger.now);
                    if first.format != trigger.format {
                        first.format = Some("several".to_owned());
                    }
                }
            }
        }
    }
    if let Some(trigger) = &mut all
        && trigger.alerts.len() > ALERTS_MAX
    {
        damage.note(format!("only the first {ALERTS_MAX} alerts were read"));
        trigger.alerts.truncate(ALERTS_MAX);
    }
    all
}

fn triggers_of(bytes: &[u8], file: &SnapshotFile, damage: &mut DamageLog) -> Vec<Trigger> {
    if let Some(trigger) = crate::decode_alert(bytes) {
        return vec![trigger];
    }
    let items = match serde_json::from_slice(bytes) {
        Ok(Value::Array(items)) => items,
        Ok(_) => {
            damage.file(&file.relative, "an alert payload of no known format");
            return Vec::new();
        }
        Err(error) => {
            damage.file(&file.relative, &format!("not readable as JSON: {}", short(&error)));
            return Vec::new();
        }
    };
    let mut triggers = Vec::new();
    for item in items.iter().take(ALERTS_MAX) {
        match crate::decode_alert(item.to_string().as_bytes()) {
            Some(trigger) => triggers.push(trigger),
            None => damage.file(&file.relative, "an alert payload of no known format"),
        }
    }
    triggers
}
