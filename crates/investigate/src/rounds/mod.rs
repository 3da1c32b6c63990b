//! The rounds: each asks, waits, and makes a stage value of what came back.

mod alerted;
mod attribute;
mod declared;
mod holes;
mod localise;
mod orient;
mod sampling;
mod steps;
#[cfg(test)]
mod tests;
mod unrecorded;
mod unseen;

pub(crate) use alerted::{answers_alerts, believe_alerts};
pub(crate) use attribute::attribute;
pub(crate) use declared::cluster_state;
pub(crate) use holes::note_holes;
pub(crate) use localise::{asked_for_by_callers, explain, localise};
pub(crate) use orient::{is_worse, orient, settle_condition};
pub(crate) use sampling::note_reservations;
pub(crate) use steps::Session;
pub(crate) use unseen::note_unseen;
