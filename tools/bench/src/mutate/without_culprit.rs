//! Without the guilty commit and the deploys that have it as head.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::edit_json;

pub(super) fn apply(directory: &Path, culprit: &str) -> Result<()> {
    edit_json(directory, "context/commits.json", |commits| drop_rows(commits, "sha", culprit))?;
    edit_json(directory, "context/deploys.json", |deploys| drop_rows(deploys, "commit_sha", culprit))
}

fn drop_rows(rows: &mut Value, key: &str, value: &str) {
    if let Some(rows) = rows.as_array_mut() {
        rows.retain(|row| row.get(key).and_then(Value::as_str) != Some(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_culprit_goes() {
        let directory = tempfile::tempdir().unwrap();
        let context = directory.path().join("context");
        std::fs::create_dir(&context).unwrap();
        std::fs::write(context.join("commits.json"), r#"[{"sha": "a"}, {"sha": "b"}]"#).unwrap();
        std::fs::write(context.join("deploys.json"), r#"[{"commit_sha": "b"}, {"commit_sha": "c"}]"#)
            .unwrap();
        apply(directory.path(), "b").unwrap();
        let read = |name: &str| -> Value {
            serde_json::from_str(&std::fs::read_to_string(context.join(name)).unwrap()).unwrap()
        };
        assert_eq!(read("commits.json"), serde_json::json!([{"sha": "a"}]));
        assert_eq!(read("deploys.json"), serde_json::json!([{"commit_sha": "c"}]));
    }
}
