//! The built-in mechanism files. Add a file here to build it in.

/// File name and text of each built-in file.
pub(super) const FILES: &[(&str, &str)] = &[
    ("code.toml", include_str!("../../mechanisms/code.toml")),
    ("configuration.toml", include_str!("../../mechanisms/configuration.toml")),
    ("resource.toml", include_str!("../../mechanisms/resource.toml")),
    ("dependency.toml", include_str!("../../mechanisms/dependency.toml")),
    ("kubernetes.toml", include_str!("../../mechanisms/kubernetes.toml")),
    ("outside.toml", include_str!("../../mechanisms/outside.toml")),
];
