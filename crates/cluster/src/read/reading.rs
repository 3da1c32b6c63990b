//! What reading a capture gives.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kind::{Kind, ObjectKey};
use crate::picture::{Connection, Event, ListingState, LogText, NodePod, NodeService, Origin, Unread, Usage};

/// What one text says about one object, in the shape of the API (`metadata`, `spec`, `status`, `data`).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Partial {
    pub key: ObjectKey,
    pub origin: Origin,
    pub value: Value,
    /// Column title → cell, for rows of tables.
    pub row: BTreeMap<String, String>,
}

/// A listing of one kind in one namespace (empty: in all of them, or a kind outside namespaces).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listing {
    pub kind: Kind,
    pub namespace: String,
    pub state: ListingState,
}

/// All that was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Reading {
    pub partials: Vec<Partial>,
    /// Objects of large lists, left where they lie until each is needed, so that not all are held twice.
    pub left: Vec<(ObjectKey, Origin)>,
    pub events: Vec<Event>,
    pub logs: Vec<LogText>,
    pub node_services: Vec<NodeService>,
    pub connections: Vec<Connection>,
    pub usage: Vec<Usage>,
    pub node_pods: Vec<NodePod>,
    pub listings: Vec<Listing>,
    pub absent: Vec<ObjectKey>,
    pub unread: Vec<Unread>,
}
