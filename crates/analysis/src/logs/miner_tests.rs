use proptest::prelude::*;

use super::mask::{HOLE, MaskLimits, mask_into};
use super::miner::{MinerOptions, OVERFLOW, TemplateMiner};

fn masked(body: &str) -> String {
    let mut out = String::new();
    mask_into(body, MaskLimits { line_bytes_max: 1_024, tokens_max: 160 }, &mut out);
    out.replace(HOLE, "<*>")
}

#[test]
fn values_are_masked_and_names_are_not() {
    let cases = [
        ("took 12ms for order 77", "took <*> for order <*>"),
        ("took 12 ms", "took <*>"),
        ("from 10.0.0.1:8080 to 10.0.0.2", "from <*> to <*>"),
        ("mac 02:5c:9e:10:aa:0f up", "mac <*> up"),
        ("at 2026-01-02T03:04:05.678Z now", "at <*> now"),
        ("on Tue Mar 03 11:22:33 2026 it", "on <*> it"),
        ("id 8f14e45f-ceea-167a-5a36-dedd4bea2543 ok", "id <*> ok"),
        ("addr 0x7ffe12 and 00ab12cd", "addr <*> and <*>"),
        ("utf8 over ssh2 by mod4_init()", "utf8 over ssh2 by mod4_init()"),
        ("piece part_-77110283 lost", "piece part_<*> lost"),
        ("key=5, name=\"ann\"", "key=<*>, name=\"ann\""),
        ("irqs 3 4 5 6", "irqs <*>"),
        ("2048 bytes (2.0 KB) sent", "<*> bytes sent"),
        ("lifetime <1 sec", "lifetime <*>"),
        ("retry may be needed", "retry may be needed"),
        ("first\nsecond", "first"),
        ("Traceback (most recent call last):\n  x\nKeyError: 3", "KeyError: <*>"),
        ("", ""),
    ];
    for (body, expected) in cases {
        assert_eq!(masked(body), expected, "{body}");
    }
}

fn templates(lines: &[&str]) -> Vec<String> {
    let mut miner = TemplateMiner::new(MinerOptions::default());
    let seen: Vec<_> = lines.iter().map(|line| miner.observe(line)).collect();
    miner.settle();
    seen.into_iter().map(|template| miner.template(template).to_owned()).collect()
}

#[test]
fn opposites_stay_apart_and_names_are_joined() {
    assert_eq!(
        templates(&["door opened by guard 3", "door closed by guard 4"]),
        ["door opened by guard <*>", "door closed by guard <*>"]
    );
    let joined = "session opened for user <*> today";
    assert_eq!(
        templates(&["session opened for user ann today", "session opened for user bob today"]),
        [joined; 2]
    );
    assert_eq!(
        templates(&["up", "down", "left", "right", "in", "out"]),
        ["up", "down", "left", "right", "in", "out"]
    );
}

#[test]
fn ids_depend_on_the_text_alone() {
    let (mut one, mut two) =
        (TemplateMiner::new(MinerOptions::default()), TemplateMiner::new(MinerOptions::default()));
    two.observe("something else entirely");
    let (a, b) = (one.observe("took 3 s"), two.observe("took 99 s"));
    assert_ne!(a, b);
    assert_eq!(one.id(a), two.id(b));
    assert_eq!(one.id(a), midwatch_model::content_hash(&["took <*>"]));
    assert_eq!(one.id(a).len(), 16);
}

#[test]
fn steady_messages_survive_a_flood_and_names_are_learnt_under_pressure() {
    let mut miner = TemplateMiner::new(MinerOptions { templates_max: 64, ..MinerOptions::default() });
    let letters = |number: u32| -> String {
        (0..5).map(|at| char::from(b'a' + (number / 26_u32.pow(at) % 26) as u8)).collect()
    };
    let mut greeted = Vec::new();
    let mut steady = Vec::new();
    for number in 0..3_000_u32 {
        greeted.push(miner.observe(&format!("welcome dear guest {} of ours", letters(number * 7_919))));
        let (a, b) = (letters(number * 104_729), letters(number.wrapping_mul(15_485_863) % 11_881_376));
        miner.observe(&format!("{a} {b} {a}{b}"));
        steady.push(miner.observe("the steady message"));
    }
    miner.settle();
    assert!(miner.len() <= 64);
    let text = |list: &[super::TemplateRef], at: usize| miner.template(list[at]).to_owned();
    assert_eq!(text(&steady, 2_999), "the steady message");
    assert_eq!(text(&greeted, 2_999), "welcome dear guest <*> of ours");
    let greeted_lines =
        greeted.iter().filter(|&&at| miner.template(at) == "welcome dear guest <*> of ours").count();
    assert_eq!(greeted_lines, 3_000);
    assert!(miner.overflow_lines() > 2_000);
}

