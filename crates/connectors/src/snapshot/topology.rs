//! Entities and relations that a snapshot states.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_model::{EntityId, EntityKind, Relation, RelationKind, Topology};
use serde_json::{Map, Value};

use super::classify::FileKind;
use super::damage::DamageLog;
use super::keys::{pick, pick_text, plain, scalar_text};
use super::records;
use super::scan::SnapshotFile;

/// Relations kept.
const RELATIONS_MAX: usize = 200_000;

/// Reads every topology file.
pub(super) fn read(files: &[SnapshotFile], damage: &mut DamageLog) -> Topology {
    let mut gathered = Gathered::default();
    for file in files {
        let mut take = |found: records::Record, damage: &mut DamageLog| match found.value {
            Value::Object(object) => gathered.object(&object, file, found.line, damage),
            Value::Array(pair) => gathered.pair(&pair, file, found.line, damage),
            _ => damage.row(&file.relative, found.line, "a relation that is no JSON object"),
        };
        match file.kind {
            FileKind::Topology => records::for_each(file, damage, &mut take),
            FileKind::TopologyCsv => records::for_each_row(file, damage, &mut take),
            _ => {}
        }
    }
    gathered.finish()
}

#[derive(Default)]
struct Gathered {
    kinds: BTreeMap<String, Option<EntityKind>>,
    relations: BTreeSet<(String, String, RelationKind)>,
}

impl Gathered {
    /// A whole document, a list entry, or one relation.
    fn object(
        &mut self,
        object: &Map<String, Value>,
        file: &SnapshotFile,
        line: u64,
        damage: &mut DamageLog,
    ) {
        if self.relation(object) {
            return;
        }
        let mut understood = false;
        if let Some((_, entities)) = pick(object, &["entities", "nodes", "services", "components"]) {
            understood = true;
            self.entities(entities);
        }
        if let Some((_, relations)) = pick(object, &["relations", "edges", "links", "dependencies", "calls"])
        {
            understood = true;
            self.relations(relations, file, line, damage);
        }
        if !understood && let Some(name) = pick_text(object, &["name", "id", "service"]) {
            understood = true;
            self.entity(name, object);
        }
        // `{"svc-a": ["svc-b"]}`: callers with what they call.
        if !understood && object.values().all(Value::is_array) && !object.is_empty() {
            understood = true;
            self.adjacency(object);
        }
        if !understood {
            damage.row(&file.relative, line, "neither an entity nor a relation");
        }
    }

