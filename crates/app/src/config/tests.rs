//! Configurations that can be used, and every way in which one cannot.

use super::*;
use crate::AppError;

fn environment(name: &str) -> Option<String> {
    match name {
        "TOKEN" => Some("hunter-22".to_owned()),
        "HOST" => Some("host".to_owned()),
        _ => None,
    }
}

fn read(text: &str) -> Result<Config, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("midwatch.toml");
    std::fs::write(&path, text).unwrap();
    read_config(&path, &environment).map_err(|error| match error {
        AppError::Config { mistakes } => {
            mistakes.iter().map(|mistake| format!("{}: {}", mistake.line, mistake.reason)).collect()
        }
        other => vec![other.to_string()],
    })
}

#[test]
fn sources_are_made_in_order_under_their_names() {
    let config = read(
        "[[source]]\nconnector = \"prometheus\"\nurl = \"http://${HOST}:9090\"\n\n\
         [[source]]\nconnector = \"prometheus\"\nname = \"staging\"\nurl = \"http://other\"\ntoken = \"${TOKEN}\"\n\
         selector = '{env=\"staging\"}'\ntimeout_s = 5\n",
    )
    .map_err(|mistakes| mistakes.join("\n"));
    let names: Vec<String> = match config {
        Ok(config) => config.sources.iter().map(|source| source.source.name().to_owned()).collect(),
        Err(mistakes) => panic!("{mistakes}"),
    };
    assert_eq!(names, ["prometheus", "staging"]);
}

#[test]
fn every_mistake_is_named_with_its_line() {
    let mistakes = |text: &str| read(text).err().unwrap_or_default();
    let table: [(&str, &[&str]); 10] = [
        ("[[source]]\nurl = \"http://h\"\n", &["1: this source has no `connector`; there are "]),
        (
            "[[source]]\nconnector = \"promethius\"\n",
            &["2: there is no connector \"promethius\"; there are "],
        ),
        ("[[source]]\nconnector = \"datadog\"\n", &["2: Datadog"]),
        (
            "\n[[source]]\nconnector = \"prometheus\"\n",
            &["2: source prometheus: url is missing: base address"],
        ),
        (
            "[[source]]\nconnector = \"prometheus\"\nurl = 5\n",
            &["1: source prometheus: url must be an address"],
        ),
        (
            "[[source]]\nconnector = \"prometheus\"\nurl = \"h\"\n",
            &["1: source prometheus: the address is none"],
        ),
        (
            "[[source]]\nconnector = \"prometheus\"\nurl = \"http://h\"\ntoken = \"${NONE}\"\ntimeout_s = -1\n",
            &["4: token: the environment has no variable NONE", "5: timeout_s must not be negative"],
        ),
        (
            "[[source]]\nconnector = \"prometheus\"\nurl = \"http://h\"\nselector = 'up'\n",
            &["1: source prometheus: selector"],
        ),
        (
            "[[source]]\nconnector = \"prometheus\"\nurl = \"http://h\"\n[[source]]\nconnector = \"prometheus\"\nurl = \"http://h\"\n",
            &["4: there is a source named \"prometheus\" already"],
        ),
        ("[[source]\n", &["1: "]),
    ];
    for (text, expected) in table {
        let found = mistakes(text);
        assert_eq!(found.len(), expected.len(), "{text}: {found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found} should start with {expected}");
        }
    }
    assert!(mistakes("sources = []\n")[0].contains("unknown field `sources`"));
}

#[test]
fn secrets_may_lie_in_files_and_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("token");
    std::fs::write(&secret, "hunter-22\n").unwrap();
    let text = |path: &std::path::Path| {
        format!(
            "[[source]]\nconnector = \"prometheus\"\nurl = \"http://h\"\ntoken_file = \"{}\"\n",
            path.display()
        )
    };
    assert!(read(&text(&secret)).is_ok());
    let missing = read(&text(&folder.path().join("none"))).err().unwrap_or_default();
    assert!(missing[0].starts_with("4: token_file: could not read "), "{missing:?}");
    // A mistake beside a secret does not show it.
    let wrong =
        "[[source]]\nconnector = \"prometheus\"\nurl = \"http://me:hunter-22@h?x\"\ntoken = \"hunter-22\"\n";
    let mistakes = read(wrong).err().unwrap_or_default().join("\n");
    assert!(!mistakes.is_empty() && !mistakes.contains("hunter-22"), "{mistakes}");
}

#[test]
fn the_file_that_somebody_chose_wins() {
    let chosen = std::path::Path::new("a.toml");
    let named = |name: &str| (name == "MIDWATCH_CONFIG").then(|| "b.toml".to_owned());
    assert_eq!(find_config(Some(chosen), &named), ConfigSought::Found("a.toml".into()));
    assert_eq!(find_config(None, &named), ConfigSought::Found("b.toml".into()));
    let home = |name: &str| (name == "HOME").then(|| "/nowhere".to_owned());
    let ConfigSought::Nowhere(places) = find_config(None, &home) else { panic!("found one") };
    assert!(places.iter().any(|place| place.ends_with(".config/midwatch/midwatch.toml")));
}
