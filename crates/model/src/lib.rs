//! The nouns of Midwatch: values that are stored or cross two crates.
//!
//! Nothing here does IO, reads a clock or draws a random number. Wrong values are unbuildable where a type can
//! forbid them: a [`Claim`] cannot exist without evidence, a [`Window`] always has `start < end`, and two
//! [`EntityId`]s of different environments are never equal.

mod change;
mod cluster;
mod entity;
mod evidence;
mod finding;
mod id;
mod journal;
mod measure;
mod plan;
mod report;
mod theory;
mod trigger;
mod window;

pub use change::{Change, ChangeKind, Commit, FileDiff};
pub use cluster::{
    CLUSTER_CHECK_SCHEMA, ClusterCheck, ClusterCount, ClusterFact, ClusterProblem, ProblemCertainty,
    ProblemStanding,
};
pub use entity::{Alias, EntityId, EntityKind, Relation, RelationKind, Scope, Topology};
pub use evidence::{Answer, Citation, Damage, Evidence, LogLine, PointSeries, Visibility};
pub use finding::{Direction, Finding, FindingKind, Onset, Strength};
pub use id::{ChangeId, ContentId, EvidenceId, FindingId, InvestigationId, StepId, TheoryId, content_hash};
pub use jiff::{SignedDuration, Timestamp};
pub use journal::{Actor, ENTRY_VERSION, Entry, EntryKind, UpcastError};
pub use measure::{Measure, Quantity, Unit};
pub use plan::{Budget, Gap, Plan, Question, QuestionKind, Round, Signal, Step};
pub use report::{
    Chart, Claim, Impact, REPORT_SCHEMA, Recommendation, Report, RunFacts, SourceNote, Spread, SpreadEdge,
    TimelineEvent, TimelineKind, TrailStep, Victim,
};
pub use theory::{
    Probability, Refutation, Term, TermKind, TestOutcome, Theory, TheoryStatus, Verdict, VerdictKind,
};
pub use trigger::{Alert, AlertState, Incident, Owner, Severity, Trigger, TriggerKind};
pub use window::Window;
