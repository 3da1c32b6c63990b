//! Objects of one kind, and what is known about those that are not there.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::ObjectKey;

/// What looking for one object gave. Absence of evidence and evidence of absence are different answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<T> {
    /// It is there.
    Present(T),
    /// Somebody asked for it, or listed its kind where it would be, and it was not there.
    NotFound,
    /// Its kind was listed where it would be, and there was none at all.
    Empty,
    /// It cannot be said: nobody asked, access was refused, or the answer could not be read. With the reason.
    Unreadable(String),
}

impl<T> Seen<T> {
    /// The object, if it is there.
    pub fn present(self) -> Option<T> {
        match self {
            Seen::Present(object) => Some(object),
            Seen::NotFound | Seen::Empty | Seen::Unreadable(_) => None,
        }
    }

    /// Whether it is known not to exist.
    pub fn is_absent(&self) -> bool {
        matches!(self, Seen::NotFound | Seen::Empty)
    }
}

/// How close to the API a text is. Earlier ones win where two disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Form {
    /// The API's own JSON or YAML.
    Live,
    /// `kubectl describe`.
    Describe,
    /// A row of `kubectl get`.
    Table,
    /// A file somebody means to apply, or the last applied configuration.
    Manifest,
}

/// Where in the capture something was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Index of the document.
    pub(crate) document: u32,
    /// First byte of the part that speaks of it.
    pub(crate) start: u32,
    /// Byte after the last.
    pub(crate) end: u32,
    /// How close to the API.
    pub(crate) form: Form,
}

/// One object with where it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<T> {
    /// Its name.
    pub key: ObjectKey,
    /// Its fields, merged from every form of it: the API's answer wins over `describe`, that over tables, and files
    /// only fill what the others never print.
    pub object: T,
    /// Its row in tables, column title → cell, merged over all tables it stands in.
    pub row: BTreeMap<String, String>,
    /// Where it was read, nearest to the API first.
    pub origins: Vec<Origin>,
}

/// How a listing ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListingState {
    Listed,
    Empty,
    Refused(String),
}

/// All objects of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Objects<T> {
    pub(crate) records: BTreeMap<(String, String), Record<T>>,
    /// Namespace → how listing it ended; the empty namespace stands for all of them.
    pub(crate) listings: BTreeMap<String, ListingState>,
    pub(crate) absent: BTreeSet<(String, String)>,
    /// Objects that are there and could not be read, with the reason.
    pub(crate) unreadable: BTreeMap<(String, String), String>,
}

impl<T> Default for Objects<T> {
    fn default() -> Self {
        Objects {
            records: BTreeMap::new(),
            listings: BTreeMap::new(),
            absent: BTreeSet::new(),
            unreadable: BTreeMap::new(),
        }
    }
}

impl<T> Objects<T> {
    /// Looks for one object. `namespace` is empty for kinds outside namespaces.
    pub fn get(&self, namespace: &str, name: &str) -> Seen<&Record<T>> {
        let key = (namespace.to_owned(), name.to_owned());
        if let Some(record) = self.records.get(&key) {
            return Seen::Present(record);
        }
        if let Some(why) = self.unreadable.get(&key) {
            return Seen::Unreadable(why.clone());
        }
        if self.absent.contains(&key) {
            return Seen::NotFound;
        }
        match self.listing(namespace) {
            Some(ListingState::Listed) => Seen::NotFound,
            Some(ListingState::Empty) => Seen::Empty,
            Some(ListingState::Refused(why)) => Seen::Unreadable(why.clone()),
            None => Seen::Unreadable("not in the capture".to_owned()),
        }
    }

    /// Whether all objects of the kind in a namespace are known, so that what is missing does not exist.
    pub fn is_listed(&self, namespace: &str) -> bool {
        matches!(self.listing(namespace), Some(ListingState::Listed | ListingState::Empty))
    }

    fn listing(&self, namespace: &str) -> Option<&ListingState> {
        let own = self.listings.get(namespace);
        let all = self.listings.get("");
        match (own, all) {
            (Some(ListingState::Refused(_)) | None, Some(all)) => Some(all),
            (own, _) => own,
        }
    }

    /// Every object, by namespace and name.
    pub fn iter(&self) -> impl Iterator<Item = &Record<T>> {
        self.records.values()
    }

    /// Every object of a namespace, by name.
    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Record<T>> {
        self.records
            .range((namespace.to_owned(), String::new())..)
            .take_while(move |((of, _), _)| of == namespace)
            .map(|(_, record)| record)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none, for whatever reason.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

/// A field in which the live object and a file that describes it disagree. The live value is the one used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Drift {
    /// The object.
    pub key: ObjectKey,
    /// Path of the field: `spec.replicas`, `spec.template.spec.containers[server].image`.
    pub field: String,
    /// Its value in the cluster.
    pub live: String,
    /// Its value in the file.
    pub file: String,
    /// Command or path of the file.
    pub source: String,
}
