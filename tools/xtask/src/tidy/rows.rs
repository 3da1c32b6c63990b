//! Every dependency, connector and decision has its row or page.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use toml::Table;

use super::Problem;

/// Rows and pages that are missing.
pub(crate) fn check(root: &Path) -> Result<Vec<Problem>> {
    let mut problems = dependencies(root)?;
    problems.extend(connectors(root)?);
    problems.extend(decisions(root)?);
    Ok(problems)
}

/// Dependencies without a row, rows without a dependency, and those that bypass the workspace.
fn dependencies(root: &Path) -> Result<Vec<Problem>> {
    const PAGE: &str = "docs/dependencies.md";
    let read = |path: &str| fs::read_to_string(root.join(path)).with_context(|| path.to_owned());
    let workspace: Table = toml::from_str(&read("Cargo.toml")?).context("Cargo.toml")?;
    let declared = workspace.get("workspace").and_then(|table| table.get("dependencies")?.as_table());
    let ours = |name: &str| name.starts_with("midwatch-");
    let names: Vec<&str> =
        declared.into_iter().flatten().map(|(name, _)| name.as_str()).filter(|name| !ours(name)).collect();
    let mut problems = Vec::new();
    let page = read(PAGE).unwrap_or_default();
    let rows: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |").map(|(name, _)| name))
        .collect();
    for name in names.iter().filter(|name| !rows.contains(name)) {
        problems.push(Problem::new(PAGE, 0, format!("has no row for {name}: what for, runner-up, cost")));
    }
    for name in rows.iter().filter(|name| !names.contains(name)) {
        problems.push(Problem::new(PAGE, 0, format!("has a row for {name}, which is no dependency")));
    }
    let mut used = Vec::new();
    for manifest in manifests(root)? {
        let table: Table = toml::from_str(&read(&manifest)?).with_context(|| manifest.clone())?;
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in
                table.get(section).and_then(|section| section.as_table()).into_iter().flatten()
            {
                used.push(name.clone());
                if value.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                    let message =
                        format!("{name} is not taken from the workspace: `{name}.workspace = true`");
                    problems.push(Problem::new(&manifest, 0, message));
                }
            }
        }
    }
    for name in names.iter().filter(|name| !used.iter().any(|used| used == *name)) {
        problems.push(Problem::new("Cargo.toml", 0, format!("no crate uses {name}")));
    }
    Ok(problems)
}

/// Manifests of the crates and tools.
fn manifests(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for parent in ["crates", "tools"] {
        for entry in fs::read_dir(root.join(parent)).context(parent)? {
            let entry = entry?;
            if entry.path().join("Cargo.toml").exists() {
                found.push(format!("{parent}/{}/Cargo.toml", entry.file_name().to_string_lossy()));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Connector folders (those with a `SPEC`) without a page.
fn connectors(root: &Path) -> Result<Vec<Problem>> {
    const FOLDER: &str = "crates/connectors/src";
    let mut problems = Vec::new();
    for entry in fs::read_dir(root.join(FOLDER)).context(FOLDER)? {
        let entry = entry?;
        let has_spec = ["mod.rs", "spec.rs"].into_iter().any(|name| {
            fs::read_to_string(entry.path().join(name))
                .is_ok_and(|text| text.contains("pub static SPEC: Spec"))
        });
        if has_spec && !entry.path().join("README.md").exists() {
            let folder = format!("{FOLDER}/{}", entry.file_name().to_string_lossy());
            problems.push(Problem::new(
                folder,
                0,
                "has a SPEC and no README.md: set-up, permissions, limits, gaps",
            ));
        }
    }
    Ok(problems)
}

/// Decisions that the list of decisions does not link, and links to none.
fn decisions(root: &Path) -> Result<Vec<Problem>> {
    const LIST: &str = "docs/adr/README.md";
    let list = fs::read_to_string(root.join(LIST)).unwrap_or_default();
    let mut problems = Vec::new();
    let mut pages = Vec::new();
    for entry in fs::read_dir(root.join("docs/adr")).context("docs/adr")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") && name != "README.md" {
            pages.push(name);
        }
    }
    for page in pages.iter().filter(|page| !list.contains(&format!("({page})"))) {
        problems.push(Problem::new(LIST, 0, format!("does not list {page}")));
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_rows_and_pages_are_named() {
        let root = std::env::temp_dir().join(format!("midwatch-xtask-rows-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("Cargo.toml", "[workspace.dependencies]\none = \"1\"\ntwo = \"1\"\nmidwatch-a = \"1\"\n");
        write("crates/a/Cargo.toml", "[dependencies]\none = \"1\"\nmidwatch-b.workspace = true\n");
        write("tools/b/Cargo.toml", "[dependencies]\ntwo.workspace = true\n");
        write("docs/dependencies.md", "| `one` | x |\n| `three` | x |\n");
        write("docs/adr/README.md", "[0001](0001-a.md)\n");
        write("docs/adr/0001-a.md", "a");
        write("docs/adr/0002-b.md", "b");
        write("crates/connectors/src/acme/mod.rs", "pub static SPEC: Spec = Spec {};");
        write("crates/connectors/src/shared/mod.rs", "");
        let mut found: Vec<String> = check(&root).unwrap().iter().map(ToString::to_string).collect();
        fs::remove_dir_all(&root).unwrap();
        found.sort();
        assert_eq!(
            found,
            [
                "crates/a/Cargo.toml: one is not taken from the workspace: `one.workspace = true`",
                "crates/connectors/src/acme: has a SPEC and no README.md: set-up, permissions, limits, gaps",
                "docs/adr/README.md: does not list 0002-b.md",
                "docs/dependencies.md: has a row for three, which is no dependency",
                "docs/dependencies.md: has no row for two: what for, runner-up, cost",
            ]
        );
    }
}
