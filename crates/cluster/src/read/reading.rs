//! What reading a capture gives.

use std::collections::BTreeMap;

use serde_json::Value;

use super::errors::Trouble;
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Connection, Event, ListingState, LogText, NodePod, NodeService, Origin, Unread, Usage};

/// What one text says about one object, in the shape of the API (`metadata`, `spec`, `status`, `data`).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Partial {
    pub key: ObjectKey,
    /// What tells kinds without a variant of their own apart (`scaledobject.keda.sh`); empty where the key or the text
    /// does not need it.
    pub custom: String,
    pub origin: Origin,
    pub value: Value,
    /// Column title → cell, for rows of tables.
    pub row: BTreeMap<String, String>,
}

/// An object of a large list, left where it lies until it is needed, so that not all are held twice.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Left {
    pub key: ObjectKey,
    /// As in [`Partial`].
    pub custom: String,
    pub origin: Origin,
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
    pub left: Vec<Left>,
    pub events: Vec<Event>,
    pub logs: Vec<LogText>,
    pub node_services: Vec<NodeService>,
    pub connections: Vec<Connection>,
    pub usage: Vec<Usage>,
    pub node_pods: Vec<NodePod>,
    pub listings: Vec<Listing>,
    pub absent: Vec<ObjectKey>,
    /// What kept answers away, and where it was said.
    pub troubles: Vec<(Trouble, Origin)>,
    pub unread: Vec<Unread>,
}
