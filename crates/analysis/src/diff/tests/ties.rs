//! What ties a diff to a symptom, and what does not.

use super::super::{Tie, TieKind, WeightedWord, frame_touches, parse_quantity, ties};
use super::reading;

fn tied(path: &str, text: &str, words: &[(&str, f64)], numbers: &[&str]) -> Vec<Tie> {
    let words: Vec<WeightedWord> = words
        .iter()
        .map(|(word, weight)| WeightedWord { word: (*word).to_owned(), weight: *weight })
        .collect();
    let numbers: Vec<_> = numbers.iter().map(|number| parse_quantity(number).unwrap()).collect();
    ties(&reading(path, text), &words, &numbers)
}

#[test]
fn an_identifier_ties_in_every_spelling_and_parts_tie_less() {
    let text = "-\tallocateBinSlots(order)\n+\treserve(order)\n";
    let exact = tied("a/b.go", text, &[("allocate_bin_slots", 1.0)], &[]);
    assert_eq!((exact[0].what.as_str(), exact[0].kind), ("allocateBinSlots", TieKind::Identifier));
    let part = tied("a/b.go", text, &[("bin_slots_total", 1.0)], &[]);
    assert!(!part.is_empty() && part[0].strength < exact[0].strength / 2.0, "{part:?} against {exact:?}");
    assert!(tied("a/b.go", text, &[("error", 1.0), ("request", 1.0), ("user", 1.0)], &[]).is_empty());
    let common = tied("a/b.go", text, &[("allocate_bin_slots", 0.1)], &[]);
    assert!(common[0].strength < exact[0].strength);
}

#[test]
fn a_table_in_both_ties() {
    let text = "+\tdb.Exec(\"INSERT INTO part_audit (id) VALUES ($1)\", id)\n";
    let got = tied("a/b.go", text, &[("part_audit", 1.0)], &[]);
    assert_eq!((got[0].what.as_str(), got[0].kind, got[0].strength), ("part_audit", TieKind::Sql, 1.0));
}

#[test]
fn a_changed_amount_that_telemetry_names_ties() {
    let text = "-\ttimeout := 5 * time.Second\n+\ttimeout := 300 * time.Millisecond\n";
    let got = tied("a/b.go", text, &[], &["300ms", "7s"]);
    assert_eq!(got.len(), 1);
    assert_eq!((got[0].kind, got[0].strength), (TieKind::Number, 0.9));
    assert!(tied("a/b.go", text, &[], &["300"]).is_empty());
}

#[test]
fn frames_and_paths_tie() {
    let text =
        "@@ -100,3 +100,2 @@ func (s *Store) Reserve(id string) error {\n \tx()\n-\tcheck(id)\n \ty()\n";
    let got = reading("pkg/bins/store.go", text);
    assert!(frame_touches(&got, "/src/app/pkg/bins/store.go", Some(104), ""));
    assert!(frame_touches(&got, "store.go", None, "bins.(*Store).Reserve"));
    assert!(!frame_touches(&got, "pkg/bins/store.go", Some(400), "Release"));
    assert!(!frame_touches(&got, "pkg/other/restore.go", Some(101), "Reserve"));
    assert!(frame_touches(&got, "", None, "Reserve"));
    let ties = tied("pkg/bins/store.go", text, &[("store.go:101", 0.8), ("pkg/bins/store.go", 0.5)], &[]);
    assert_eq!((ties[0].kind, ties[0].strength), (TieKind::Frame, 0.8));
}
