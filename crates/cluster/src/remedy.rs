//! Commands for people to run, in a form that a shell takes as they stand.
//!
//! A remedy is a sentence in which each command stands between backticks. What only the operator can decide is a
//! placeholder in angle brackets and capitals (`<MEMORY>`), which the sentence then explains.

use std::borrow::Cow;

use crate::kind::{Kind, ObjectKey};

/// One word of a shell's command line, quoted where the shell would read more into it than letters.
///
/// Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting.
pub(crate) fn word(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:=@%+,-".contains(c);
    // A placeholder stays bare: a shell that is given one reads a redirection from a file that is not there, and runs
    // nothing.
    if !text.is_empty() && without_placeholders(text).chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    // Backticks would end the command's own quotation, line breaks the sentence.
    let text = text.replace(['`', '\n', '\r'], " ");
    Cow::Owned(format!("'{}'", text.replace('\'', "'\\''")))
}

/// The text without `<MEMORY>` and the like: values that only the operator knows.
fn without_placeholders(text: &str) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        let Some((name, behind)) = after.split_once('>') else { break };
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') {
            break;
        }
        left.push_str(before);
        rest = behind;
    }
    left.push_str(rest);
    left
}

/// A command as a remedy shows it.
pub(crate) fn command(words: &[&str]) -> String {
    let words: Vec<Cow<'_, str>> = words.iter().map(|one| word(one)).collect();
    format!("`{}`", words.join(" "))
}

/// `kubectl` with words, in a namespace; an object outside namespaces has none, and one whose namespace the capture does
/// not tell gets a placeholder.
pub(crate) fn kubectl(key: &ObjectKey, words: &[&str]) -> String {
    let mut all = vec!["kubectl"];
    all.extend(words);
    if !key.kind.is_cluster_scoped() {
        all.extend(["-n", if key.namespace.is_empty() { "<NAMESPACE>" } else { &key.namespace }]);
    }
    command(&all)
}

/// The word `kubectl` takes for a kind.
pub(crate) fn kind(kind: Kind) -> String {
    kind.as_str().to_ascii_lowercase()
}

/// `deployment/web`.
pub(crate) fn target(key: &ObjectKey) -> String {
    format!("{}/{}", kind(key.kind), key.name)
}

/// A verb on an object: `kubectl describe deployment web -n shop`.
pub(crate) fn on(verb: &str, key: &ObjectKey) -> String {
    kubectl(key, &[verb, &kind(key.kind), &key.name])
}

/// What a pod or the pods of a workload log; of one container when its name is known, of the instance before this one
/// when `previous`.
pub(crate) fn logs(key: &ObjectKey, container: &str, previous: bool) -> String {
    let of = if key.kind == Kind::Pod { key.name.clone() } else { target(key) };
    let mut words = vec!["logs", of.as_str()];
    if !container.is_empty() {
        words.extend(["-c", container]);
    }
    if previous {
        words.push("--previous");
    }
    kubectl(key, &words)
}

/// Changes fields of an object: a merge patch in JSON.
pub(crate) fn patch(key: &ObjectKey, json: &str) -> String {
    kubectl(key, &["patch", &kind(key.kind), &key.name, "--type=merge", "-p", json])
}

/// Sets requests or limits of a workload's containers: `--limits=memory=<MEMORY>`; of one container when its name is
/// known. A bare pod's cannot be set, so it is shown for editing.
pub(crate) fn resources(key: &ObjectKey, container: &str, what: &str) -> String {
    if key.kind == Kind::Pod {
        return kubectl(key, &["get", "pod", &key.name, "-o", "yaml"]);
    }
    let of = target(key);
    let mut words = vec!["set", "resources", of.as_str()];
    if !container.is_empty() {
        words.extend(["-c", container]);
    }
    words.push(what);
    kubectl(key, &words)
}

/// Starts the pods of a workload anew.
pub(crate) fn restart(key: &ObjectKey) -> String {
    match key.kind {
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet => {
            kubectl(key, &["rollout", "restart", &target(key)])
        }
        // Whoever made it makes it again.
        _ => on("delete", key),
    }
}

/// The commands of a remedy, without their backticks.
#[cfg(test)]
pub(crate) fn commands(remedy: &str) -> Vec<&str> {
    remedy.split('`').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_the_program_as_they_are() {
        for (text, quoted) in [
            ("web-1.2", "web-1.2"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("$(reboot)", "'$(reboot)'"),
            ("a;b", "'a;b'"),
            ("a`b", "'a b'"),
            ("", "''"),
            ("{\"a\":1}", "'{\"a\":1}'"),
            ("<MEMORY>", "<MEMORY>"),
            ("<lower>", "'<lower>'"),
            ("limits=cpu=<CPU>", "limits=cpu=<CPU>"),
            ("<A>;<B>", "'<A>;<B>'"),
        ] {
            assert_eq!(word(text), quoted);
        }
    }

    #[test]
    fn commands_name_object_and_namespace() {
        let web = ObjectKey::new(Kind::Deployment, "shop", "web");
        assert_eq!(on("describe", &web), "`kubectl describe deployment web -n shop`");
        assert_eq!(logs(&web, "", true), "`kubectl logs deployment/web --previous -n shop`");
        let pod = ObjectKey::new(Kind::Pod, "shop", "web-1");
        assert_eq!(logs(&pod, "app", false), "`kubectl logs web-1 -c app -n shop`");
        let node = ObjectKey::new(Kind::Node, "", "n1");
        assert_eq!(on("uncordon", &node), "`kubectl uncordon node n1`");
        let unknown = ObjectKey::new(Kind::Service, "", "web");
        assert_eq!(on("describe", &unknown), "`kubectl describe service web -n <NAMESPACE>`");
        assert_eq!(
            patch(&web, "{\"spec\":{\"paused\":false}}"),
            "`kubectl patch deployment web --type=merge -p '{\"spec\":{\"paused\":false}}' -n shop`"
        );
        assert_eq!(commands("do `a b`, then `c`"), ["a b", "c"]);
    }
}
