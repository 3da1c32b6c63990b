//! Real systems that tests run against: started on a random port of this machine with their data in a temporary folder, and
//! ended when dropped.
//!
//! A test whose system is not installed is skipped, and says so on standard error; with `MIDWATCH_REQUIRE_SERVERS=1` it fails
//! instead, so that nobody takes a skipped test for a passed one. `.ci/setup servers` installs what is missing. Of Kubernetes, which has no
//! server to install, there is a small stand-in. None of it is shipped.

mod alertmanager;
pub mod kubernetes;
mod process;
mod prometheus;

pub use alertmanager::Alertmanager;
pub use process::{Program, Server, free_port, installed};
pub use prometheus::{Prometheus, PrometheusSetup};
