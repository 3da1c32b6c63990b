//! Where the configuration lies when nobody says.

use std::path::{Path, PathBuf};

/// Where a configuration was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigSought {
    /// Here it is.
    Found(PathBuf),
    /// In none of these places.
    Nowhere(Vec<PathBuf>),
}

/// The configuration: what somebody `chosen`, else `$MIDWATCH_CONFIG`, else `midwatch.toml` in the current directory, in
/// `$XDG_CONFIG_HOME/midwatch` or `~/.config/midwatch`, or in `/etc/midwatch`. A file that somebody named counts as found; reading it
/// tells whether it is there. `environment` gives variables' values.
pub fn find_config(chosen: Option<&Path>, environment: &dyn Fn(&str) -> Option<String>) -> ConfigSought {
    if let Some(path) = chosen {
        return ConfigSought::Found(path.to_owned());
    }
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    if let Some(path) = variable("MIDWATCH_CONFIG") {
        return ConfigSought::Found(PathBuf::from(path));
    }
    let mut places = vec![PathBuf::from("midwatch.toml")];
    let home = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".config")));
    places.extend(home.map(|home| home.join("midwatch/midwatch.toml")));
    places.push(PathBuf::from("/etc/midwatch/midwatch.toml"));
    match places.iter().find(|path| path.is_file()) {
        Some(path) => ConfigSought::Found(path.clone()),
        None => ConfigSought::Nowhere(places),
    }
}
