//! A Kubernetes cluster as a specialist sees it: what was captured, the typed picture of it, and what is wrong in it.
//!
//! Text goes in ([`Capture`]: commands with what they printed, or the API's JSON), a [`Picture`] comes out, and
//! [`diagnose`] says which faults explain what is broken, each with the object that owns the broken field and with
//! quotations from the capture. Nothing here does IO, reads a clock or knows where a capture came from.

mod capture;
mod context;
mod diagnose;
mod fault;
mod health;
mod history;
mod kind;
mod picture;
mod quantity;
mod read;
mod reason;
mod remedy;

pub use capture::{Capture, Document};
pub use context::{Context, Measured, Measurement};
pub use diagnose::{Diagnosis, diagnose};
pub use fault::{Certainty, Fault, FaultKind, Stage, Standing};
pub use health::{Count, Unexplained, complete_workloads, counts, missing, unexplained, workload_keys};
pub use history::{ChangeSort, PastChange, brought_by, history};
pub use kind::{Kind, ObjectKey};
pub use picture::{
    Connection, Drift, Event, Fact, LogText, NodePod, NodeService, Objects, Origin, Outcome, Picture,
    PodState, Record, Seen, ServiceState, Severity, Unread, Usage, pod_state,
};
pub use quantity::Quantity;
pub use reason::workload::owner_of_pod;
