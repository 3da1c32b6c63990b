//! A commit with its diff.

use midwatch_analysis::diff::split_unified;
use midwatch_model::{Change, ChangeKind, Commit, EntityId, EntityKind, FileDiff, Timestamp};
use serde_json::{Map, Value};

use super::super::keys::{pick, pick_text, scalar_text};
use super::super::read::cut;

/// Bytes kept of one commit's diff; the rest is left out and said so in its last line.
pub(super) const DIFF_BYTES_MAX: usize = 2 * 1024 * 1024;
const FILES_MAX: usize = 5_000;

/// The commit that `object` states; `None` without a hash.
pub(super) fn decode(object: &Map<String, Value>, at: Timestamp) -> Option<Change> {
    let sha = pick_text(object, &["sha", "commit", "commitsha", "hash", "id", "revision", "oid"])?;
    let message = pick_text(object, &["message", "commitmessage", "subject", "title"]).unwrap_or_default();
    let author =
        pick(object, &["author", "authorname", "committer", "user", "actor"]).and_then(|(_, author)| {
            scalar_text(author).or_else(|| scalar_text(author.get("name").or_else(|| author.get("login"))?))
        });
    let (mut files, mut diffs) = (Vec::new(), None);
    if let Some((_, Value::Array(items))) = pick(object, &["fileschanged", "files", "paths", "changedfiles"])
    {
        for item in items.iter().take(FILES_MAX) {
            if let Some(path) = scalar_text(item) {
                files.push(path);
            } else if let Some(path) =
                item.as_object().and_then(|item| pick_text(item, &["filename", "path", "name", "file"]))
            {
                if let Some(patch) = item.get("patch").or_else(|| item.get("diff")).and_then(Value::as_str) {
                    let text = bounded(patch);
                    diffs.get_or_insert_with(Vec::new).push(FileDiff { path: path.clone(), text });
                }
                files.push(path);
            }
        }
    }
    match pick(object, &["diff", "patch"]) {
        Some((_, Value::String(text))) => diffs = Some(split(text, &files)),
        Some((_, Value::Array(items))) => {
            let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            let of_object = |item: &Value| {
                let item = item.as_object()?;
                let path = pick_text(item, &["path", "filename", "file"]).unwrap_or_default();
                let text = pick(item, &["text", "patch", "diff"])?.1.as_str()?;
                Some(FileDiff { path, text: bounded(text) })
            };
            let mut all: Vec<FileDiff> = texts.iter().flat_map(|text| split(text, &files)).collect();
            all.extend(items.iter().filter_map(of_object));
            diffs = Some(all);
        }
        _ => {}
    }
    let commit = Commit { sha, author: author.unwrap_or_default(), message, files, diff: diffs };
    let mut change = change(at, commit);
    let repository = pick_text(object, &["repository", "repo", "repositoryname", "reponame"]);
    change.entity = repository.map(|name| EntityId::new(EntityKind::Repository, name));
    Some(change)
}

/// A commit as a change.
pub(super) fn change(at: Timestamp, commit: Commit) -> Change {
    let title = commit.message.lines().next().unwrap_or_default();
    let title = cut(title, 300).to_owned();
    let mut change = super::new_change(ChangeKind::Commit, at, commit.sha.clone(), title, None);
    change.actor = (!commit.author.is_empty()).then(|| commit.author.clone());
    change.commit_sha = Some(commit.sha.clone());
    change.commit = Some(commit);
    change
}

/// A diff by file. A fragment without a path gets the commit's only file, if it has just one.
pub(super) fn split(text: &str, files: &[String]) -> Vec<FileDiff> {
    let mut diffs = split_unified(&bounded(text));
    if let [only] = files {
        for diff in diffs.iter_mut().filter(|diff| diff.path.is_empty()) {
            diff.path.clone_from(only);
        }
    }
    diffs
}

fn bounded(text: &str) -> String {
    let kept = cut(text, DIFF_BYTES_MAX);
    if kept.len() == text.len() {
        return kept.to_owned();
    }
    format!("{kept}\n\\ {} more bytes of this diff were left out\n", text.len() - kept.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(value: Value) -> Commit {
        let object = value.as_object().unwrap().clone();
        decode(&object, Timestamp::UNIX_EPOCH).unwrap().commit.unwrap()
    }

    #[test]
    fn a_missing_diff_is_no_empty_diff() {
        let found = commit(
            serde_json::json!({"sha": "a", "message": "m\n\nbody", "files_changed": ["x.go"], "diff": null}),
        );
        assert_eq!((found.diff, found.files), (None, vec!["x.go".to_owned()]));
    }

    #[test]
    fn a_fragment_belongs_to_the_only_file() {
        let found = commit(
            serde_json::json!({"sha": "a", "files_changed": ["x.go"], "diff": "@@ func A() {\n-a\n+b"}),
        );
        let diff = found.diff.unwrap();
        assert_eq!((diff.len(), diff[0].path.as_str()), (1, "x.go"));
    }

    #[test]
    fn patches_by_file() {
        let found = commit(
            serde_json::json!({"sha": "a", "author": {"name": "ann"}, "files": [{"filename": "a.py", "patch": "@@ -1 +1 @@\n-a\n+b"}]}),
        );
        assert_eq!((found.author.as_str(), found.files.len()), ("ann", 1));
        assert_eq!(found.diff.unwrap()[0].path, "a.py");
    }
}
