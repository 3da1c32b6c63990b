//! Things in production and how they relate.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::EvidenceId;

/// What sort of thing an entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// A deployed program that answers requests or does work.
    Service,
    /// One operation of a service.
    Endpoint,
    /// A scheduled unit such as a deployment or a job.
    Workload,
    /// One running instance.
    Pod,
    /// A machine.
    Node,
    /// A database, cache or table store.
    Database,
    /// A queue or a topic.
    Queue,
    /// Something another organisation runs.
    External,
    /// A code repository.
    Repository,
    /// A dashboard.
    Dashboard,
    /// A team of people.
    Team,
}

impl EntityKind {
    /// The word used in text and in ids.
    pub fn as_str(self) -> &'static str {
        match self {
            EntityKind::Service => "service",
            EntityKind::Endpoint => "endpoint",
            EntityKind::Workload => "workload",
            EntityKind::Pod => "pod",
            EntityKind::Node => "node",
            EntityKind::Database => "database",
            EntityKind::Queue => "queue",
            EntityKind::External => "external",
            EntityKind::Repository => "repository",
            EntityKind::Dashboard => "dashboard",
            EntityKind::Team => "team",
        }
    }
}

/// Where an entity lives. Two entities with different scopes are different, whatever their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Scope {
    /// Organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// Environment such as `prod` or `staging`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Cluster, or cloud account and region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Namespace inside the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

impl Scope {
    /// Whether nothing is known about the place.
    pub fn is_unknown(&self) -> bool {
        *self == Scope::default()
    }
}

/// A thing in production: kind, scope and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntityId {
    /// What sort of thing.
    pub kind: EntityKind,
    /// Where it lives.
    #[serde(default, skip_serializing_if = "Scope::is_unknown")]
    pub scope: Scope,
    /// Its name in that place.
    pub name: String,
}

impl EntityId {
    /// An entity whose place is unknown.
    pub fn new(kind: EntityKind, name: impl Into<String>) -> EntityId {
        EntityId { kind, scope: Scope::default(), name: name.into() }
    }

    /// A service whose place is unknown.
    pub fn service(name: impl Into<String>) -> EntityId {
        EntityId::new(EntityKind::Service, name)
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.kind.as_str())?;
        let Scope { org, environment, cluster, namespace } = &self.scope;
        for part in [org, environment, cluster, namespace].into_iter().flatten() {
            write!(f, "{part}/")?;
        }
        f.write_str(&self.name)
    }
}

/// Another name of an entity, and why we believe it is the same thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Alias {
    /// The other name.
    pub name: String,
    /// Why they are the same.
    pub reason: String,
}

/// How two entities are related.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// `from` sends requests to `to`.
    Calls,
    /// `from` reads from or writes to the queue `to`.
    Consumes,
    /// `from` puts messages into the queue `to`.
    Produces,
    /// `from` runs on the machine or in the workload `to`.
    RunsOn,
    /// `from` is built from the repository or library `to`.
    BuiltFrom,
    /// `from` is owned by the team `to`.
    OwnedBy,
}

/// A directed relation with where it was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Relation {
    /// The dependent side.
    pub from: EntityId,
    /// The side it depends on.
    pub to: EntityId,
    /// How they relate.
    pub kind: RelationKind,
    /// Where this was seen; empty only before an evidence id exists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceId>,
}

/// Entities and relations as of a window.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topology {
    /// Every entity seen, sorted.
    pub entities: Vec<EntityId>,
    /// Every relation seen, sorted by from, to and kind.
    pub relations: Vec<Relation>,
}
