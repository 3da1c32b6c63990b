//! Certificates that have run out or were never issued.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::ground::Ground;
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Fact, Record};
use crate::read::Trouble;
use crate::remedy;

/// Expired or unissued certificates, by their objects and by the secrets that hold them.
pub(super) fn faults(ground: &Ground<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for ((key, _), record) in
        ground.picture.others.iter().filter(|((key, _), _)| key.kind == Kind::Certificate)
    {
        faults.extend(certificate(ground, key, record));
    }
    faults.extend(of_the_api(ground));
    let Some(now) = ground.picture.not_before() else { return faults };
    for secret in ground.picture.secrets.iter() {
        if secret.object.type_.as_deref() != Some("kubernetes.io/tls") {
            continue;
        }
        let Some(pem) = secret.object.data.as_ref().and_then(|data| data.get("tls.crt")) else { continue };
        let Some(ends) = std::str::from_utf8(&pem.0).ok().and_then(not_after) else { continue };
        if ends < now {
            let statement = format!("the certificate in {} ended at {ends}", secret.key);
            let facts = vec![ground.fact(&secret.key, &["tls.crt"], statement)];
            let key = secret.key.clone();
            faults.push(expired(ground, key.clone(), Some(key), format!("ended at {ends}"), facts));
        }
    }
    faults
}

/// The API server's own certificate, when whoever asked it was shown one that has run out.
fn of_the_api(ground: &Ground<'_>) -> Option<Fault> {
    let (_, origin) =
        ground.picture.troubles.iter().find(|(trouble, _)| *trouble == Trouble::CertificateExpired)?;
    let statement = "the certificate that the API server shows has expired";
    let fact = ground.picture.fact_at(*origin, "x509: certificate has expired", statement);
    // Every cluster has this service in front of its API servers.
    let object = ObjectKey::new(Kind::Service, "default", "kubernetes");
    Some(Fault {
        kind: FaultKind::CertificateExpired,
        subject: "API server".to_owned(),
        standing: Standing::Active,
        certainty: Certainty::Stated,
        summary: "the API server's certificate has expired, so nothing can be asked or changed".to_owned(),
        facts: vec![fact],
        explains: vec![object.clone()],
        neighbours: vec![FaultKind::ApiServerUnhealthy],
        remedy: "See the clock of the machine that asked; then, on the control plane: kubeadm certs check-expiration, \
                 kubeadm certs renew all, and restart the API server"
            .to_owned(),
        object,
    })
}

/// Seconds that issuing a certificate may take.
const ISSUING_S: i64 = 600;

/// A certificate object whose controller says that it is not ready, or whose end has passed.
fn certificate(ground: &Ground<'_>, key: &ObjectKey, record: &Record<Value>) -> Option<Fault> {
    let object = &record.object;
    let secret = object.pointer("/spec/secretName").and_then(Value::as_str);
    let secret = secret.map(|name| ObjectKey::new(Kind::Secret, &key.namespace, name));
    let ends: Option<Timestamp> =
        object.pointer("/status/notAfter").and_then(Value::as_str).and_then(|text| text.parse().ok());
    if let (Some(ends), Some(now)) = (ends, ground.picture.not_before())
        && ends < now
    {
        let fact = ground.fact(key, &["notAfter", "Not After"], format!("{key} ended at {ends}"));
        return Some(expired(ground, key.clone(), secret, format!("ended at {ends}"), vec![fact]));
    }
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array)?;
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).unwrap_or("").to_owned();
    let ready = conditions.iter().find(|one| text(one, "type") == "Ready")?;
    if text(ready, "status") != "False" {
        return None;
    }
    let said: String = text(ready, "message").chars().take(200).collect();
    let said = if said.is_empty() { "its table says no more".to_owned() } else { said };
    let needle = said.lines().next().unwrap_or("").to_owned();
    let fact =
        ground.fact(key, &[&needle, &text(ready, "reason"), "False"], format!("{key} is not ready: {said}"));
    // One that is being issued is not ready either, for as long as the challenge takes.
    let age = record.row.get("AGE").and_then(|cell| crate::read::age_s(cell));
    let is_young = ends.is_none() && age.is_some_and(|age| age < ISSUING_S);
    let mut fault = expired(ground, key.clone(), secret, format!("is not ready: {said}"), vec![fact]);
    if is_young {
        fault.standing = Standing::Latent;
    }
    if text(ready, "message").is_empty() {
        fault.certainty = Certainty::Shown;
    }
    Some(fault)
}

