//! No text, however broken, stops a reader or takes it long.

use proptest::prelude::*;

use super::document::read_capture;
use crate::capture::Capture;
use crate::picture::Picture;

/// Commands that lead to every reader.
const COMMANDS: [&str; 14] = [
    "",
    "kubectl get pods -n a -o wide",
    "kubectl get all",
    "kubectl get events -A | tail",
    "kubectl get services -n a -o yaml",
    "kubectl describe pods -n a",
    "kubectl describe nodes",
    "kubectl describe cm x -n a",
    "kubectl describe ing,svc,netpol,hpa,quota,limits -n a",
    "kubectl describe sts,cj,pv,sc,ns",
    "kubectl top pods -n a --containers",
    "kubectl logs web-1 -n a",
    "ssh node-1 systemctl status kubelet",
    "nc -vz web.a 80",
];

/// Words that the readers look for, in any order and indentation.
fn lines() -> impl Strategy<Value = String> {
    let words = prop_oneof![
        Just("Name:".to_owned()),
        Just("Events:".to_owned()),
        Just("NAME   READY   STATUS   RESTARTS   AGE".to_owned()),
        Just("LAST SEEN   TYPE   REASON   OBJECT   MESSAGE".to_owned()),
        Just("Containers:\n  a:\n    State:  Terminated\n      Message:  x".to_owned()),
        Just("Conditions:\n  Type  Status".to_owned()),
        Just("Data\n====\nk:\n----".to_owned()),
        Just("Resource  Used  Hard".to_owned()),
        Just("Rules:\n  Host  Path  Backends".to_owned()),
        Just("    Liveness:  http-get http://:x/ delay=".to_owned()),
        Just("Annotations:  größe: 名\n".to_owned()),
        Just("Taints:  a=b:c".to_owned()),
        Just("Error from server (NotFound): pods \"".to_owned()),
        Just("1 (x9 over 99999999999999999999d)".to_owned()),
        "[ \\PC]{0,30}",
        "[a-zA-Z:/=,(<>). -]{0,30}",
    ];
    let line = (0..12_usize, words, "\\PC{0,20}")
        .prop_map(|(indent, word, rest)| format!("{}{word}  {rest}", " ".repeat(indent)));
    prop::collection::vec(line, 0..24).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_text_stops_a_reader(text in lines()) {
        let mut capture = Capture::default();
        for command in COMMANDS {
            capture.push(command, text.clone());
        }
        let documents = capture.documents.len();
        let picture = Picture::read(capture, None);
        for origin in picture.pods.iter().flat_map(|record| &record.origins) {
            prop_assert!((origin.document as usize) < documents);
            prop_assert!(text.is_char_boundary(origin.start as usize) && text.is_char_boundary(origin.end as usize));
        }
    }
}

#[test]
fn long_texts_take_linear_time() {
    let many = |line: &str| line.repeat(20_000);
    for text in [
        many("Name:\n"),
        many("Name:  a\n\n"),
        format!("Name:  a\nContainers:\n{}", many("  a:\n    State:  Terminated\n      Message:  x\n")),
        format!("Name:  a\nLabels:  a=b\n{}", many("         c=d\n")),
        format!("Name:  a\n\nData\n====\n{}", many("k:\n----\n")),
        format!("NAME   READY\n{}", many("a      1/1\n")),
        format!("LAST SEEN   TYPE   REASON   OBJECT   MESSAGE\n{}", many("continued\n")),
        format!(
            "Name:  a\n{}",
            (0..2000).map(|indent| format!("{}x:\n", " ".repeat(indent))).collect::<String>()
        ),
        "(".repeat(200_000),
        format!("Name:  a\nSelector:  {}", "a in (b,".repeat(50_000)),
        format!("NAME{}", "   A".repeat(50_000)),
    ] {
        for command in
            ["", "kubectl get pods", "kubectl events", "kubectl describe po", "kubectl describe cm"]
        {
            let mut capture = Capture::default();
            capture.push(command, text.clone());
            // What is quadratic does not come back from these in the time a test run has.
            let reading = read_capture(&capture);
            assert!(reading.partials.len() <= text.lines().count(), "{command}: {:?}", text.get(..60));
        }
    }
}
