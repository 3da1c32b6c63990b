//! One file for each suite: from its files to inputs of the product, and from its answers to right and wrong.

pub(crate) mod baselines;
pub(crate) mod cloud_opsbench;
pub(crate) mod cluster_scale;
pub(crate) mod incidents;
pub(crate) mod loghub;
pub(crate) mod opensre;
pub(crate) mod rootcausebench;
pub(crate) mod thinned;