/// `secret` is where the certificate lies for those who use it.
fn expired(
    ground: &Ground<'_>,
    object: ObjectKey,
    secret: Option<ObjectKey>,
    how: String,
    facts: Vec<Fact>,
) -> Fault {
    let users = secret.map(|secret| users(ground, &secret)).unwrap_or_default();
    let mut explains = users.clone();
    explains.push(object.clone());
    Fault {
        kind: FaultKind::CertificateExpired,
        subject: String::new(),
        // A secret that nothing names may be a leftover; a certificate object is renewed for somebody.
        standing: match object.kind == Kind::Secret && users.is_empty() {
            true => Standing::Latent,
            false => Standing::Active,
        },
        certainty: Certainty::Stated,
        summary: format!("the certificate {}/{} {how}", object.namespace, object.name),
        facts,
        explains,
        neighbours: Vec::new(),
        remedy: match object.kind {
            Kind::Secret => {
                format!(
                    "Renew the certificate in the secret {} of {}; what holds it: {}",
                    object.name,
                    object.namespace,
                    remedy::on("describe", &object)
                )
            }
            _ => format!(
                "See why it is not renewed: {} and its requests and challenges",
                remedy::on("describe", &object)
            ),
        },
        object,
    }
}

/// Ingresses and workloads that use a secret.
fn users(ground: &Ground<'_>, secret: &ObjectKey) -> Vec<ObjectKey> {
    let mut users: Vec<ObjectKey> = Vec::new();
    for ingress in ground.picture.ingresses.in_namespace(&secret.namespace) {
        let hosts = ingress.object.spec.iter().flat_map(|spec| spec.tls.iter().flatten());
        if hosts.into_iter().any(|tls| tls.secret_name.as_deref() == Some(&secret.name)) {
            users.push(ingress.key.clone());
        }
    }
    for workload in ground.workloads.iter().filter(|one| one.key.namespace == secret.namespace) {
        let volumes = workload.spec().and_then(|spec| spec.volumes.as_deref()).unwrap_or_default();
        let holds = |found: &k8s_openapi::api::core::v1::Volume| {
            found.secret.as_ref().and_then(|secret| secret.secret_name.as_deref()) == Some(&secret.name)
        };
        if volumes.iter().any(holds) {
            users.push(workload.key.clone());
        }
    }
    users
}

/// Bytes of a certificate that are looked at.
const PEM_BYTES_MAX: usize = 64 << 10;

/// End of the first certificate of a PEM text.
///
/// Source: RFC 7468 (PEM) and RFC 5280 §4.1.2.5: `Validity` is a sequence of two times, `UTCTime` (tag 0x17, 13
/// characters) or `GeneralizedTime` (tag 0x18, 15 characters); the second is the end. Nothing else in front of it in
/// a certificate is two such times in a row.
fn not_after(pem: &str) -> Option<Timestamp> {
    let body = pem.split("-----BEGIN CERTIFICATE-----").nth(1)?.split("-----END").next()?;
    let der = base64(body.get(..body.len().min(PEM_BYTES_MAX))?);
    (0..der.len()).find_map(|at| {
        let (_, next) = time(&der, at)?;
        time(&der, next).map(|(ends, _)| ends)
    })
}

/// A time that begins at a byte, and where it ends.
fn time(der: &[u8], at: usize) -> Option<(Timestamp, usize)> {
    let (digits, length) = match (der.get(at)?, der.get(at + 1)?) {
        (0x17, 13) => (12, 13),
        (0x18, 15) => (14, 15),
        _ => return None,
    };
    let text = std::str::from_utf8(der.get(at + 2..at + 2 + length)?).ok()?;
    let number = |from: usize| text.get(from..from + 2)?.parse::<i8>().ok();
    if !text.ends_with('Z') {
        return None;
    }
    let year = match digits {
        // RFC 5280: two digits from 50 on are of the last century.
        12 => number(0).map(|year| i16::from(year) + if year >= 50 { 1900 } else { 2000 })?,
        _ => text.get(..4)?.parse().ok()?,
    };
    let rest = digits - 10;
    let moment = DateTime::new(
        year,
        number(rest)?,
        number(rest + 2)?,
        number(rest + 4)?,
        number(rest + 6)?,
        number(rest + 8)?,
        0,
    );
    let zoned = moment.ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some((zoned.timestamp(), at + 2 + length))
}

/// Bytes of base64 text; other characters are left out.
fn base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        held = (held << 6 | u32::from(value)) & 0xFFFF;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xFF) as u8);
        }
    }
    bytes
}
