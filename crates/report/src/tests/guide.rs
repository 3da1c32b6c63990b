//! `docs/guide/report-json.md` names every key of a report, with its type, and no key that does not exist.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::sample::{VERDICTS, run_facts, with_verdict};
use crate::json_with_run;

const GUIDE: &str = include_str!("../../../../docs/guide/report-json.md");

/// Section → key → type, as the guide's tables say.
fn documented() -> BTreeMap<&'static str, BTreeMap<&'static str, &'static str>> {
    let mut sections: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    let mut section = "";
    for line in GUIDE.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title;
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, key, kind, _, meaning, _] = cells[..] else { continue };
        if let Some(key) = key.strip_prefix('`').and_then(|key| key.strip_suffix('`')) {
            assert!(!meaning.is_empty(), "{section}.{key} has no meaning");
            let before = sections.entry(section).or_default().insert(key, kind);
            assert_eq!(before, None, "{section}.{key} is there twice");
        }
    }
    sections
}

struct Walk {
    guide: BTreeMap<&'static str, BTreeMap<&'static str, &'static str>>,
    seen: BTreeSet<(String, String)>,
}

impl Walk {
    fn object(&mut self, section: &str, value: &Value) {
        let keys =
            self.guide.get(section).unwrap_or_else(|| panic!("the guide has no section {section}")).clone();
        let fields = value.as_object().unwrap_or_else(|| panic!("{section} is not an object: {value}"));
        for (key, value) in fields {
            let kind =
                keys.get(key.as_str()).unwrap_or_else(|| panic!("{section}.{key} is not in the guide"));
            self.seen.insert((section.to_owned(), key.clone()));
            self.typed(&format!("{section}.{key}"), kind.trim_end_matches(", optional"), value);
        }
        for (key, kind) in keys {
            let there = kind.ends_with(", optional") || fields.contains_key(key);
            assert!(there, "{section}.{key} is missing and the guide does not call it optional");
        }
    }

    fn typed(&mut self, path: &str, kind: &str, value: &Value) {
        if let Some(inner) = kind.strip_prefix("array of ") {
            let items = value.as_array().unwrap_or_else(|| panic!("{path} is not an array"));
            return items.iter().for_each(|item| self.typed(path, inner, item));
        }
        if let Some(inner) = kind.strip_prefix("map of ") {
            let fields = value.as_object().unwrap_or_else(|| panic!("{path} is not a map"));
            return fields.values().for_each(|item| self.typed(path, inner, item));
        }
        if let Some((section, anchor)) = kind.strip_prefix('[').and_then(|kind| kind.split_once("](#")) {
            assert_eq!(format!("{})", section.to_lowercase()), anchor, "{path} links elsewhere");
            return self.object(section, value);
        }
        let good = match kind {
            "string" => value.is_string(),
            "time" => value.as_str().is_some_and(|text| text.parse::<midwatch_model::Timestamp>().is_ok()),
            "number" => value.is_number(),
            "number or null" => value.is_number() || value.is_null(),
            "integer" => value.is_u64(),
            "boolean" => value.is_boolean(),
            _ => panic!("{path}: the guide's type {kind:?} is not known"),
        };
        assert!(good, "{path} is not a {kind}: {value}");
    }
}

#[test]
fn every_key_is_documented_and_every_documented_key_exists() {
    let mut walk = Walk { guide: documented(), seen: BTreeSet::new() };
    for kind in VERDICTS {
        let report: Value = serde_json::from_str(&json_with_run(&with_verdict(kind), &run_facts())).unwrap();
        walk.object("Report", &report);
    }
    let all = walk
        .guide
        .iter()
        .flat_map(|(section, keys)| keys.keys().map(|key| ((*section).to_owned(), (*key).to_owned())));
    let stale: Vec<(String, String)> = all.filter(|key| !walk.seen.contains(key)).collect();
    assert_eq!(stale, [], "documented, and in no report");
}

#[test]
fn an_unknown_key_is_noticed() {
    let mut walk = Walk { guide: documented(), seen: BTreeSet::new() };
    walk.guide.get_mut("Term").unwrap().remove("weight");
    let report: Value =
        serde_json::from_str(&json_with_run(&with_verdict(VERDICTS[0]), &run_facts())).unwrap();
    let noticed = std::panic::catch_unwind(move || walk.object("Report", &report));
    assert!(noticed.is_err());
}
