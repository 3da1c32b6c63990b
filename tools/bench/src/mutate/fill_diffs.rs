//! Every commit without a diff gets one that changes nothing: a comment, the order of imports, the name of a private
//! constant, as the type of its files allows. Otherwise having a diff at all would give the culprit away.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::edit_json;

pub(super) fn apply(directory: &Path) -> Result<()> {
    edit_json(directory, "context/commits.json", |commits| {
        for commit in commits.as_array_mut().into_iter().flatten() {
            if commit.get("diff").is_none_or(Value::is_null)
                && let Some(diff) = harmless(commit)
                && let Some(commit) = commit.as_object_mut()
            {
                commit.insert("diff".to_owned(), Value::String(diff));
            }
        }
    })
}

/// A unified diff of the commit's own files; `None` when it names none.
fn harmless(commit: &Value) -> Option<String> {
    let files: Vec<&str> =
        commit.get("files_changed")?.as_array()?.iter().filter_map(Value::as_str).collect();
    if files.is_empty() {
        return None;
    }
    // Which change it is depends on the commit, so that commits do not all look alike.
    let sha = commit.get("sha").and_then(Value::as_str).unwrap_or_default();
    let turn = sha.bytes().map(usize::from).sum::<usize>();
    Some(files.iter().enumerate().map(|(index, file)| of_file(file, turn + index)).collect())
}

fn of_file(path: &str, turn: usize) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let hunk = match extension {
        "go" => code(
            turn,
            "//",
            ["\t\"context\"", "\t\"fmt\""],
            ["const labelOld = \"v\"", "const label = \"v\""],
        ),
        "ts" | "tsx" | "js" | "jsx" => code(
            turn,
            "//",
            ["import { memo } from \"react\";", "import { clsx } from \"clsx\";"],
            ["const LABEL_OLD = \"v\";", "const LABEL = \"v\";"],
        ),
        "py" => code(turn, "#", ["import os", "import json"], ["_LABEL_OLD = \"v\"", "_LABEL = \"v\""]),
        "java" | "kt" | "cs" | "cpp" | "cc" | "c" | "h" | "rs" => comment("// ", ""),
        "css" | "scss" => comment("/* ", " */"),
        "html" | "xml" => comment("<!-- ", " -->"),
        "sql" => comment("-- ", ""),
        "mod" => comment("// ", ""),
        "md" | "txt" | "rst" | "sum" => prose(),
        "json" => layout(),
        _ => comment("# ", ""),
    };
    format!("diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n{hunk}")
}

fn code(turn: usize, mark: &str, imports: [&str; 2], constant: [&str; 2]) -> String {
    match turn % 3 {
        0 => comment(&format!("{mark} "), ""),
        1 => {
            let [first, second] = imports;
            format!("@@ -3,2 +3,2 @@\n-{first}\n {second}\n+{first}\n")
        }
        _ => format!("@@ -9 +9 @@\n-{}\n+{}\n", constant[0], constant[1]),
    }
}

fn comment(open: &str, close: &str) -> String {
    format!("@@ -1,2 +1,2 @@\n-{open}see the guide{close}\n+{open}See the guide.{close}\n")
}

fn prose() -> String {
    "@@ -4 +4 @@\n-See the guide\n+See the guide.\n".to_owned()
}

/// JSON has no comments: the same value, laid out in another way.
fn layout() -> String {
    "@@ -1,3 +1 @@\n-{\n-  \"version\": 1\n-}\n+{ \"version\": 1 }\n".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn diffs_are_filled_where_there_are_none() {
        let commit = json!({"sha": "a", "files_changed": ["pkg/a.go", "docs/b.md", "c.json", "Dockerfile"]});
        let diff = harmless(&commit).unwrap();
        for path in ["pkg/a.go", "docs/b.md", "c.json", "Dockerfile"] {
            assert!(diff.contains(&format!("+++ b/{path}\n@@")), "{diff}");
        }
        assert_eq!(harmless(&json!({"sha": "a", "files_changed": []})), None);
        assert_ne!(
            harmless(&json!({"sha": "a", "files_changed": ["a.go"]})),
            harmless(&json!({"sha": "b", "files_changed": ["a.go"]}))
        );
    }

    #[test]
    fn given_diffs_stay() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("context")).unwrap();
        let path = directory.path().join("context/commits.json");
        std::fs::write(&path, r#"[{"sha": "a", "diff": "-x", "files_changed": ["a.go"]}, {"sha": "b", "diff": null, "files_changed": ["b.py"]}]"#).unwrap();
        apply(directory.path()).unwrap();
        let commits: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(commits[0]["diff"], "-x");
        assert!(commits[1]["diff"].as_str().unwrap().contains("b/b.py"));
    }
}
