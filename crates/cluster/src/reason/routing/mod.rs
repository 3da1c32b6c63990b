//! Reasons about the walk of a call: client, name, port, protocol, selector, target port, endpoint, gateway, policy.

mod address;
mod borrowed;
mod certificates;
mod clients;
mod dns;
mod gateways;
mod ground;
mod ingress;
mod policies;
mod ports;
mod route_files;
mod selectors;
mod symptoms;
#[cfg(test)]
mod tests;

use crate::context::Context;
use crate::fault::Fault;
use crate::picture::Picture;

pub(crate) use clients::configured_calls;

/// All faults of this subject.
pub(crate) fn faults(picture: &Picture, context: &Context) -> Vec<Fault> {
    let ground = ground::Ground::new(picture, context);
    let mut faults = selectors::faults(&ground);
    faults.extend(ports::faults(&ground));
    faults.extend(clients::faults(&ground));
    faults.extend(dns::faults(&ground));
    faults.extend(gateways::faults(&ground));
    faults.extend(ingress::faults(&ground));
    faults.extend(policies::faults(&ground));
    faults.extend(certificates::faults(&ground));
    faults
}