    fn entities(&mut self, value: &Value) {
        match value {
            Value::Array(items) => {
                for item in items {
                    match item {
                        Value::Object(object) => {
                            if let Some(name) = pick_text(object, &["name", "id", "service", "entity"]) {
                                self.entity(name, object);
                            }
                        }
                        other => {
                            if let Some(name) = scalar_text(other) {
                                self.kinds.entry(name).or_insert(None);
                            }
                        }
                    }
                }
            }
            Value::Object(by_name) => {
                for (name, value) in by_name {
                    match value {
                        Value::Object(object) => self.entity(name.clone(), object),
                        other => {
                            let kind = scalar_text(other).and_then(|word| kind_named(&word));
                            self.kinds.insert(name.clone(), kind);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn entity(&mut self, name: String, object: &Map<String, Value>) {
        let kind = pick_text(object, &["kind", "type", "category"]).and_then(|word| kind_named(&word));
        if let Some((_, Value::Array(callees))) =
            pick(object, &["dependencies", "dependson", "calls", "upstreams"])
        {
            for callee in callees.iter().filter_map(scalar_text) {
                self.link(name.clone(), callee, RelationKind::Calls);
            }
        }
        self.kinds.insert(name, kind);
    }

    fn relations(&mut self, value: &Value, file: &SnapshotFile, line: u64, damage: &mut DamageLog) {
        match value {
            Value::Array(items) => {
                for item in items {
                    match item {
                        Value::Object(object) if self.relation(object) => {}
                        Value::Array(pair) => self.pair(pair, file, line, damage),
                        _ => damage.row(&file.relative, line, "a relation without its two ends"),
                    }
                }
            }
            Value::Object(adjacency) => self.adjacency(adjacency),
            _ => {}
        }
    }

    fn adjacency(&mut self, adjacency: &Map<String, Value>) {
        for (from, callees) in adjacency {
            for to in callees.as_array().into_iter().flatten().filter_map(scalar_text) {
                self.link(from.clone(), to, RelationKind::Calls);
            }
        }
    }

    fn pair(&mut self, pair: &[Value], file: &SnapshotFile, line: u64, damage: &mut DamageLog) {
        match (pair.first().and_then(scalar_text), pair.get(1).and_then(scalar_text)) {
            (Some(from), Some(to)) => self.link(from, to, RelationKind::Calls),
            _ => damage.row(&file.relative, line, "a relation without its two ends"),
        }
    }

    fn relation(&mut self, object: &Map<String, Value>) -> bool {
        let from = pick_text(object, &["from", "source", "caller", "src", "parent", "upstream", "consumer"]);
        let to = pick_text(object, &["to", "target", "callee", "dst", "destination", "child", "downstream"]);
        let (Some(from), Some(to)) = (from, to) else { return false };
        let kind = pick_text(object, &["kind", "type", "relation"]).and_then(|word| relation_named(&word));
        self.link(from, to, kind.unwrap_or(RelationKind::Calls));
        true
    }

    fn link(&mut self, from: String, to: String, kind: RelationKind) {
        if self.relations.len() < RELATIONS_MAX {
            self.kinds.entry(from.clone()).or_insert(None);
            self.kinds.entry(to.clone()).or_insert(None);
            self.relations.insert((from, to, kind));
        }
    }

    fn finish(self) -> Topology {
        let mut kinds: BTreeMap<String, EntityKind> = BTreeMap::new();
        for (name, kind) in self.kinds {
            kinds.insert(name, kind.unwrap_or(EntityKind::Service));
        }
        let entity =
            |name: &str| EntityId::new(kinds.get(name).copied().unwrap_or(EntityKind::Service), name);
        let mut entities: Vec<EntityId> = kinds.keys().map(|name| entity(name)).collect();
        entities.sort();
        let relation = |(from, to, kind): &(String, String, RelationKind)| Relation {
            from: entity(from),
            to: entity(to),
            kind: *kind,
            evidence: Vec::new(),
        };
        let mut relations: Vec<Relation> = self.relations.iter().map(relation).collect();
        relations.sort();
        Topology { entities, relations }
    }
}

fn kind_named(word: &str) -> Option<EntityKind> {
    Some(match plain(word).as_str() {
        "service" | "app" | "application" | "microservice" => EntityKind::Service,
        "endpoint" | "operation" | "route" => EntityKind::Endpoint,
        "workload" | "deployment" | "statefulset" | "daemonset" | "job" => EntityKind::Workload,
        "pod" | "container" | "instance" => EntityKind::Pod,
        "node" | "host" | "machine" | "vm" | "server" => EntityKind::Node,
        "database" | "db" | "cache" | "datastore" | "store" => EntityKind::Database,
        "queue" | "topic" | "stream" | "broker" => EntityKind::Queue,
        "external" | "thirdparty" | "provider" | "saas" => EntityKind::External,
        "repository" | "repo" => EntityKind::Repository,
        "dashboard" => EntityKind::Dashboard,
        "team" => EntityKind::Team,
        _ => return None,
    })
}

fn relation_named(word: &str) -> Option<RelationKind> {
    Some(match plain(word).as_str() {
        "calls" | "call" | "dependson" | "uses" | "http" | "grpc" => RelationKind::Calls,
        "consumes" | "consume" | "reads" | "subscribes" => RelationKind::Consumes,
        "produces" | "produce" | "publishes" | "writes" => RelationKind::Produces,
        "runson" | "scheduledon" | "hostedon" | "partof" => RelationKind::RunsOn,
        "builtfrom" => RelationKind::BuiltFrom,
        "ownedby" => RelationKind::OwnedBy,
        _ => return None,
    })
}
