//! Unified diffs and loose fragments of them, as hunks of marked lines.
//!
//! Nothing here understands code. Text comes from outside: every length is capped, and a cut is reported.

use midwatch_model::FileDiff;

/// Longest line that is read, in bytes; the rest of the line is ignored.
pub(super) const LINE_BYTES_MAX: usize = 2_000;
/// Most lines read over all files of one diff.
pub(super) const LINES_MAX: usize = 30_000;
/// Most lines read of one file.
pub(super) const FILE_LINES_MAX: usize = 15_000;
/// Most files read of one diff.
pub(super) const FILES_MAX: usize = 2_000;

/// Which side of the diff a line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Added,
    Removed,
    Context,
}

/// One line with its mark taken off; line numbers are 0 when the hunk head gives none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) mark: Mark,
    pub(super) text: &'a str,
    pub(super) old_line: u32,
    pub(super) new_line: u32,
}

/// Lines that stand together, and what the hunk head says around them.
#[derive(Debug, Clone, Default)]
pub(super) struct Hunk<'a> {
    pub(super) heading: &'a str,
    pub(super) lines: Vec<Line<'a>>,
}

/// What happened to the file as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum FileChange {
    #[default]
    Modified,
    Created,
    Deleted,
    Binary,
}

/// One file of a diff.
#[derive(Debug, Clone, Default)]
pub(super) struct ParsedFile<'a> {
    pub(super) path: String,
    pub(super) change: FileChange,
    pub(super) hunks: Vec<Hunk<'a>>,
    pub(super) cut_lines: usize,
}

/// One [`FileDiff`] per file of a whole diff, in the order of the text.
///
/// Reads `git diff`, plain unified diffs (`---`/`+++`), subversion's `Index:` and loose fragments whose hunk heads
/// carry a path (`@@ path/to/file @@`). Text before the first head keeps an empty path. Never fails; at most 2,000
/// files are split off, the rest stays with the last one.
pub fn split_unified(text: &str) -> Vec<FileDiff> {
    split_with_default(text, "")
}

/// As [`split_unified`], where text before the first head belongs to `default_path`.
pub(super) fn split_with_default(text: &str, default_path: &str) -> Vec<FileDiff> {
    let mut files: Vec<FileDiff> = Vec::new();
    let mut current = FileDiff { path: default_path.to_owned(), text: String::new() };
    let mut in_head = false;
    let mut hunk = HunkCount::default();
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    for (index, line) in lines.iter().enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let next = lines.get(index + 1).copied().unwrap_or("");
        let after_next = lines.get(index + 2).copied().unwrap_or("");
        let in_hunk = hunk.inside() && !is_whole_head(line, next, after_next);
        let start = if in_hunk { None } else { file_start(line, next) };
        if let Some(path) = start {
            let room = files.len() + 1 < FILES_MAX;
            // `--- a/x` inside the head that `diff --git` opened belongs to the same file.
            let continues = in_head && line.starts_with("--- ");
            if room && !continues && !(current.text.is_empty() && current.path.is_empty()) {
                let same = !path.is_empty() && path == current.path && line.starts_with("@@");
                let unread = current.text.trim().is_empty() && current.path == default_path;
                if !same {
                    let done = std::mem::replace(&mut current, empty());
                    files.extend(Some(done).filter(|_| !unread));
                }
            }
            if room && !path.is_empty() {
                current.path = path;
            }
            in_head = !line.starts_with("@@");
            hunk = HunkCount::default();
        }
        if let Some(count) = HunkCount::of(line) {
            hunk = count;
            in_head = false;
        } else {
            hunk.take(line);
        }
        let named = line.strip_prefix("+++ ").map(clean_path).filter(|path| in_head && !path.is_empty());
        if let Some(path) = named {
            current.path = path;
        }
        current.text.push_str(line);
        current.text.push('\n');
    }
    if !current.text.trim().is_empty() || !current.path.is_empty() {
        files.push(current);
    }
    files
}

fn empty() -> FileDiff {
    FileDiff { path: String::new(), text: String::new() }
}

