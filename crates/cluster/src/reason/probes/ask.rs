//! What a probe asks, of which port, in which protocol, and how patiently.

use k8s_openapi::api::core::v1::{Container, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::picture::{Fact, Picture};
use crate::reason::workload::Workload;

/// How a probe speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http,
    Https,
    Tcp,
    Grpc,
    Exec,
}

impl Protocol {
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Http => "HTTP",
            Protocol::Https => "HTTPS",
            Protocol::Tcp => "TCP",
            Protocol::Grpc => "gRPC",
            Protocol::Exec => "a command",
        }
    }
}

/// One probe of one container.
pub(super) struct Asked<'a> {
    /// `liveness`, `readiness` or `startup`.
    pub what: &'static str,
    pub container: &'a Container,
    pub protocol: Protocol,
    /// The port as written.
    pub written: String,
    /// Its number: `None` for a name that the container does not have, and for commands.
    pub port: Option<i32>,
    pub path: Option<&'a str>,
    pub probe: &'a Probe,
}

impl Asked<'_> {
    /// `gRPC port 8080`, `HTTP port 80, path /ready`.
    pub fn target(&self) -> String {
        match (self.protocol, self.path) {
            (Protocol::Exec, _) => "a command".to_owned(),
            (protocol, Some(path)) => format!("{} port {}, path {path}", protocol.as_str(), self.written),
            (protocol, None) => format!("{} port {}", protocol.as_str(), self.written),
        }
    }

    pub fn delay_s(&self) -> i64 {
        i64::from(self.probe.initial_delay_seconds.unwrap_or(0))
    }

    pub fn period_s(&self) -> i64 {
        i64::from(self.probe.period_seconds.unwrap_or(10)).max(1)
    }

    pub fn timeout_s(&self) -> i64 {
        i64::from(self.probe.timeout_seconds.unwrap_or(1)).max(1)
    }

    pub fn failures_max(&self) -> i64 {
        i64::from(self.probe.failure_threshold.unwrap_or(3)).max(1)
    }

    /// Seconds from a container's start to its being killed (liveness, startup), or to the first moment at which a
    /// later answer would come too late. Defaults as in the API reference: period 10, timeout 1, threshold 3.
    pub fn allowed_s(&self) -> i64 {
        self.delay_s() + (self.failures_max() - 1) * self.period_s() + self.timeout_s()
    }

    /// A fact that quotes the probe.
    pub fn fact(&self, picture: &Picture, workload: &Workload<'_>) -> Fact {
        let statement = format!(
            "the {} probe of container {} asks {} after {} s, every {} s, waits {} s, gives up after {}",
            self.what,
            self.container.name,
            self.target(),
            self.delay_s(),
            self.period_s(),
            self.timeout_s(),
            self.failures_max()
        );
        let title = match self.what {
            "liveness" => ["Liveness:", "livenessProbe"],
            "readiness" => ["Readiness:", "readinessProbe"],
            _ => ["Startup:", "startupProbe"],
        };
        let described = picture.fact(&workload.key, title[0], statement.clone());
        match described.quote.contains(title[0]) {
            true => described,
            false => picture.fact(&workload.key, title[1], statement),
        }
    }
}

/// Probes of a container.
pub(super) fn asked(container: &Container) -> Vec<Asked<'_>> {
    [
        ("liveness", &container.liveness_probe),
        ("readiness", &container.readiness_probe),
        ("startup", &container.startup_probe),
    ]
    .into_iter()
    .filter_map(|(what, probe)| one(what, container, probe.as_ref()?))
    .collect()
}

fn one<'a>(what: &'static str, container: &'a Container, probe: &'a Probe) -> Option<Asked<'a>> {
    let number = |port: i32| IntOrString::Int(port);
    let (protocol, port, path) = if let Some(get) = &probe.http_get {
        let is_tls = get.scheme.as_deref().is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        let protocol = if is_tls { Protocol::Https } else { Protocol::Http };
        (protocol, Some(get.port.clone()), get.path.as_deref())
    } else if let Some(socket) = &probe.tcp_socket {
        (Protocol::Tcp, Some(socket.port.clone()), None)
    } else if let Some(grpc) = &probe.grpc {
        (Protocol::Grpc, Some(number(grpc.port)), None)
    } else if probe.exec.is_some() {
        (Protocol::Exec, None, None)
    } else {
        return None;
    };
    let (written, port) = match port {
        Some(IntOrString::Int(port)) => (port.to_string(), Some(port)),
        Some(IntOrString::String(name)) => {
            let number = name.parse().ok().or_else(|| named(container, &name));
            (name, number)
        }
        None => (String::new(), None),
    };
    Some(Asked { what, container, protocol, written, port, path, probe })
}

fn named(container: &Container, name: &str) -> Option<i32> {
    let ports = container.ports.iter().flatten();
    ports.filter(|port| port.name.as_deref() == Some(name)).map(|port| port.container_port).next()
}
