//! The typed picture of a cluster at the time of the capture.

mod assemble;
mod cite;
mod clock;
mod event;
mod merge;
mod objects;
mod pods;
mod whole;

pub use cite::Fact;
pub use event::{Event, Severity};
pub use objects::{Drift, Objects, Origin, Record, Seen};
pub use pods::{PodState, pod_state};
pub use whole::{Connection, LogText, NodePod, NodeService, Outcome, Picture, ServiceState, Unread, Usage};

pub(crate) use cite::without_passwords;
pub(crate) use objects::{Form, ListingState};
pub(crate) use whole::DocumentText;
