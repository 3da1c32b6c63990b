//! The words in which the API server's admission plugins refuse an object.
//!
//! Source: the error texts of the admission plugins ServiceAccount, ResourceQuota, LimitRanger, PodSecurity, Priority
//! and of the webhook dispatcher in the Kubernetes API server, as controllers repeat them in `FailedCreate` events.

use crate::quantity::Quantity;

/// Why an object was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The pod's service account does not exist.
    Account { name: String },
    /// A quota has not enough left. Only resources that do not fit are listed.
    Quota { quota: String, lines: Vec<QuotaLine> },
    /// A quota demands that something be specified.
    MustSpecify { quota: String, resource: String },
    /// A value is outside a limit range.
    LimitRange { resource: String, text: String },
    /// The namespace's pod security level forbids it.
    PodSecurity { level: String, text: String },
    /// A webhook did not answer. The service behind it as (namespace, name), when it has no endpoints.
    WebhookDown { webhook: String, service: Option<(String, String)>, text: String },
    /// A webhook said no.
    WebhookDenied { webhook: String, text: String },
    /// The pod's priority class does not exist.
    PriorityClass { name: String },
}

/// One resource of a quota that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QuotaLine {
    /// As the quota names it: `requests.cpu`.
    pub resource: String,
    pub requested: Quantity,
    pub used: Quantity,
    pub limited: Quantity,
}

/// Reads a refusal out of a message; `None` when it is none of these.
pub(super) fn refusal(message: &str) -> Option<Refusal> {
    if let Some(rest) = after(message, "serviceaccount \"")
        && let Some((name, rest)) = rest.split_once('"')
        && rest.trim_start().starts_with("not found")
    {
        return Some(Refusal::Account { name: name.to_owned() });
    }
    if let Some(rest) = after(message, "exceeded quota: ") {
        return exceeded(rest);
    }
    if let Some(rest) = after(message, "failed quota: ") {
        let (quota, rest) = rest.split_once(':')?;
        let resource = after(rest, "must specify ")?.split([' ', ',', ';']).next()?;
        return Some(Refusal::MustSpecify { quota: quota.to_owned(), resource: resource.to_owned() });
    }
    if let Some(rest) = after(message, "violates PodSecurity \"") {
        let (level, text) = rest.split_once('"')?;
        return Some(Refusal::PodSecurity { level: level.to_owned(), text: shown(text) });
    }
    if let Some(rest) = after(message, "failed calling webhook \"") {
        let (webhook, text) = rest.split_once('"')?;
        let service = after(text, "no endpoints available for service \"")
            .and_then(|rest| rest.split_once('"'))
            .map(|(name, _)| (service_namespace(text, name), name.to_owned()));
        return Some(Refusal::WebhookDown { webhook: webhook.to_owned(), service, text: shown(text) });
    }
    if let Some(rest) = after(message, "admission webhook \"") {
        let (webhook, text) = rest.split_once('"')?;
        let text = after(text, "denied the request").unwrap_or(text);
        return Some(Refusal::WebhookDenied { webhook: webhook.to_owned(), text: shown(text) });
    }
    if let Some(rest) = after(message, "no PriorityClass with name ") {
        let name = rest.split_whitespace().next()?.trim_matches('"');
        return Some(Refusal::PriorityClass { name: name.to_owned() });
    }
    limit_range(message)
}

/// `NAME, requested: a=1,b=2, used: a=3,b=4, limited: a=3,b=4`.
fn exceeded(rest: &str) -> Option<Refusal> {
    let (quota, rest) = rest.split_once(',')?;
    let part = |label: &str| {
        let part = after(rest, label)?;
        Some(part.split(", ").next().unwrap_or(part))
    };
    let (requested, used, limited) = (part("requested: ")?, part("used: ")?, part("limited: ")?);
    let lines = requested
        .split(',')
        .take(64)
        .filter_map(|entry| {
            let (resource, amount) = entry.split_once('=')?;
            let of = |list: &str| {
                let entry = list.split(',').find_map(|entry| {
                    entry.trim().split_once('=').filter(|(name, _)| *name == resource.trim())
                })?;
                Quantity::parse(entry.1.trim_end_matches(['.', ';']))
            };
            Some(QuotaLine {
                resource: resource.trim().to_owned(),
                requested: Quantity::parse(amount)?,
                used: of(used)?,
                limited: of(limited)?,
            })
        })
        .collect();
    Some(Refusal::Quota { quota: quota.trim().to_owned(), lines })
}