fn line() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("user"),
        Just("took"),
        Just("ann"),
        Just("bob"),
        Just("cyd"),
        Just("dan"),
        Just("eve"),
        Just("42"),
        Just("7ms"),
        Just("/a/b"),
        Just("/a/c/d"),
        Just("x=1"),
        Just("10.0.0.1:80"),
        Just("(ok)"),
        Just("opened"),
    ];
    prop::collection::vec(word, 0..6).prop_map(|words| words.join(" "))
}

fn sorted_templates(
    miner: &mut TemplateMiner,
    lines: &[String],
    seen: Vec<super::TemplateRef>,
) -> Vec<(String, String)> {
    miner.settle();
    let mut pairs: Vec<(String, String)> =
        lines.iter().cloned().zip(seen.into_iter().map(|at| miner.template(at).to_owned())).collect();
    pairs.sort();
    pairs
}

proptest! {
    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..400), templates_max in 0_usize..20) {
        let mut miner = TemplateMiner::new(MinerOptions { templates_max, line_bytes_max: 300, tokens_max: 40 });
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for part in text.split('\n').chain([text.as_str()]) {
            let seen = miner.observe(part);
            prop_assert!(miner.template(seen).len() <= 3 * 300 + OVERFLOW.len());
        }
        miner.settle();
        super::parse_exception(&text);
        super::concepts_of(&text);
        super::telling_words(&text);
        super::peers_named(&text, &["svc-a", "b"]);
    }

    #[test]
    fn the_order_of_lines_and_of_merging_does_not_matter(
        mut lines in prop::collection::vec(line(), 0..60), at in 0_usize..60,
    ) {
        let mut whole = TemplateMiner::new(MinerOptions::default());
        let seen = lines.iter().map(|line| whole.observe(line)).collect();
        let expected = sorted_templates(&mut whole, &lines, seen);

        let (left, right) = lines.split_at(at.min(lines.len()));
        let (mut one, mut two) = (TemplateMiner::new(MinerOptions::default()), TemplateMiner::new(MinerOptions::default()));
        let in_one: Vec<_> = left.iter().map(|line| one.observe(line)).collect();
        let mut seen: Vec<_> = right.iter().map(|line| two.observe(line)).collect();
        let moved = two.merge(&one);
        seen.splice(0..0, in_one.into_iter().map(|at| moved[at.0 as usize]));
        let merged = sorted_templates(&mut two, &lines, seen);
        prop_assert_eq!(&merged, &expected);

        lines.reverse();
        let mut back = TemplateMiner::new(MinerOptions::default());
        let seen = lines.iter().map(|line| back.observe(line)).collect();
        prop_assert_eq!(sorted_templates(&mut back, &lines, seen), expected);
    }

    #[test]
    fn templates_are_bounded(lines in prop::collection::vec("[a-z]{1,6}( [a-z]{1,6}){0,4}", 0..300)) {
        let mut miner = TemplateMiner::new(MinerOptions { templates_max: 16, ..MinerOptions::default() });
        for line in &lines {
            miner.observe(line);
        }
        prop_assert!(miner.len() <= 16);
    }

    #[test]
    fn settling_twice_changes_nothing(lines in prop::collection::vec(line(), 0..60)) {
        let mut miner = TemplateMiner::new(MinerOptions::default());
        let seen: Vec<_> = lines.iter().map(|line| miner.observe(line)).collect();
        miner.settle();
        let once: Vec<String> = seen.iter().map(|&at| miner.template(at).to_owned()).collect();
        miner.settle();
        let twice: Vec<String> = seen.iter().map(|&at| miner.template(at).to_owned()).collect();
        prop_assert_eq!(once, twice);
    }
}
