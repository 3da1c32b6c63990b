//! A connector's page: what its SPEC declares, then what its folder's README says.

use std::fmt::Write as _;

use midwatch_sources::{FieldKind, Spec};

/// The page of `spec` in Markdown.
pub fn connector_page(spec: &Spec) -> String {
    let mut lines = spec.page.trim_end().lines();
    let title = lines.next().unwrap_or_default();
    let mut page = format!("{title}\n\n");
    let signals: Vec<&str> = spec.signals.iter().map(|signal| signal.as_str()).collect();
    let _ = writeln!(
        page,
        "| | |\n|---|---|\n| id | `{}` |\n| level | {} |\n| signals | {} |",
        spec.id,
        spec.level.as_str(),
        signals.join(", ")
    );
    if !spec.permissions.is_empty() {
        let _ = writeln!(page, "| least permissions | {} |", spec.permissions.join("; "));
    }
    if !spec.reads.is_empty() {
        let reads: Vec<String> = spec.reads.iter().map(|read| format!("`{read}`")).collect();
        let _ = writeln!(page, "| all it ever does | {} |", reads.join(", "));
    }
    if spec.connect.is_some() {
        page.push_str("\n| setting | holds | |\n|---|---|---|\n");
        for field in spec.fields() {
            let needed = if field.required { " (required)" } else { "" };
            let file = if field.kind == FieldKind::Secret {
                format!("; or `{}_file`, a file that holds it", field.key)
            } else {
                String::new()
            };
            let _ = writeln!(
                page,
                "| `{}` | {}{file} | {}{needed} |",
                field.key,
                field.kind.describe(),
                field.help
            );
        }
    }
    for line in lines {
        // Links of the folder's README, seen from `docs/connectors/`.
        page.push_str(&line.replace("](../../../../", "](../../"));
        page.push('\n');
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors;

    /// `UPDATE_PAGES=1 cargo test -p midwatch-app pages` writes them.
    #[test]
    fn pages_in_the_documentation_are_those_of_the_connectors() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/connectors");
        let update = std::env::var_os("UPDATE_PAGES").is_some();
        let mut index =
            String::from("# Connectors\n\n| connector | level | asked | signals |\n|---|---|---|---|\n");
        for spec in connectors() {
            let signals: Vec<&str> = spec.signals.iter().map(|signal| signal.as_str()).collect();
            let asked = if spec.connect.is_some() { "live" } else { "sends alerts, or lies as files" };
            let _ = writeln!(
                index,
                "| [{}]({}.md) | {} | {asked} | {} |",
                spec.title,
                spec.id,
                spec.level.as_str(),
                signals.join(", ")
            );
            check(&folder.join(format!("{}.md", spec.id)), &connector_page(spec), update);
        }
        check(&folder.join("README.md"), &index, update);
        let pages = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(pages, connectors().len() + 1, "docs/connectors holds a page that is no connector's");
    }

    fn check(path: &std::path::Path, page: &str, update: bool) {
        if update {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, page).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == page,
            "{} is out of date: UPDATE_PAGES=1 cargo test -p midwatch-app pages",
            path.display()
        );
    }
}
