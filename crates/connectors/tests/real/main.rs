//! Connectors against the real systems. A system that is not installed is skipped aloud.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod alertmanager;
mod prometheus;

use std::collections::BTreeMap;
use std::sync::Arc;

use midwatch_sources::{Configured, Setting, Source, Spec};

/// A source of `spec` at `url` with further texts as settings.
fn connect(spec: &'static Spec, url: &str, more: &[(&str, &str)]) -> Arc<dyn Source> {
    let mut settings: BTreeMap<String, Setting> =
        more.iter().map(|(key, text)| ((*key).to_owned(), Setting::Text((*text).to_owned()))).collect();
    settings.insert("url".to_owned(), Setting::Text(url.to_owned()));
    let configured = Configured::new(spec, spec.id, settings).expect("a configuration that can be used");
    spec.connect.expect("a connector that asks")(&configured).expect("a source")
}
