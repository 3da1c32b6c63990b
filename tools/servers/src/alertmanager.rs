//! Alertmanager.

use anyhow::Result;
use tempfile::TempDir;

use crate::process::{Program, Server, free_port};

/// A running Alertmanager that sends to nobody.
#[derive(Debug)]
pub struct Alertmanager {
    server: Server,
    _folder: TempDir,
}

impl Alertmanager {
    /// Programs it needs.
    pub const PROGRAMS: &[&str] = &["prometheus-alertmanager"];

    /// Starts one.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start() -> Result<Alertmanager> {
        let folder = TempDir::new()?;
        let port = free_port()?;
        let configuration = "route: {receiver: none, group_wait: 1s}\nreceivers: [{name: none}]\n";
        std::fs::write(folder.path().join("alertmanager.yaml"), configuration)?;
        let arguments = [
            "--config.file=alertmanager.yaml".to_owned(),
            "--storage.path=data".to_owned(),
            format!("--web.listen-address=127.0.0.1:{port}"),
            // Alone: no gossip with others.
            "--cluster.listen-address=".to_owned(),
        ];
        let arguments = arguments.into_iter().map(Into::into).collect();
        let program = Program { name: "prometheus-alertmanager", arguments, port, ready: Some("/-/ready") };
        Ok(Alertmanager { server: Server::start(&program, folder.path())?, _folder: folder })
    }

    /// Where it serves.
    pub fn url(&self) -> String {
        self.server.url()
    }
}
