//! Reading `midwatch.toml`: every mistake at once, each with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use midwatch_connectors::SPECS;
use midwatch_sources::{Configured, FieldKind, Secret, Setting, Source, Spec};
use serde::Deserialize;
use toml::{Spanned, Value};

use crate::AppError;

/// A configuration that can be used.
#[derive(Clone)]
pub struct Config {
    /// The file.
    pub path: PathBuf,
    /// Its sources, in order.
    pub sources: Vec<ConfiguredSource>,
}

/// One source, ready to be asked.
#[derive(Clone)]
pub struct ConfiguredSource {
    /// What its connector declares.
    pub spec: &'static Spec,
    /// Its name.
    pub name: String,
    /// The source itself; nothing has been sent yet.
    pub source: Arc<dyn Source>,
}

/// Something wrong in the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigMistake {
    /// File.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what next.
    pub reason: String,
}

impl fmt::Display for ConfigMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.reason)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireConfig {
    #[serde(default)]
    source: Vec<Spanned<BTreeMap<String, Spanned<Value>>>>,
}

/// The configuration in the file at `path`. `environment` gives the values of `${VARIABLES}`.
///
/// # Errors
/// When the file cannot be read, or with every mistake in it.
pub fn read_config(path: &Path, environment: &dyn Fn(&str) -> Option<String>) -> Result<Config, AppError> {
    let text = std::fs::read_to_string(path).map_err(AppError::io(path, "read the configuration"))?;
    let mut reader = Reader { path, text: &text, environment, mistakes: Vec::new() };
    let config = reader.config();
    if reader.mistakes.is_empty() {
        return Ok(config);
    }
    reader.mistakes.sort();
    Err(AppError::Config { mistakes: reader.mistakes })
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    environment: &'a dyn Fn(&str) -> Option<String>,
    mistakes: Vec<ConfigMistake>,
}

