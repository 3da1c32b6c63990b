//! Programs that end because they may not read or write their volume.

use k8s_openapi::api::core::v1::{Container, PodSpec};

use crate::fault::{Certainty, Fault, FaultKind};
use crate::picture::Picture;
use crate::reason::symptoms::{Logs, active, broken, container_named, current_pods, statuses};
use crate::reason::workload::Workload;
use crate::remedy;

/// What `strerror(3)` and the languages' runtimes call EACCES, EPERM and EROFS.
const REFUSALS: [&str; 7] = [
    "ermission denied",
    "peration not permitted",
    "ead-only file system",
    "AccessDeniedException",
    "PermissionError",
    "EACCES",
    "EROFS",
];

/// Words of lines that are about something else than a file.
const NOT_FILES: [&str; 9] =
    ["exec", "user '", "role ", "for table", "socket", "bind", "publickey", "rpc error", "for relation"];

pub(super) fn faults(picture: &Picture, workload: &Workload<'_>, logs: &Logs<'_>) -> Option<Fault> {
    if logs.get(&workload.key).is_empty() {
        return None;
    }
    let spec = workload.spec()?;
    for (pod, state) in current_pods(workload) {
        if state.is_well() {
            continue;
        }
        for status in statuses(pod) {
            let fails = status.ended().is_some_and(|ended| ended.exit_code != 0);
            let Some(container) = container_named(workload, &status.status.name).filter(|_| fails) else {
                continue;
            };
            let name = Some(container.name.as_str());
            let Some(line) = logs.last_line(&workload.key, name, &REFUSALS) else { continue };
            if NOT_FILES.iter().any(|word| line.text.contains(word)) {
                continue;
            }
            let Some(mount) = mount_of(container, spec, line.text) else { continue };
            let mut fault = active(FaultKind::VolumePermissionDenied, &workload.key, Certainty::Shown);
            mount.0.clone_into(&mut fault.subject);
            fault.summary = format!(
                "container {} of {} ends because it may not use its volume {} at {}",
                container.name, workload.key, mount.0, mount.1
            );
            let statement = format!("{} says so before it ends", pod.key.name);
            fault.facts.push(picture.fact_at(line.log.origin, line.text, statement));
            let statement = format!("the volume {} is mounted at {}", mount.0, mount.1);
            fault.facts.push(picture.fact(&workload.key, mount.1, statement));
            fault.facts.push(picture.fact(
                &pod.key,
                "Exit Code",
                format!("{} is {}", pod.key.name, state.word),
            ));
            fault.explains = broken(picture, workload);
            fault.neighbours = vec![FaultKind::CrashLoop];
            fault.remedy = format!(
                "let the program's user own {}: set securityContext.fsGroup (or runAsUser) of {}, or change the owner \
                 of the files on the volume: {}",
                mount.1,
                workload.key,
                remedy::on("edit", &workload.key)
            );
            return Some(fault);
        }
    }
    None
}

/// The volume that a line speaks of, as (name, path): the mount that holds a path of the line; for a line without
/// any absolute path, the only data volume.
fn mount_of<'a>(container: &'a Container, spec: &'a PodSpec, line: &str) -> Option<(&'a str, &'a str)> {
    let data = container.volume_mounts.iter().flatten().filter(|mount| {
        let volume = spec.volumes.iter().flatten().find(|volume| volume.name == mount.name);
        let is_config = volume.is_some_and(|volume| {
            volume.projected.is_some() || volume.secret.is_some() || volume.config_map.is_some()
        });
        !is_config && !mount.mount_path.starts_with("/var/run/secrets/")
    });
    let mounts: Vec<(&str, &str)> =
        data.map(|mount| (mount.name.as_str(), mount.mount_path.as_str())).collect();
    let paths: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || "'\"`,;()[]=".contains(c))
        .filter(|word| word.starts_with('/') && word.len() > 1)
        .collect();
    let below = |mount: &str, path: &str| {
        let path = path.trim_end_matches(':');
        path.strip_prefix(mount.trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let named = mounts.iter().filter(|(_, mount)| paths.iter().any(|path| below(mount, path)));
    if let Some(found) = named.max_by_key(|(_, mount)| mount.len()) {
        return Some(*found);
    }
    match (paths.is_empty(), mounts.as_slice()) {
        (true, [only]) => Some(*only),
        _ => None,
    }
}
