//! What rules without thought would blame: a suite they solve proves nothing.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// Rule and commit it blames (`None` for no commit), for the snapshot in `directory`.
pub(crate) fn baselines(directory: &Path) -> Result<[(&'static str, Option<String>); 4]> {
    let alert = read(directory, "alert.json")?;
    let deploys = read(directory, "context/deploys.json")?;
    let commits = read(directory, "context/commits.json")?;
    let fired = text(&alert, "fired_at");
    let service = text(&alert, "service");
    let before: Vec<&Value> =
        rows(&deploys).iter().filter(|deploy| text(deploy, "timestamp") <= fired).collect();
    let latest = |deploys: &[&Value]| {
        let last = deploys.iter().max_by_key(|deploy| text(deploy, "timestamp"))?;
        Some(text(last, "commit_sha").to_owned())
    };
    let own: Vec<&Value> =
        before.iter().copied().filter(|deploy| text(deploy, "service") == service).collect();
    let biggest = rows(&commits).iter().max_by_key(|commit| text(commit, "diff").len());
    Ok([
        ("latest deploy before the alert", latest(&before)),
        ("latest deploy of that service", latest(&own)),
        ("never a commit", None),
        ("biggest diff", biggest.map(|commit| text(commit, "sha").to_owned())),
    ])
}

fn read(directory: &Path, name: &str) -> Result<Value> {
    let path = directory.join(name);
    if !path.exists() {
        return Ok(Value::Null);
    }
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("{}: could not be read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}: not JSON", path.display()))
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_blame_what_they_say() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        std::fs::create_dir(directory.path().join("context")).unwrap();
        write("alert.json", r#"{"service": "svc-a", "fired_at": "2026-01-01T10:00:00Z"}"#);
        write(
            "context/deploys.json",
            r#"[{"timestamp": "2026-01-01T09:00:00Z", "service": "svc-a", "commit_sha": "one"},
                {"timestamp": "2026-01-01T09:30:00Z", "service": "svc-b", "commit_sha": "two"},
                {"timestamp": "2026-01-01T11:00:00Z", "service": "svc-a", "commit_sha": "late"}]"#,
        );
        write(
            "context/commits.json",
            r#"[{"sha": "one", "diff": null}, {"sha": "two", "diff": "-a"}, {"sha": "big", "diff": "-a\n+b"}]"#,
        );
        let blamed = baselines(directory.path()).unwrap().map(|(_, commit)| commit);
        let expected = [Some("two"), Some("one"), None, Some("big")];
        assert_eq!(blamed, expected.map(|commit| commit.map(str::to_owned)));
    }
}