/// How many lines of each side a hunk still owes.
#[derive(Debug, Clone, Copy, Default)]
struct HunkCount {
    old: u32,
    new: u32,
}

impl HunkCount {
    fn of(line: &str) -> Option<HunkCount> {
        let (old, new) = hunk_numbers(line)?;
        Some(HunkCount { old: old.1, new: new.1 })
    }

    fn inside(self) -> bool {
        self.old > 0 || self.new > 0
    }

    fn take(&mut self, line: &str) {
        match line.as_bytes().first() {
            Some(b'+') => self.new = self.new.saturating_sub(1),
            Some(b'-') => self.old = self.old.saturating_sub(1),
            Some(b'\\') => {}
            Some(b' ') | None => {
                self.old = self.old.saturating_sub(1);
                self.new = self.new.saturating_sub(1);
            }
            // An unmarked line: the counts were wrong, stop believing them.
            Some(_) => *self = HunkCount::default(),
        }
    }
}

/// Whether a file's head stands here beyond doubt, even when the counts of the hunk before it promise more lines: diffs
/// that people or programs wrote by hand count wrongly.
fn is_whole_head(line: &str, next: &str, after_next: &str) -> bool {
    line.starts_with("diff --git ")
        || (line.starts_with("--- ") && next.starts_with("+++ ") && hunk_numbers(after_next).is_some())
}

/// The path that a line opens a new file with; empty when it opens one without naming it.
fn file_start(line: &str, next: &str) -> Option<String> {
    if let Some(rest) = line.strip_prefix("diff --git ") {
        let path =
            rest.rsplit_once(" b/").map_or_else(|| rest.split(' ').next_back().unwrap_or(""), |(_, b)| b);
        return Some(clean_path(path));
    }
    if let Some(rest) = line.strip_prefix("Index: ") {
        return Some(clean_path(rest));
    }
    if line.starts_with("--- ") && next.starts_with("+++ ") {
        let after = clean_path(next.trim_end_matches('\r').get(4..).unwrap_or(""));
        let before = clean_path(line.get(4..).unwrap_or(""));
        return Some(if after.is_empty() { before } else { after });
    }
    heading_path(line).map(str::to_owned)
}

/// The path in a loose hunk head: `@@ path @@` or `@@ path`.
fn heading_path(line: &str) -> Option<&str> {
    if hunk_numbers(line).is_some() {
        return None;
    }
    let heading = heading_of(line)?;
    let first = heading.split([' ', ':', '\t']).next().unwrap_or("");
    looks_like_path(first).then_some(first)
}

/// Whether a word is a file path rather than a function name.
pub(super) fn looks_like_path(word: &str) -> bool {
    if word.is_empty() || word.len() > 300 || word.contains(['(', ')', '{', '"', '<']) {
        return false;
    }
    let name = word.rsplit('/').next().unwrap_or(word);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let plain_extension = !extension.is_empty()
        && extension.len() <= 10
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && extension.bytes().any(|byte| byte.is_ascii_lowercase());
    let known_name = ["Dockerfile", "Makefile", "Gemfile", "Jenkinsfile", "Procfile", "Rakefile"];
    (word.contains('/') && !word.ends_with('/'))
        || known_name.contains(&name)
        || (plain_extension && super::path_class::is_known_extension(extension))
}

fn clean_path(raw: &str) -> String {
    let path = raw.split('\t').next().unwrap_or("").trim().trim_matches('"');
    if path == "/dev/null" {
        return String::new();
    }
    let path = path.strip_prefix("a/").or_else(|| path.strip_prefix("b/")).unwrap_or(path);
    cut(path, 300).to_owned()
}

/// Start and count of both sides of a numbered hunk head.
fn hunk_numbers(line: &str) -> Option<((u32, u32), (u32, u32))> {
    let rest = line.strip_prefix("@@ -")?;
    let mut parts = rest.splitn(3, ' ');
    let old = range(parts.next()?)?;
    let new = range(parts.next()?.strip_prefix('+')?)?;
    Some((old, new))
}

