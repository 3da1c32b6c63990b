//! Reading diffs as behaviour removed and added.
//!
//! [`read_diff`] says what a diff does, [`ties`] how it relates to what telemetry says. Heuristic lexing by tokens, no
//! grammars: Go, Java, Kotlin, Python, JavaScript, TypeScript, Ruby, Rust, C#, PHP, C and C++, SQL, settings in YAML, JSON,
//! TOML, ini, properties and env, container files and HCL.

mod behaviour;
mod cancel;
mod facts;
mod kinds;
mod lex;
mod numbers;
mod pair;
mod parse;
mod path_class;
mod quantity;
mod reader;
mod rules_config;
mod rules_order;
mod rules_pair;
mod rules_single;
mod rules_sql;
mod sql;
mod statement;
mod ties;
mod vocabulary;
mod words_of;

#[cfg(test)]
mod tests;

pub use behaviour::{BehaviourChange, DiffReading, Touched, read_diff};
pub use kinds::{KINDS, weight_of};
pub use numbers::NumberChange;
pub use parse::split_unified;
pub use path_class::{PathClass, path_class};
pub use quantity::{Quantity, Unit, parse_quantity};
pub use sql::SqlShape;
pub use ties::{Tie, TieKind, WeightedWord, frame_touches, ties};
pub use words_of::RareWord;
