//! What a file is for, told from its path.

/// What a changed file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PathClass {
    /// Program text.
    Code,
    /// Tests and their data.
    Test,
    /// Documents for people.
    Docs,
    /// Style sheets and pictures.
    Style,
    /// Markup and templates.
    Markup,
    /// Settings, manifests of deployments and infrastructure.
    Config,
    /// Lists of dependencies.
    Dependencies,
    /// Resolved versions that a tool wrote.
    LockFile,
    /// Migrations and schemas.
    Migration,
    /// Build and delivery.
    Build,
    /// Written by a tool.
    Generated,
}

/// How comments and statements of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// `//` and `/* */`.
    Slash,
    /// `#`, with triple-quoted strings.
    Python,
    /// `#`.
    Hash,
    /// `//`, `/* */` and `#`.
    SlashHash,
    /// `--` and `/* */`.
    Sql,
    /// `<!-- -->`.
    Markup,
    /// `#` and indentation.
    Yaml,
    /// No comments at all.
    Json,
    /// Unknown: `//` and `#` at the start of a line.
    Unknown,
}

const EXTENSIONS: &[(&str, Syntax)] = &[
    ("go", Syntax::Slash),
    ("java", Syntax::Slash),
    ("kt", Syntax::Slash),
    ("kts", Syntax::Slash),
    ("scala", Syntax::Slash),
    ("groovy", Syntax::Slash),
    ("gradle", Syntax::Slash),
    ("js", Syntax::Slash),
    ("mjs", Syntax::Slash),
    ("cjs", Syntax::Slash),
    ("jsx", Syntax::Slash),
    ("ts", Syntax::Slash),
    ("tsx", Syntax::Slash),
    ("rs", Syntax::Slash),
    ("cs", Syntax::Slash),
    ("c", Syntax::Slash),
    ("h", Syntax::Slash),
    ("cc", Syntax::Slash),
    ("cpp", Syntax::Slash),
    ("hpp", Syntax::Slash),
    ("swift", Syntax::Slash),
    ("dart", Syntax::Slash),
    ("proto", Syntax::Slash),
    ("mod", Syntax::Slash),
    ("sum", Syntax::Slash),
    ("css", Syntax::Slash),
    ("scss", Syntax::Slash),
    ("less", Syntax::Slash),
    ("php", Syntax::SlashHash),
    ("tf", Syntax::SlashHash),
    ("tfvars", Syntax::SlashHash),
    ("hcl", Syntax::SlashHash),
    ("py", Syntax::Python),
    ("pyi", Syntax::Python),
    ("rb", Syntax::Hash),
    ("rake", Syntax::Hash),
    ("gemspec", Syntax::Hash),
    ("ex", Syntax::Hash),
    ("exs", Syntax::Hash),
    ("sh", Syntax::Hash),
    ("bash", Syntax::Hash),
    ("pl", Syntax::Hash),
    ("toml", Syntax::Hash),
    ("ini", Syntax::Hash),
    ("cfg", Syntax::Hash),
    ("conf", Syntax::Hash),
    ("cnf", Syntax::Hash),
    ("properties", Syntax::Hash),
    ("env", Syntax::Hash),
    ("graphql", Syntax::Hash),
    ("yaml", Syntax::Yaml),
    ("yml", Syntax::Yaml),
    ("json", Syntax::Json),
    ("sql", Syntax::Sql),
    ("lua", Syntax::Sql),
    ("html", Syntax::Markup),
    ("htm", Syntax::Markup),
    ("xml", Syntax::Markup),
    ("svg", Syntax::Markup),
    ("vue", Syntax::Slash),
    ("svelte", Syntax::Slash),
    ("md", Syntax::Markup),
    ("mdx", Syntax::Markup),
    ("rst", Syntax::Markup),
    ("txt", Syntax::Hash),
    ("lock", Syntax::Hash),
    ("erb", Syntax::Markup),
    ("tmpl", Syntax::Markup),
    ("hbs", Syntax::Markup),
    ("csproj", Syntax::Markup),
];

/// Whether a file name's ending is one of a text file we know.
pub(super) fn is_known_extension(extension: &str) -> bool {
    EXTENSIONS.iter().any(|(known, _)| known.eq_ignore_ascii_case(extension))
}

