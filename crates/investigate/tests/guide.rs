//! What `docs/guide/mechanisms.md` says is true: its example loads, and every word of the vocabulary is in it.

#![allow(clippy::panic)] // Helpers of tests, outside test functions.

use midwatch_analysis::diff::KINDS;
use midwatch_investigate::mechanisms::{
    ADDED_CONCEPTS, ChangePart, Mechanism, MechanismSet, Origin, Place, Prediction, Remedy, TestName,
};
use midwatch_model::{Direction, FindingKind, Measure};
use serde::de::DeserializeOwned;

const GUIDE: &str = include_str!("../../../docs/guide/mechanisms.md");

/// The names a type knows, out of serde's refusal of one it does not.
fn names<T: DeserializeOwned>(unknown: &str) -> Vec<String> {
    let refusal = match serde_json::from_str::<T>(unknown) {
        Ok(_) => panic!("{unknown} was accepted"),
        Err(error) => error.to_string(),
    };
    let (_, expected) = refusal.split_once("expected").unwrap_or_else(|| panic!("{refusal}"));
    let names: Vec<String> = expected.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    assert!(names.len() >= 2, "{refusal}");
    names
}

#[test]
fn the_worked_example_loads() {
    let (_, rest) = GUIDE.split_once("```toml\n").expect("an example in TOML");
    let (example, _) = rest.split_once("```").expect("the example's end");
    let set = MechanismSet::load(&[("licence.toml".to_owned(), example.to_owned())])
        .unwrap_or_else(|errors| panic!("{errors:#?}"));
    let mechanism = set.get("licence_seats_exhausted").expect("the example's mechanism");
    assert_eq!(set.file_of(&mechanism.id), Some("licence.toml"));
    let known: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
    assert!(mechanism.change.behaviours.iter().all(|behaviour| known.contains(&behaviour.as_str())));
}

#[test]
fn every_key_and_every_word_is_explained() {
    let key = r#"{"nonsense": 1}"#;
    let word = r#""nonsense""#;
    let mut wanted = Vec::new();
    wanted.extend(names::<Mechanism>(key));
    wanted.extend(names::<Prediction>(key));
    wanted.extend(names::<ChangePart>(key));
    wanted.extend(names::<Remedy>(key));
    wanted.extend(names::<Origin>(word));
    wanted.extend(names::<Place>(word));
    wanted.extend(names::<TestName>(word));
    wanted.extend(names::<Direction>(word));
    wanted.extend(names::<FindingKind>(word));
    wanted.extend(names::<Measure>(word));
    wanted.extend(KINDS.iter().map(|(kind, _)| (*kind).to_owned()));
    wanted.extend(midwatch_analysis::logs::concept_ids().map(str::to_owned));
    for (concept, when) in ADDED_CONCEPTS {
        assert!(
            GUIDE.contains(&format!("| `{concept}` | {when} |")),
            "no row in docs/guide/mechanisms.md: {concept}"
        );
    }
    let missing: Vec<&String> = wanted.iter().filter(|name| !GUIDE.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "not explained in docs/guide/mechanisms.md: {missing:?}");
}
