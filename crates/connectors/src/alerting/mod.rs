//! What the alert decoders of all systems share: bounds, words, times, labels and threshold expressions.

mod expression;
mod labels;
mod read;

pub(crate) use expression::{comparison, percent_decoded};
pub(crate) use labels::{annotations, insert, insert_tag, key, scalar_text, target};
pub(crate) use read::{cut, instant, leading_number, non_empty, number, parse, severity, state, trigger};

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
