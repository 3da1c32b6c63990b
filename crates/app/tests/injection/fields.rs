//! The fields that no form of a report shows, with the reason.

const UNQUOTED: &str = "what cannot be read is counted with its file and line, not quoted";
const A_WORD: &str = "read as one of a few words; any other is no word";
const A_NUMBER: &str = "read as a number; any other text is none";
const UNKNOWN_KEY: &str = "a key that nobody knows is ignored";
const ELSEWHERE: &str = "nothing relates it to those involved";

/// Field, reason. A field that is shown after all fails the test as one does that is not.
pub(crate) const NEVER_SHOWN: [(&str, &str); 28] = [
    ("a time that is none", UNQUOTED),
    ("alert: a key nobody knows", UNKNOWN_KEY),
    ("alert: value of a key nobody knows", UNKNOWN_KEY),
    ("alert: condition", "read for a metric and a threshold, which the alert also states by themselves"),
    ("alert: observed", A_NUMBER),
    ("alert: threshold", A_NUMBER),
    ("alert: severity", A_WORD),
    ("alert: status", A_WORD),
    ("body of a document", "a document is listed by its title; its body is searched for names"),
    ("commits: time", UNQUOTED),
    ("deploys: value of a further key", "a deploy is told by its version, its commit and its own words"),
    ("logs: level", A_WORD),
    ("logs: service that is nowhere else", ELSEWHERE),
    ("logs: time", UNQUOTED),
    ("metrics: help text", "not read"),
    ("metrics: unit", A_WORD),
    ("metrics: unit in the text format", A_WORD),
    ("patterns: change of the count", A_NUMBER),
    ("patterns: sentiment", A_WORD),
    ("patterns: service", ELSEWHERE),
    ("topology: kind of a relation", A_WORD),
    ("topology: kind of an entity", A_WORD),
    ("traces: kind", A_WORD),
    ("traces: operation called", "its spans take as long as before; those that call it are told"),
    ("traces: span id", "a trace is named, and its spans by their operation"),
    ("traces: start", UNQUOTED),
    ("traces: status", A_WORD),
    (
        "traces: value of an attribute",
        "an attribute is shown when its values differ between good and bad spans",
    ),
];
