//! What one source was configured with, checked against its SPEC.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::http::{Auth, Explain, HttpSettings, WireSettings};
use crate::{ErrorKind, FieldKind, Secret, SourceError, Spec};

/// A configured value. Secrets have been fetched from where they lie.
#[derive(Debug, Clone)]
pub enum Setting {
    /// An address, a path or any text.
    Text(String),
    /// A secret.
    Secret(Secret),
    /// A whole number.
    Number(u64),
    /// Yes or no.
    Flag(bool),
    /// Several texts.
    Texts(Vec<String>),
}

impl Setting {
    fn fits(&self, kind: FieldKind) -> bool {
        match self {
            Setting::Text(_) => matches!(kind, FieldKind::Url | FieldKind::Path | FieldKind::Text),
            Setting::Secret(_) => kind == FieldKind::Secret,
            Setting::Number(_) => kind == FieldKind::Number,
            Setting::Flag(_) => kind == FieldKind::Flag,
            Setting::Texts(_) => kind == FieldKind::Texts,
        }
    }
}

/// The configuration of one source. Every key is one of its SPEC's fields, every value of the field's kind, and every required
/// field is there.
#[derive(Debug, Clone)]
pub struct Configured {
    name: String,
    settings: BTreeMap<String, Setting>,
}

impl Configured {
    /// The configuration of the source `name` of `spec`.
    ///
    /// # Errors
    /// When a key is unknown, a value of another kind, or a required field missing; all mistakes at once.
    pub fn new(
        spec: &Spec,
        name: impl Into<String>,
        settings: BTreeMap<String, Setting>,
    ) -> Result<Configured, SourceError> {
        let name = name.into();
        let mut wrong = Vec::new();
        for (key, setting) in &settings {
            match spec.fields().find(|field| field.key == key) {
                None => {
                    let known: Vec<&str> = spec.fields().map(|field| field.key).collect();
                    wrong.push(format!("{key} is no setting of {}; it has {}", spec.id, known.join(", ")));
                }
                Some(field) if !setting.fits(field.kind) => {
                    wrong.push(format!("{key} must be {}", field.kind.describe()));
                }
                Some(_) if matches!(setting, Setting::Secret(secret) if secret.expose().is_empty()) => {
                    wrong.push(format!("{key} is empty"));
                }
                Some(_) => {}
            }
        }
        for field in spec.fields().filter(|field| field.required && !settings.contains_key(field.key)) {
            wrong.push(format!("{} is missing: {}", field.key, field.help));
        }
        if wrong.is_empty() {
            return Ok(Configured { name, settings });
        }
        Err(SourceError::new(ErrorKind::Config, name, "use its configuration", wrong.join("; ")))
    }

    /// Name of the source.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// An address, a path or any text.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.settings.get(key) {
            Some(Setting::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A path.
    pub fn path(&self, key: &str) -> Option<&Path> {
        self.text(key).map(Path::new)
    }

    /// A secret.
    pub fn secret(&self, key: &str) -> Option<&Secret> {
        match self.settings.get(key) {
            Some(Setting::Secret(secret)) => Some(secret),
            _ => None,
        }
    }

    /// A whole number.
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.settings.get(key) {
            Some(Setting::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// Yes or no; no when it was not given.
    pub fn flag(&self, key: &str) -> bool {
        matches!(self.settings.get(key), Some(Setting::Flag(true)))
    }

    /// Several texts; none when it was not given.
    pub fn texts(&self, key: &str) -> &[String] {
        match self.settings.get(key) {
            Some(Setting::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// An error in this configuration.
    pub fn error(&self, reason: impl Into<String>) -> SourceError {
        SourceError::new(ErrorKind::Config, &self.name, "use its configuration", reason)
    }

    /// How the shared client asks this source of `spec`, whose errors `explain` reads.
    ///
    /// # Errors
    /// When credentials contradict each other.
    pub fn http(&self, spec: &Spec, explain: Explain) -> Result<HttpSettings, SourceError> {
        let auth = match (self.secret("token"), self.text("username"), self.secret("password")) {
            (None, None, None) => Auth::None,
            (Some(token), None, None) => Auth::Bearer(token.clone()),
            (None, Some(username), Some(password)) => {
                Auth::Basic { username: username.to_owned(), password: password.clone() }
            }
            (None, _, _) => {
                return Err(self.error("username and password go together; one of them is missing"));
            }
            (Some(_), _, _) => return Err(self.error("give either token or username and password")),
        };
        let wire = WireSettings {
            url: self.text("url").unwrap_or_default().to_owned(),
            auth,
            headers: BTreeMap::new(),
            ca_file: self.path("ca_file").map(PathBuf::from),
            client_certificate_file: self.path("client_certificate_file").map(PathBuf::from),
            timeout: self.number("timeout_s").map(Duration::from_secs),
            bytes_max: None,
        };
        let mut settings =
            HttpSettings { pacing: spec.pacing, explain, ..HttpSettings::new(&self.name, wire) };
        if let Some(rate) = self.number("calls_per_second") {
            settings.pacing.calls_per_second = u32::try_from(rate).unwrap_or(u32::MAX);
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Channel, Field};

    static SPEC: Spec = Spec {
        id: "sys-a",
        channel: Channel::Http,
        config: &[Field::optional("tenant", FieldKind::Text, "whose data")],
        ..Spec::EMPTY
    };

    fn configured(settings: &[(&str, Setting)]) -> Result<Configured, SourceError> {
        let settings = settings.iter().map(|(key, setting)| ((*key).to_owned(), setting.clone())).collect();
        Configured::new(&SPEC, "src-a", settings)
    }

    fn text(text: &str) -> Setting {
        Setting::Text(text.to_owned())
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let error = configured(&[("tenant", Setting::Number(3)), ("tenent", text("x"))]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config);
        for part in [
            "tenant must be a text",
            "tenent is no setting of sys-a; it has url, token",
            "url is missing: base address",
        ] {
            assert!(error.context.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn credentials_must_not_contradict_each_other() {
        let secret = || Setting::Secret(Secret::new("hunter22"));
        let url = ("url", text("http://host"));
        let auth = |more: &[(&str, Setting)]| {
            let mut settings = vec![url.clone()];
            settings.extend(more.iter().cloned());
            let http = configured(&settings).unwrap().http(&SPEC, |_, _| None);
            http.map(|http| format!("{:?}", http.wire.auth))
        };
        assert_eq!(auth(&[]).unwrap(), "None");
        assert_eq!(auth(&[("token", secret())]).unwrap(), "Bearer(Secret(..))");
        let both = [("username", text("me")), ("password", secret())];
        assert_eq!(auth(&both).unwrap(), "Basic { username: \"me\", password: Secret(..) }");
        assert!(auth(&[("username", text("me"))]).is_err());
        assert!(auth(&[both[0].clone(), both[1].clone(), ("token", secret())]).is_err());
    }
}