fn range(text: &str) -> Option<(u32, u32)> {
    match text.split_once(',') {
        Some((start, count)) => Some((start.parse().ok()?, count.parse().ok()?)),
        None => Some((text.parse().ok()?, 1)),
    }
}

/// What a hunk head says besides numbers: a function, a section or a path.
fn heading_of(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("@@")?;
    let rest = rest.trim_start_matches('@').trim();
    if rest.starts_with('-') {
        return Some(rest.split_once("@@").map_or("", |(_, tail)| tail.trim()));
    }
    Some(match rest.split_once("@@") {
        Some((head, tail)) if tail.trim().is_empty() => head.trim(),
        Some((head, tail)) if head.trim().is_empty() => tail.trim(),
        Some((head, _)) => head.trim(),
        None => rest,
    })
}

/// The hunks of one file. `budget` is how many lines may still be read; it is lowered by those that were.
pub(super) fn parse_file<'a>(diff: &'a FileDiff, budget: &mut usize) -> ParsedFile<'a> {
    let mut file = ParsedFile { path: cut(&diff.path, 300).to_owned(), ..ParsedFile::default() };
    let mut hunk = Hunk::default();
    let mut count = HunkCount::default();
    let (mut old_line, mut new_line) = (0_u32, 0_u32);
    let mut in_head = diff.text.starts_with("diff ") || diff.text.starts_with("Index: ");
    let mut lines = diff.text.split('\n').peekable();
    while let Some(raw) = lines.next() {
        let raw = raw.strip_suffix('\r').unwrap_or(raw);
        let next = lines.peek().copied().unwrap_or("");
        if !count.inside() && is_head_line(raw, next, in_head, &mut file) {
            in_head = true;
            continue;
        }
        if raw.starts_with("@@") && (!count.inside() || hunk_numbers(raw).is_some()) {
            in_head = false;
            push_hunk(&mut file.hunks, &mut hunk);
            hunk.heading = cut(heading_of(raw).unwrap_or(""), 200);
            count = HunkCount::of(raw).unwrap_or_default();
            (old_line, new_line) = hunk_numbers(raw).map_or((0, 0), |(old, new)| (old.0, new.0));
            if file.path.is_empty() {
                file.path = heading_path(raw).unwrap_or("").to_owned();
            }
            continue;
        }
        if raw.starts_with("\\ ") || (raw.is_empty() && lines.peek().is_none()) {
            continue;
        }
        in_head = false;
        if *budget == 0 {
            file.cut_lines += 1;
            continue;
        }
        *budget -= 1;
        count.take(raw);
        let (mark, text) = marked(raw);
        let line = Line { mark, text: cut(text, LINE_BYTES_MAX), old_line, new_line };
        if mark != Mark::Added && old_line > 0 {
            old_line = old_line.saturating_add(1);
        }
        if mark != Mark::Removed && new_line > 0 {
            new_line = new_line.saturating_add(1);
        }
        hunk.lines.push(line);
    }
    push_hunk(&mut file.hunks, &mut hunk);
    file
}

/// Whether a line belongs to the head of a file; what it says about the file is kept.
fn is_head_line(raw: &str, next: &str, in_head: bool, file: &mut ParsedFile<'_>) -> bool {
    if raw.starts_with("diff --git ") || raw.starts_with("Index: ") {
        return true;
    }
    if raw.starts_with("--- ") && next.starts_with("+++ ") {
        if raw.starts_with("--- /dev/null") {
            file.change = FileChange::Created;
        }
        if file.path.is_empty() {
            file.path = clean_path(next.get(4..).unwrap_or(""));
        }
        return true;
    }
    if raw.starts_with("Binary files ") || raw.starts_with("GIT binary patch") {
        file.change = FileChange::Binary;
        return true;
    }
    if !in_head {
        return false;
    }
    if raw.starts_with("new file") {
        file.change = FileChange::Created;
    } else if raw.starts_with("deleted file") || raw.starts_with("+++ /dev/null") {
        file.change = FileChange::Deleted;
    }
    let heads = [
        "+++ ",
        "index ",
        "new ",
        "deleted ",
        "old ",
        "rename ",
        "similarity ",
        "copy ",
        "====",
        "dissimilarity ",
    ];
    heads.iter().any(|head| raw.starts_with(head))
}