/// `minimum memory usage per Container is 64Mi, but request is 32Mi`, `cpu max limit to request ratio per Pod is 2, …`.
fn limit_range(message: &str) -> Option<Refusal> {
    let at = ["minimum ", "maximum "]
        .iter()
        .filter_map(|word| {
            let rest = after(message, word)?;
            let (resource, rest) = rest.split_once(' ')?;
            rest.starts_with("usage per ").then(|| (resource.to_owned(), message.len() - rest.len()))
        })
        .min_by_key(|(_, at)| *at);
    if let Some((resource, _)) = at {
        let text = after(message, "is forbidden: ").unwrap_or(message);
        return Some(Refusal::LimitRange { resource, text: shown(text) });
    }
    let (before, _) = message.split_once(" max limit to request ratio per ")?;
    let resource = before.rsplit([' ', '[']).next()?.to_owned();
    let text = after(message, "is forbidden: ").unwrap_or(message);
    Some(Refusal::LimitRange { resource, text: shown(text) })
}

fn after<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    text.find(label).and_then(|at| text.get(at + label.len()..))
}

/// The namespace in `https://NAME.NAMESPACE.svc:443/…`.
fn service_namespace(text: &str, name: &str) -> String {
    let host = after(text, &format!("//{name}."));
    host.and_then(|host| host.split(['.', ':', '/', '"']).next()).unwrap_or("").to_owned()
}

/// What was said, trimmed of punctuation and cut at 160 characters.
fn shown(text: &str) -> String {
    let text = text.trim_start_matches([':', ' ', '[']).trim_end_matches([']', ' ', '.']);
    match text.char_indices().nth(160) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or("")),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_from_the_plugins_words() {
        let pods = "Error creating: pods \"web-1-\" is forbidden: ";
        let said = |text: &str| refusal(&format!("{pods}{text}"));
        assert_eq!(
            said("error looking up service account shop/web: serviceaccount \"web\" not found"),
            Some(Refusal::Account { name: "web".into() })
        );
        let Some(Refusal::Quota { quota, lines }) = said(
            "exceeded quota: small, requested: requests.cpu=1,pods=1, used: requests.cpu=900m,pods=4, limited: requests.cpu=1,pods=4",
        ) else {
            panic!("no quota");
        };
        assert_eq!(quota, "small");
        let read: Vec<_> = lines.iter().map(|line| (line.resource.as_str(), line.used.milli())).collect();
        assert_eq!(read, [("requests.cpu", 900), ("pods", 4000)]);
        assert_eq!(
            said("failed quota: small: must specify limits.cpu for: app; limits.memory for: app"),
            Some(Refusal::MustSpecify { quota: "small".into(), resource: "limits.cpu".into() })
        );
        assert!(matches!(
            said("[maximum memory usage per Container is 1Gi, but limit is 2Gi, minimum cpu usage per Pod is 1, but request is 10m]"),
            Some(Refusal::LimitRange { resource, .. }) if resource == "memory"
        ));
        assert!(matches!(
            said("violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false"),
            Some(Refusal::PodSecurity { level, .. }) if level == "restricted:latest"
        ));
        assert_eq!(
            said("no PriorityClass with name urgent was found"),
            Some(Refusal::PriorityClass { name: "urgent".into() })
        );
    }

    #[test]
    fn webhooks_that_do_not_answer_and_those_that_say_no() {
        let down = refusal(
            "Error creating: Internal error occurred: failed calling webhook \"check.hooks.io\": failed to call webhook: \
             Post \"https://hook.guard.svc:443/v?timeout=5s\": no endpoints available for service \"hook\"",
        );
        assert!(matches!(
            down,
            Some(Refusal::WebhookDown { webhook, service: Some((namespace, name)), .. })
                if webhook == "check.hooks.io" && namespace == "guard" && name == "hook"
        ));
        assert_eq!(
            refusal(
                "Error creating: admission webhook \"check.hooks.io\" denied the request: no owner label"
            ),
            Some(Refusal::WebhookDenied { webhook: "check.hooks.io".into(), text: "no owner label".into() })
        );
        for text in
            ["Created pod: web-1", "exceeded quota: ", "serviceaccount \"web\" created", "minimum wage"]
        {
            assert_eq!(refusal(text), None, "{text}");
        }
    }
}
