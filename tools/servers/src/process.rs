//! A program that serves: started, waited for, ended.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a server may take to answer first.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Bytes of its log that a failure shows.
const LOG_TAIL: usize = 4_000;

/// What to run, and how to see that it serves.
pub struct Program {
    /// Its name on `PATH`.
    pub name: &'static str,
    /// Arguments.
    pub arguments: Vec<OsString>,
    /// Port it will listen on.
    pub port: u16,
    /// Path that answers 200 once it serves; `None` when an open port is enough.
    pub ready: Option<&'static str>,
}

/// A running server; dropping it ends it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Server {
    /// Starts `program`, with its log in `folder`, and waits until it serves.
    ///
    /// # Errors
    /// When it cannot be started, ends at once or does not answer in time; the end of its log is part of the message.
    pub fn start(program: &Program, folder: &Path) -> Result<Server> {
        let log = folder.join(format!("{}.log", program.name));
        let written = File::create(&log).with_context(|| log.display().to_string())?;
        let child = Command::new(program.name)
            .args(&program.arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(written.try_clone()?)
            .stderr(written)
            .spawn()
            .with_context(|| format!("could not start {}", program.name))?;
        let mut server = Server { child, port: program.port, log };
        let started = Instant::now();
        while !server.answers(program.ready) {
            if let Some(status) = server.child.try_wait()? {
                bail!("{} ended at once ({status}): {}", program.name, server.log_tail());
            }
            if started.elapsed() > READY_WITHIN {
                bail!("{} does not answer: {}", program.name, server.log_tail());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // Another program may have taken the port first and answer in its place; this one then ends.
        std::thread::sleep(Duration::from_millis(50));
        if let Some(status) = server.child.try_wait()? {
            bail!("{} ended at once ({status}): {}", program.name, server.log_tail());
        }
        Ok(server)
    }

    /// Where it serves.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The end of what it has logged.
    pub fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let from = text.len().saturating_sub(LOG_TAIL);
        text.get(from..).unwrap_or(&text).to_owned()
    }

    fn answers(&self, path: Option<&str>) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let Some(path) = path else { return true };
        let request = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
        let mut head = [0u8; 12];
        stream.set_read_timeout(Some(Duration::from_secs(2))).is_ok()
            && stream.write_all(request.as_bytes()).is_ok()
            && stream.read_exact(&mut head).is_ok()
            && head.ends_with(b"200")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of this machine that nobody listens on.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Whether all of `programs` are on `PATH`. When one is not, says that `test` is skipped and how to install it.
///
/// # Panics
/// When one is not and `MIDWATCH_REQUIRE_SERVERS` is set.
#[allow(clippy::panic)]
pub fn installed(test: &str, programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let missing: Vec<&str> = programs
        .iter()
        .copied()
        .filter(|program| !std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
        .collect();
    if missing.is_empty() {
        return true;
    }
    let told = format!("{} not installed; `INSTALL=1 .ci/setup servers` installs it", missing.join(" and "));
    if std::env::var_os("MIDWATCH_REQUIRE_SERVERS").is_some_and(|value| !value.is_empty() && value != "0") {
        panic!("{test} needs what is {told}");
    }
    // Past the test harness, which shows what a passing test prints to nobody.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {told}");
    false
}
