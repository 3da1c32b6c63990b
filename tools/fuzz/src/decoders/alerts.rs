//! Alerts, as each connector that takes some decodes them. Their fixtures are the corpus.

use anyhow::Result;
use midwatch_connectors::SPECS;

use super::{Decoder, bytes_of, folder, seeds};
use crate::reading;

/// One decoder for each connector that takes alerts.
pub(super) fn all() -> Result<Vec<Decoder>> {
    let mut decoders = Vec::new();
    for spec in SPECS {
        let Some(decode) = spec.decode_alert else { continue };
        let fixtures = folder(&format!("crates/connectors/src/{}/fixtures", spec.id));
        decoders.push(Decoder {
            name: format!("alert-{}", spec.id),
            seeds: bytes_of(seeds(&fixtures)?),
            decode: Box::new(move |bytes| reading::of(&decode(bytes))),
        });
    }
    Ok(decoders)
}