fn marked(raw: &str) -> (Mark, &str) {
    match raw.as_bytes().first() {
        Some(b'+') => (Mark::Added, raw.get(1..).unwrap_or("")),
        Some(b'-') => (Mark::Removed, raw.get(1..).unwrap_or("")),
        Some(b' ') => (Mark::Context, raw.get(1..).unwrap_or("")),
        _ => (Mark::Context, raw),
    }
}

fn push_hunk<'a>(hunks: &mut Vec<Hunk<'a>>, hunk: &mut Hunk<'a>) {
    let done = std::mem::take(hunk);
    if !done.lines.is_empty() || !done.heading.is_empty() {
        hunks.push(done);
    }
}

/// The start of `text`, at most `bytes_max` long and ending on a character.
pub(super) fn cut(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let mut end = bytes_max;
    while end > 0 && !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_diff_is_split_by_file() {
        let text = "diff --git a/x.go b/x.go\nindex 1..2\n--- a/x.go\n+++ b/x.go\n@@ -1,2 +1,2 @@ func A()\n a\n-b\n+c\n\
                    diff --git a/old.sql b/old.sql\ndeleted file mode 100644\n--- a/old.sql\n+++ /dev/null\n@@ -1 +0,0 @@\n--- gone\n";
        let files = split_unified(text);
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["x.go", "old.sql"]);
        let mut budget = LINES_MAX;
        let parsed = parse_file(&files[0], &mut budget);
        assert_eq!(parsed.hunks.len(), 1);
        assert_eq!(parsed.hunks[0].heading, "func A()");
        assert_eq!(parsed.hunks[0].lines[2].new_line, 2);
        let parsed = parse_file(&files[1], &mut budget);
        assert_eq!(parsed.change, FileChange::Deleted);
        assert_eq!(parsed.hunks[0].lines[0].text, "-- gone");
    }

    #[test]
    fn loose_fragments_are_split_by_the_paths_in_their_heads() {
        let files =
            split_unified("@@ pkg/a/a.go @@\n-x\n+y\n@@ pkg/a/a.go @@\n+z\n@@ go.mod @@\n-v1\r\n+v2\r\n");
        let got: Vec<(&str, usize)> =
            files.iter().map(|file| (file.path.as_str(), file.text.lines().count())).collect();
        assert_eq!(got, [("pkg/a/a.go", 5), ("go.mod", 3)]);
        let mut budget = LINES_MAX;
        assert_eq!(parse_file(&files[1], &mut budget).hunks[0].lines[0].text, "v1");
    }

    #[test]
    fn a_plain_unified_diff_needs_no_git_head() {
        let files = split_unified(
            "--- a/one.py\n+++ b/one.py\n@@ -1 +1 @@\n-a\n+b\n--- a/two.py\n+++ b/two.py\n@@ -1 +1 @@\n-c\n+d\n",
        );
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["one.py", "two.py"]);
    }

    #[test]
    fn a_head_ends_a_hunk_whose_count_was_wrong() {
        let text = "--- a/one.md\n+++ b/one.md\n@@ -1,9 +1,9 @@\n-a\n+b\n\
                    --- a/two.py\n+++ b/two.py\n@@ -1 +1 @@\n-c\n+d\n";
        let files = split_unified(text);
        let got: Vec<(&str, usize)> =
            files.iter().map(|file| (file.path.as_str(), file.text.lines().count())).collect();
        assert_eq!(got, [("one.md", 5), ("two.py", 5)]);
    }

    #[test]
    fn lines_beyond_the_budget_are_counted() {
        let diff = FileDiff { path: "a.go".into(), text: "+a\n+b\n+c\n".into() };
        let mut budget = 2;
        assert_eq!(parse_file(&diff, &mut budget).cut_lines, 1);
    }
}