/// The comment syntax of a path.
pub(super) fn syntax_of(path: &str) -> Syntax {
    let name = file_name(path);
    if name.starts_with("Dockerfile")
        || name.ends_with("Dockerfile")
        || name == "Makefile"
        || name.starts_with(".env")
    {
        return Syntax::Hash;
    }
    if matches!(name, "Gemfile" | "Rakefile" | "Procfile" | "CODEOWNERS" | "Pipfile") {
        return Syntax::Hash;
    }
    let extension = extension_of(name);
    EXTENSIONS.iter().find(|(known, _)| *known == extension).map_or(Syntax::Unknown, |(_, syntax)| *syntax)
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn extension_of(name: &str) -> String {
    name.rsplit_once('.').map_or(String::new(), |(_, extension)| extension.to_ascii_lowercase())
}

/// What the file at `path` is for. An unknown ending counts as code, so that nothing is overlooked.
pub fn path_class(path: &str) -> PathClass {
    let lower = path.to_ascii_lowercase().replace('\\', "/");
    let name = file_name(&lower);
    let extension = extension_of(name);
    let extension = extension.as_str();
    let folder = |names: &[&str]| lower.split('/').rev().skip(1).any(|part| names.contains(&part));
    if is_lock_file(name) {
        return PathClass::LockFile;
    }
    if is_dependency_manifest(name, extension) {
        return PathClass::Dependencies;
    }
    if is_test(name, extension, &folder) {
        return PathClass::Test;
    }
    if folder(&["vendor", "node_modules", "dist", "generated", "gen", "__generated__"])
        || name.contains(".pb.")
        || name.contains("_pb2")
        || name.contains(".generated.")
        || name.contains(".min.")
        || name.ends_with("_gen.go")
        || name.starts_with("zz_generated")
    {
        return PathClass::Generated;
    }
    if matches!(extension, "md" | "mdx" | "rst" | "adoc")
        || is_prose_name(name)
        || (folder(&["docs", "doc"]) && matches!(extension, "txt" | "html" | "png" | "svg" | ""))
    {
        return PathClass::Docs;
    }
    if matches!(
        extension,
        "css"
            | "scss"
            | "sass"
            | "less"
            | "styl"
            | "png"
            | "jpg"
            | "jpeg"
            | "gif"
            | "svg"
            | "ico"
            | "woff"
            | "woff2"
    ) {
        return PathClass::Style;
    }
    if folder(&["migrations", "migration", "migrate", "db/migrate", "schema"])
        || extension == "sql"
        || name.contains("migration")
        || name == "schema.rb"
    {
        return PathClass::Migration;
    }
    if lower.contains(".github/")
        || lower.contains(".circleci/")
        || name.starts_with(".gitlab-ci")
        || matches!(
            name,
            "makefile"
                | "jenkinsfile"
                | "rakefile"
                | ".gitignore"
                | ".dockerignore"
                | ".editorconfig"
                | "codeowners"
                | ".golangci.yml"
                | ".prettierrc"
                | ".eslintrc.json"
                | "tsconfig.json"
        )
    {
        return PathClass::Build;
    }
    if matches!(
        extension,
        "html" | "htm" | "erb" | "tmpl" | "hbs" | "ejs" | "jinja" | "j2" | "twig" | "mustache"
    ) {
        return PathClass::Markup;
    }
    if matches!(
        extension,
        "yaml"
            | "yml"
            | "json"
            | "toml"
            | "ini"
            | "cfg"
            | "conf"
            | "cnf"
            | "properties"
            | "env"
            | "tf"
            | "tfvars"
            | "hcl"
            | "xml"
    ) || name.starts_with(".env")
        || name.starts_with("dockerfile")
        || name.ends_with("dockerfile")
        || name == "procfile"
    {
        return PathClass::Config;
    }
    PathClass::Code
}

fn is_lock_file(name: &str) -> bool {
    matches!(
        name,
        "go.sum"
            | "cargo.lock"
            | "package-lock.json"
            | "yarn.lock"
            | "pnpm-lock.yaml"
            | "poetry.lock"
            | "gemfile.lock"
            | "composer.lock"
            | "pipfile.lock"
            | "packages.lock.json"
            | "gradle.lockfile"
            | "uv.lock"
            | ".terraform.lock.hcl"
    )
}

fn is_dependency_manifest(name: &str, extension: &str) -> bool {
    matches!(
        name,
        "go.mod"
            | "cargo.toml"
            | "package.json"
            | "pyproject.toml"
            | "pipfile"
            | "gemfile"
            | "composer.json"
            | "pom.xml"
            | "build.gradle"
            | "build.gradle.kts"
            | "setup.py"
            | "setup.cfg"
            | "libs.versions.toml"
            | "packages.config"
    ) || (name.starts_with("requirements") && extension == "txt")
        || matches!(extension, "gemspec" | "csproj")
}

fn is_test(name: &str, extension: &str, folder: &dyn Fn(&[&str]) -> bool) -> bool {
    let stem = name.strip_suffix(&format!(".{extension}")).unwrap_or(name);
    folder(&[
        "test",
        "tests",
        "__tests__",
        "spec",
        "specs",
        "testdata",
        "fixtures",
        "e2e",
        "testing",
        "__mocks__",
    ]) || stem.ends_with("_test")
        || stem.ends_with(".test")
        || stem.ends_with(".spec")
        || stem.ends_with("_spec")
        || (extension == "py" && (stem.starts_with("test_") || stem == "conftest"))
        || (matches!(extension, "java" | "kt" | "cs" | "php" | "scala")
            && (stem.ends_with("test") || stem.ends_with("tests")))
        || extension == "snap"
}

fn is_prose_name(name: &str) -> bool {
    ["readme", "changelog", "license", "contributing", "authors", "notice", "code_of_conduct", "security.md"]
        .iter()
        .any(|known| name == *known || name.starts_with(&format!("{known}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_what_files_are_for() {
        for (path, class) in [
            ("pkg/a/handler.go", PathClass::Code),
            ("pkg/a/handler_test.go", PathClass::Test),
            ("src/app.spec.ts", PathClass::Test),
            ("tests/unit/test_a.py", PathClass::Test),
            ("docs/guide.md", PathClass::Docs),
            ("README", PathClass::Docs),
            ("web/site.css", PathClass::Style),
            ("deploy/values.yaml", PathClass::Config),
            ("Dockerfile", PathClass::Config),
            (".env.production", PathClass::Config),
            ("go.mod", PathClass::Dependencies),
            ("go.sum", PathClass::LockFile),
            ("requirements-dev.txt", PathClass::Dependencies),
            ("db/migrations/0001_add.sql", PathClass::Migration),
            (".github/workflows/ci.yml", PathClass::Build),
            ("api/v1/thing.pb.go", PathClass::Generated),
            ("latest/contest.go", PathClass::Code),
        ] {
            assert_eq!(path_class(path), class, "{path}");
        }
    }
}
