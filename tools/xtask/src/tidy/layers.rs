//! Dependencies point inward, and the pure crates stay pure.

use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};

use super::Problem;
use super::rust_text::without_tests;
use super::walk::TextFile;

/// Crate, and the crates of ours it may depend on. A crate without a row is a problem: the row comes first.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("analysis", &["model"]),
    ("cluster", &["model", "analysis"]),
    ("sources", &["model", "analysis"]),
    ("actions", &["model"]),
    ("connectors", &["model", "analysis", "cluster", "sources", "actions"]),
    ("llm", &["model"]),
    ("mcp", &["model", "sources"]),
    ("store", &["model"]),
    ("knowledge", &["model", "sources", "store"]),
    ("investigate", &["model", "analysis", "cluster", "sources", "llm"]),
    ("report", &["model"]),
    (
        "app",
        &[
            "model",
            "analysis",
            "cluster",
            "sources",
            "actions",
            "connectors",
            "llm",
            "mcp",
            "store",
            "knowledge",
            "investigate",
            "report",
        ],
    ),
    (
        "server",
        &[
            "model",
            "analysis",
            "cluster",
            "sources",
            "actions",
            "connectors",
            "llm",
            "mcp",
            "store",
            "knowledge",
            "investigate",
            "report",
            "app",
        ],
    ),
    ("cli", &["model", "report", "app", "server"]),
    ("sandbox", &["model", "sources"]),
];

/// Crate, and the crates of others it must not depend on.
const NEVER: &[(&str, &[&str])] = &[
    ("model", &["tokio", "reqwest", "rand", "futures-util"]),
    ("analysis", &["tokio", "reqwest", "rand", "futures-util", "jiff"]),
    ("cluster", &["tokio", "reqwest", "rand"]),
    ("report", &["tokio", "reqwest", "rand"]),
    ("investigate", &["reqwest", "rand", "axum"]),
    ("app", &["axum"]),
];

/// Crates that do no IO and read no clock, environment or randomness.
const PURE: &[&str] = &["model", "analysis", "cluster", "report", "investigate"];

/// The tool that crates may use in their tests.
const STAND_INS: &str = "tools/servers";

/// What gives impurity away.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "thread_rng",
    "std::thread",
];

/// Problems in the direction of dependencies, as cargo sees them.
pub(crate) fn check(root: &Path) -> Result<Vec<Problem>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .context("cargo metadata")?;
    // A dependency on one of ours is known by its folder: package names follow roles, not paths.
    let folder_of = |path: &str| {
        let relative = path.strip_prefix(root.to_str()?)?.trim_start_matches('/');
        Some(relative.trim_end_matches("/Cargo.toml").to_owned())
    };
    let mut problems = Vec::new();
    for package in &metadata.packages {
        let Some(folder) = folder_of(package.manifest_path.as_str()) else { continue };
        let mut ours = Vec::new();
        let mut others = Vec::new();
        for dependency in &package.dependencies {
            let is_for_tests = dependency.kind == DependencyKind::Development;
            match dependency.path.as_ref().and_then(|path| folder_of(path.as_str())) {
                // Stand-ins of other systems are tools, and what tests are run against.
                Some(folder) if is_for_tests && folder == STAND_INS => {}
                Some(folder) => ours.push(folder),
                None => others.push(dependency.name.clone()),
            }
        }
        problems.extend(judge(&folder, &ours, &others));
    }
    Ok(problems)
}

/// Problems of the crate in `folder`, which depends on `ours` (folders) and `others` (packages).
fn judge(folder: &str, ours: &[String], others: &[String]) -> Vec<Problem> {
    let file = format!("{folder}/Cargo.toml");
    let mut problems = Vec::new();
    for dependency in ours {
        if dependency.starts_with("tools/") {
            problems.push(Problem::new(&file, 0, format!("depends on {dependency}: tools are not shipped")));
        }
    }
    let Some(role) = folder.strip_prefix("crates/") else { return problems };
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == role) else {
        problems.push(Problem::new(
            &file,
            0,
            "has no row in the layer table (tools/xtask/src/tidy/layers.rs)",
        ));
        return problems;
    };
    for dependency in ours.iter().filter_map(|folder| folder.strip_prefix("crates/")) {
        if !allowed.contains(&dependency) {
            problems.push(Problem::new(
                &file,
                0,
                format!("{role} must not depend on {dependency}; it may on: {}", allowed.join(", ")),
            ));
        }
    }
    let never = NEVER.iter().find(|(name, _)| *name == role).map_or(&[][..], |(_, never)| never);
    for dependency in others.iter().filter(|name| never.contains(&name.as_str())) {
        problems.push(Problem::new(&file, 0, format!("{role} must never depend on {dependency}")));
    }
    problems
}

/// Places where a pure crate reaches for the world.
pub(crate) fn check_pure(files: &[TextFile]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        let Some(role) = PURE.iter().find(|role| file.path.starts_with(&format!("crates/{role}/src/")))
        else {
            continue;
        };
        if file.path.contains("/tests") {
            continue;
        }
        for (index, line) in without_tests(&file.text).lines().enumerate() {
            for word in IMPURE.iter().filter(|word| line.contains(*word)) {
                problems.push(Problem::new(
                    &file.path,
                    index + 1,
                    format!("{role} is pure, so {word} comes in as a value"),
                ));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_point_inward() {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let messages = |folder: &str, ours: &[&str], others: &[&str]| {
            judge(folder, &owned(ours), &owned(others))
                .into_iter()
                .map(|problem| problem.message)
                .collect::<Vec<_>>()
        };
        assert!(messages("crates/sources", &["crates/model", "crates/analysis"], &["tokio"]).is_empty());
        assert_eq!(
            messages("crates/analysis", &["crates/sources"], &["tokio"]),
            ["analysis must not depend on sources; it may on: model", "analysis must never depend on tokio"]
        );
        assert_eq!(messages("crates/novel", &[], &[]).len(), 1);
        assert_eq!(messages("crates/app", &["tools/bench"], &[]).len(), 1);
        assert!(messages("tools/bench", &["crates/app"], &[]).is_empty());
    }

    #[test]
    fn pure_crates_reach_for_nothing() {
        let file = |path: &str, text: &str| TextFile { path: path.into(), text: text.into() };
        let found = check_pure(&[
            file("crates/analysis/src/a.rs", "fn a() {}\nlet x = Instant::now();\n"),
            file("crates/analysis/src/b.rs", "#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n"),
            file("crates/app/src/a.rs", "use std::fs;"),
            file("crates/model/src/a.rs", "// SystemTime is not read here\n"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].file.as_str(), found[0].line), ("crates/analysis/src/a.rs", 2));
    }
}
