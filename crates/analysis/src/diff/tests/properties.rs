//! What must hold for any diff.

use proptest::prelude::*;

use super::super::{parse_quantity, read_diff, split_unified, ties};
use super::{FileDiff, reading};

const LINES: &[&str] = &[
    "mu.Lock()",
    "defer mu.Unlock()",
    "x := compute(a, b)",
    "if x == nil {",
    "\treturn err",
    "}",
    "rows, err := db.Query(q)",
    "for _, id := range ids {",
    "\titem := client.Get(id)",
    "timeout: 5 * time.Second,",
    "log.Info(\"done\")",
    "go run(ctx)",
    "cache.Set(key, v, 10*time.Minute)",
    "SELECT id FROM parts LIMIT 5",
];

const PATHS: &[&str] =
    &["a/b.go", "a/b.py", "a/b.ts", "a/b.rb", "a/b.rs", "deploy/a.yaml", "a/b.sql", "a/b.weird", ""];

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_lines_in_another_order_are_inert(picked in proptest::collection::vec(0..LINES.len(), 1..14), order in any::<u64>(), path in 0..5_usize) {
        let mut shuffled = picked.clone();
        let mut state = order | 1;
        for at in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(at, (state >> 33) as usize % (at + 1));
        }
        let mut text = String::new();
        for at in &picked { text.push_str(&format!("-{}\n", LINES[*at])); }
        for at in &shuffled { text.push_str(&format!("+{}\n", LINES[*at])); }
        let got = reading(PATHS[path], &text);
        prop_assert!(got.inert && got.behaviours.is_empty(), "{text}{got:#?}");
    }

    #[test]
    fn appending_comments_changes_nothing(picked in proptest::collection::vec((0..LINES.len(), 0..3_u8), 1..14), note in "[a-z' ()=0-9]{0,30}") {
        let mut text = String::new();
        for (at, mark) in &picked { text.push_str(&format!("{}{}\n", ['+', '-', ' '][*mark as usize], LINES[*at])); }
        let plain = reading("a/b.go", &text);
        let noted = reading("a/b.go", &format!("{text}+// {note}\n+/* {note} */\n"));
        prop_assert_eq!(plain.behaviours, noted.behaviours);
        prop_assert_eq!(plain.weight, noted.weight);
    }

    #[test]
    fn arbitrary_text_is_accepted(text in "[\\PC\\n\\t+ @`'\"/*#(){}-]{0,400}", path in 0..PATHS.len()) {
        let got = reading(PATHS[path], &text);
        prop_assert!(got.weight.is_finite() && got.weight >= 0.0);
        prop_assert!(got.behaviours.iter().all(|behaviour| behaviour.weight > 0.0 && behaviour.weight <= 1.0));
        let _ = parse_quantity(&text);
        let _ = ties(&got, &[], &[]);
        prop_assert_eq!(got, reading(PATHS[path], &text));
    }

    #[test]
    fn marked_noise_is_accepted(lines in proptest::collection::vec("[+ -][\\PC\\t\"'`(){}\\[\\]/*#=:.0-9a-z]{0,60}", 0..40), path in 0..PATHS.len()) {
        let got = reading(PATHS[path], &lines.join("\n"));
        prop_assert!(got.weight.is_finite());
    }

    #[test]
    fn splitting_keeps_every_line(lines in proptest::collection::vec("(@@ [a-z/]{0,6}[.]go @@|[+ -][a-z]{0,5}|--- a/x|[+][+][+] b/y|diff --git a/q b/q)", 0..20)) {
        let text = lines.join("\n");
        let kept: usize = split_unified(&text).iter().map(|file| file.text.lines().filter(|line| !line.trim().is_empty()).count()).sum();
        prop_assert_eq!(kept, text.lines().filter(|line| !line.trim().is_empty()).count());
    }
}

#[test]
fn hostile_sizes_are_bounded_and_said() {
    let long = "+".to_owned() + &"(a,b".repeat(250_000);
    let got = reading("a/b.go", &long);
    assert!(got.weight.is_finite());
    let many = "+x := compute(a)\n".repeat(70_000);
    let got = read_diff(&[FileDiff { path: "a/b.go".into(), text: many }]);
    assert!(got.truncated.as_deref().is_some_and(|note| note.contains("55000 lines")), "{:?}", got.truncated);
    let mut varied = String::new();
    for at in 0..60_000 {
        varied.push_str(&format!(
            "{}\tvalue{at} := client.Get(ctx, key{}, {at})\n",
            if at % 2 == 0 { '-' } else { '+' },
            at / 2
        ));
    }
    assert!(read_diff(&[FileDiff { path: "a/b.go".into(), text: varied }]).truncated.is_some());
}

#[test]
fn five_megabytes_are_read_within_bounds() {
    let mut text = String::new();
    for at in 0..60_000_usize {
        let mark = ['-', '+', ' ', '+'][at % 4];
        text.push_str(&format!(
            "{mark}\tresult{at} := svc.Compute(ctx, part{}, {at}*time.Second, \"key-{at}\") // step\n",
            at / 3
        ));
    }
    for file in 0..400 {
        text.push_str(&format!(
            "diff --git a/f{file}.py b/f{file}.py\n@@ -1,3 +1,3 @@\n a = 1\n-b = {file}\n+b = 2\n c\n"
        ));
    }
    let got = read_diff(&[FileDiff { path: "a/b.go".into(), text }]);
    assert!(got.behaviours.len() <= 200 && got.truncated.is_some());
}

#[test]
fn a_huge_generated_file_hides_nothing() {
    let huge = "+x := compute(a)\n".repeat(40_000);
    let files: Vec<FileDiff> =
        [("gen/a.pb.go", huge.clone()), ("tests/a.py", huge), ("a/b.go", "-\tmu.Lock()\n".to_owned())]
            .into_iter()
            .map(|(path, text)| FileDiff { path: path.to_owned(), text })
            .collect();
    assert!(read_diff(&files).behaviours.iter().any(|behaviour| behaviour.kind == "lock_removed"));
}
