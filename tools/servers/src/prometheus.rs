//! Prometheus with a history of its own.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::process::{Program, Server, free_port};

/// What a server is given.
#[derive(Debug, Clone, Default)]
pub struct PrometheusSetup {
    /// Past samples in the OpenMetrics text format, each with its time in seconds; the end mark is added.
    pub history: String,
    /// Addresses (`host:port`) that are scraped every second, by job.
    pub scraped: Vec<(String, String)>,
    /// A file of rules in YAML; empty for none.
    pub rules: String,
    /// Address of an Alertmanager; empty for none.
    pub alertmanager: String,
}

/// A running Prometheus.
#[derive(Debug)]
pub struct Prometheus {
    server: Server,
    _folder: TempDir,
}

impl Prometheus {
    /// Programs it needs.
    pub const PROGRAMS: &[&str] = &["prometheus", "promtool"];

    /// Starts one with this set-up.
    ///
    /// # Errors
    /// When the history cannot be imported or the server does not start.
    pub fn start(setup: &PrometheusSetup) -> Result<Prometheus> {
        let folder = TempDir::new()?;
        let data = folder.path().join("data");
        if !setup.history.is_empty() {
            import(folder.path(), &data, &setup.history)?;
        }
        let port = free_port()?;
        std::fs::write(folder.path().join("rules.yaml"), &setup.rules)?;
        std::fs::write(folder.path().join("prometheus.yaml"), configuration(setup))?;
        let arguments = [
            "--config.file=prometheus.yaml".to_owned(),
            format!("--storage.tsdb.path={}", data.display()),
            "--storage.tsdb.retention.time=100y".to_owned(),
            format!("--web.listen-address=127.0.0.1:{port}"),
            // An alert that fires before the Alertmanager is known is sent again at once, not a minute later.
            "--rules.alert.resend-delay=1s".to_owned(),
        ];
        let arguments = arguments.into_iter().map(Into::into).collect();
        let program = Program { name: "prometheus", arguments, port, ready: Some("/-/ready") };
        Ok(Prometheus { server: Server::start(&program, folder.path())?, _folder: folder })
    }

    /// Where it serves.
    pub fn url(&self) -> String {
        self.server.url()
    }
}

fn import(folder: &Path, data: &Path, history: &str) -> Result<()> {
    let file = folder.join("history.om");
    std::fs::write(&file, format!("{}\n# EOF\n", history.trim_end()))?;
    let made = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([&file, data])
        .output()
        .context("promtool")?;
    if !made.status.success() {
        bail!("promtool could not import the history: {}", String::from_utf8_lossy(&made.stderr));
    }
    Ok(())
}

fn configuration(setup: &PrometheusSetup) -> String {
    let mut text = String::from("global: {scrape_interval: 1s, evaluation_interval: 1s}\n");
    if !setup.rules.is_empty() {
        text.push_str("rule_files: [rules.yaml]\n");
    }
    if !setup.alertmanager.is_empty() {
        let address = setup.alertmanager.trim_start_matches("http://");
        text.push_str(&format!(
            "alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{address}']}}]}}]}}\n"
        ));
    }
    text.push_str("scrape_configs:\n");
    for (job, address) in &setup.scraped {
        text.push_str(&format!("- {{job_name: {job}, static_configs: [{{targets: ['{address}']}}]}}\n"));
    }
    if setup.scraped.is_empty() {
        text.push_str("- {job_name: none, static_configs: []}\n");
    }
    text
}