impl Reader<'_> {
    fn wrong(&mut self, at: usize, reason: impl Into<String>) {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        self.mistakes.push(ConfigMistake { path: self.path.to_owned(), line, reason: reason.into() });
    }

    fn config(&mut self) -> Config {
        let path = self.path.to_owned();
        let wire: WireConfig = match toml::from_str(self.text) {
            Ok(wire) => wire,
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                self.wrong(at, error.message());
                return Config { path, sources: Vec::new() };
            }
        };
        let mut names = BTreeSet::new();
        let mut sources = Vec::new();
        for table in wire.source {
            let at = table.span().start;
            let Some(source) = self.source(at, table.into_inner()) else { continue };
            if !names.insert(source.name.clone()) {
                self.wrong(
                    at,
                    format!("there is a source named {:?} already; give each its own `name`", source.name),
                );
            }
            sources.push(source);
        }
        Config { path, sources }
    }

    fn source(&mut self, at: usize, mut table: BTreeMap<String, Spanned<Value>>) -> Option<ConfiguredSource> {
        let known: Vec<&str> =
            SPECS.iter().filter(|spec| spec.connect.is_some()).map(|spec| spec.id).collect();
        let Some(connector) = table.remove("connector") else {
            self.wrong(at, format!("this source has no `connector`; there are {}", known.join(", ")));
            return None;
        };
        let (connector_at, connector) = (connector.span().start, connector.into_inner());
        let spec = connector.as_str().and_then(|id| SPECS.iter().find(|spec| spec.id == id));
        let Some(&spec) = spec else {
            self.wrong(
                connector_at,
                format!("there is no connector {connector}; there are {}", known.join(", ")),
            );
            return None;
        };
        let Some(connect) = spec.connect else {
            let reason = match spec.decode_alert {
                Some(_) => format!("{} sends alerts and is not asked, so it needs no source", spec.title),
                None => format!("{} is no live system: give it with --snapshot DIR", spec.title),
            };
            self.wrong(connector_at, reason);
            return None;
        };
        let name = match table.remove("name").map(Spanned::into_inner) {
            None => spec.id.to_owned(),
            Some(Value::String(name)) if !name.trim().is_empty() => name,
            Some(other) => {
                self.wrong(at, format!("`name` must be a text that is not empty, not {other}"));
                return None;
            }
        };
        let mistakes_before = self.mistakes.len();
        let mut settings = BTreeMap::new();
        for (key, value) in table {
            let value_at = value.span().start;
            if let Some((key, setting)) = self.setting(spec, key, value_at, value.into_inner())
                && settings.insert(key.clone(), setting).is_some()
            {
                self.wrong(value_at, format!("{key} is given twice, here and in a file"));
            }
        }
        if self.mistakes.len() > mistakes_before {
            return None;
        }
        let source = Configured::new(spec, &name, settings).and_then(|configured| connect(&configured));
        match source {
            Ok(source) => Some(ConfiguredSource { spec, name, source }),
            Err(error) => {
                self.wrong(at, format!("source {}: {}", error.origin, error.context));
                None
            }
        }
    }

    /// A value as its field takes it; one that no field takes is handed on, so that all unknown keys are named together.
    fn setting(&mut self, spec: &Spec, key: String, at: usize, value: Value) -> Option<(String, Setting)> {
        if let Some(secret) = spec
            .fields()
            .find(|field| field.kind == FieldKind::Secret && key.strip_suffix("_file") == Some(field.key))
        {
            return self
                .secret_file(&key, at, &value)
                .map(|read| (secret.key.to_owned(), Setting::Secret(read)));
        }
        let kind = spec.fields().find(|field| field.key == key).map(|field| field.kind);
        let setting = match (kind, value) {
            (Some(FieldKind::Secret), Value::String(text)) => {
                Setting::Secret(Secret::new(self.expanded(&key, at, &text)?))
            }
            (_, Value::String(text)) => Setting::Text(self.expanded(&key, at, &text)?),
            (_, Value::Integer(number)) => match u64::try_from(number) {
                Ok(number) => Setting::Number(number),
                Err(_) => {
                    self.wrong(at, format!("{key} must not be negative"));
                    return None;
                }
            },
            (_, Value::Boolean(flag)) => Setting::Flag(flag),
            (_, Value::Array(items)) => {
                let mut texts = Vec::new();
                for item in items {
                    match item {
                        Value::String(text) => texts.push(self.expanded(&key, at, &text)?),
                        other => {
                            self.wrong(at, format!("{key} must be a list of texts, and {other} is none"));
                            return None;
                        }
                    }
                }
                Setting::Texts(texts)
            }
            (_, other) => {
                self.wrong(at, format!("{key} cannot be {}", other.type_str()));
                return None;
            }
        };
        Some((key, setting))
    }

    fn secret_file(&mut self, key: &str, at: usize, value: &Value) -> Option<Secret> {
        let Some(written) = value.as_str() else {
            self.wrong(at, format!("{key} must be the path of a file that holds the secret"));
            return None;
        };
        let path = self.expanded(key, at, written)?;
        match std::fs::read_to_string(&path) {
            Ok(text) => Some(Secret::new(text.trim_end_matches(['\r', '\n']))),
            Err(error) => {
                self.wrong(at, format!("{key}: could not read {path}: {error}"));
                None
            }
        }
    }

    /// `text` with every `${NAME}` replaced; `$$` is a dollar.
    fn expanded(&mut self, key: &str, at: usize, text: &str) -> Option<String> {
        let mut written = String::new();
        let mut rest = text;
        while let Some(dollar) = rest.find('$') {
            let (before, after) = rest.split_at(dollar);
            written.push_str(before);
            if let Some(after) = after.strip_prefix("$$") {
                written.push('$');
                rest = after;
                continue;
            }
            let Some((name, after)) = after.strip_prefix("${").and_then(|after| after.split_once('}')) else {
                written.push('$');
                rest = after.get(1..).unwrap_or_default();
                continue;
            };
            match (self.environment)(name) {
                Some(value) => written.push_str(&value),
                None => {
                    self.wrong(at, format!("{key}: the environment has no variable {name}"));
                    return None;
                }
            }
            rest = after;
        }
        written.push_str(rest);
        Some(written)
    }
}
