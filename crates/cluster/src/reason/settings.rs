//! The environment that a container gets, resolved as the kubelet resolves it.

use k8s_openapi::api::core::v1::{Container, EnvVar, Secret};

use crate::kind::ObjectKey;
use crate::picture::{Picture, Record};

/// Longest value whose references are resolved, in bytes.
const VALUE_BYTES_MAX: usize = 4096;

/// One setting of a container.
#[derive(Clone)]
pub(super) struct Setting {
    /// Name of the variable.
    pub name: String,
    /// Its value; of a secret too, so it must not be printed.
    pub value: String,
    /// Object that the value stands in: the workload, a config map or a secret.
    pub holder: ObjectKey,
    /// Name under which it stands there.
    pub key: String,
}

/// Variables of a container, each name once, in the order in which they are defined. What stands in objects that were
/// not captured, or is no text, is left out.
///
/// Source: *Define Environment Variables for a Container* and *Define Dependent Environment Variables*, Kubernetes
/// documentation: later sources win over earlier ones, `env` over `envFrom`, and `$(NAME)` takes what was defined before.
pub(super) fn of_container(picture: &Picture, workload: &ObjectKey, container: &Container) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    for setting in imported(picture, &workload.namespace, container) {
        define(&mut settings, setting);
    }
    for variable in container.env.iter().flatten() {
        if let Some(setting) = of_variable(picture, workload, variable) {
            let value = expand(&setting.value, &settings);
            define(&mut settings, Setting { value, ..setting });
        }
    }
    settings
}

fn define(settings: &mut Vec<Setting>, setting: Setting) {
    settings.retain(|earlier| earlier.name != setting.name);
    settings.push(setting);
}

/// What `envFrom` brings.
fn imported(picture: &Picture, namespace: &str, container: &Container) -> Vec<Setting> {
    let mut settings = Vec::new();
    for from in container.env_from.iter().flatten() {
        let prefix = from.prefix.as_deref().unwrap_or("");
        let setting = |key: String, value: String, holder: &ObjectKey| Setting {
            name: format!("{prefix}{key}"),
            value,
            holder: holder.clone(),
            key,
        };
        let map = from.config_map_ref.as_ref().map(|found| found.name.as_str());
        if let Some(map) = map.and_then(|name| picture.config_maps.get(namespace, name).present()) {
            let data = map.object.data.iter().flatten();
            settings.extend(data.map(|(key, value)| setting(key.clone(), value.clone(), &map.key)));
        }
        let secret = from.secret_ref.as_ref().map(|found| found.name.as_str());
        if let Some(secret) = secret.and_then(|name| picture.secrets.get(namespace, name).present()) {
            settings.extend(secret_values(secret).map(|(key, value)| setting(key, value, &secret.key)));
        }
    }
    settings
}

/// Values of a secret that are text; empty where only their length is known. What was written in plain wins.
fn secret_values(secret: &Record<Secret>) -> impl Iterator<Item = (String, String)> + '_ {
    let data = secret.object.data.iter().flatten();
    let encoded = data.filter_map(|(key, value)| Some((key, std::str::from_utf8(&value.0).ok()?)));
    let plain = secret.object.string_data.iter().flatten().map(|(key, value)| (key, value.as_str()));
    encoded.chain(plain).map(|(key, value)| (key.clone(), value.to_owned()))
}

fn of_variable(picture: &Picture, workload: &ObjectKey, variable: &EnvVar) -> Option<Setting> {
    let name = variable.name.clone();
    if let Some(value) = &variable.value {
        return Some(Setting { key: name.clone(), name, value: value.clone(), holder: workload.clone() });
    }
    let namespace = workload.namespace.as_str();
    let from = variable.value_from.as_ref()?;
    if let Some(wanted) = &from.config_map_key_ref {
        let map = picture.config_maps.get(namespace, &wanted.name).present()?;
        let value = map.object.data.as_ref()?.get(&wanted.key)?.clone();
        return Some(Setting { name, value, holder: map.key.clone(), key: wanted.key.clone() });
    }
    let wanted = from.secret_key_ref.as_ref()?;
    let secret = picture.secrets.get(namespace, &wanted.name).present()?;
    let (key, value) = secret_values(secret).filter(|(key, _)| *key == wanted.key).last()?;
    Some(Setting { name, value, holder: secret.key.clone(), key })
}

/// Replaces `$(NAME)` by settings, as the kubelet does; unknown ones stay and make the text no address.
pub(super) fn expand(value: &str, settings: &[Setting]) -> String {
    if !value.contains("$(") || value.len() > VALUE_BYTES_MAX {
        return value.to_owned();
    }
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("$(") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once(')') else {
            out.push_str("$(");
            rest = after;
            continue;
        };
        match settings.iter().find(|setting| setting.name == name) {
            Some(setting) if out.len() <= VALUE_BYTES_MAX => out.push_str(&setting.value),
            _ => {
                out.push_str("$(");
                out.push_str(name);
                out.push(')');
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Capture;

    #[test]
    fn later_sources_win_and_references_take_what_was_defined_before() {
        let mut capture = Capture::default();
        capture.push(
            "all.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: shop, uid: u}\ndata: {HOST: svc-a, PORT: '80'}\n\
             ---\napiVersion: v1\nkind: Secret\nmetadata: {name: keys, namespace: shop, uid: u}\nstringData: {HOST: svc-b, KEY: x}\n",
        );
        let picture = Picture::read(capture, None);
        let container: Container = serde_json::from_value(serde_json::json!({
            "name": "main",
            "envFrom": [{ "configMapRef": { "name": "settings" } }, { "prefix": "", "secretRef": { "name": "keys" } },
                        { "configMapRef": { "name": "gone" } }],
            "env": [{ "name": "URL", "value": "http://$(HOST):$(PORT)/$(NONE)" },
                    { "name": "PORT", "value": "81" },
                    { "name": "TOKEN", "valueFrom": { "secretKeyRef": { "name": "keys", "key": "KEY" } } }],
        }))
        .unwrap();
        let workload = ObjectKey::new(crate::kind::Kind::Deployment, "shop", "svc");
        let found: Vec<(String, String, String)> = of_container(&picture, &workload, &container)
            .into_iter()
            .map(|setting| (setting.name, setting.value, setting.holder.name))
            .collect();
        let expected = [
            ("HOST", "svc-b", "keys"),
            ("KEY", "x", "keys"),
            ("URL", "http://svc-b:80/$(NONE)", "svc"),
            ("PORT", "81", "svc"),
            ("TOKEN", "x", "keys"),
        ];
        let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(found, expected);
    }
}
