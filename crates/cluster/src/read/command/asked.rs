//! What a command asked for.

use super::request;
use super::shell::{self, Simple};
use crate::kind::Kind;

/// What a document answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A `kubectl` command, or a request to the API that asks the same.
    Kubectl(Box<Kubectl>),
    /// `systemctl status SERVICE`, on a machine when one is named (`ssh NODE systemctl status kubelet`).
    Service { node: String, service: String },
    /// `nc -vz HOST PORT`, from a machine or pod when one is named.
    Connect { from: Option<String>, namespace: Option<String>, host: String, port: u16 },
    /// A path, or nothing: the text speaks for itself.
    Text,
}

/// The parts of a `kubectl` command that matter for reading its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kubectl {
    /// `get`, `describe`, `logs`, `top`, `events`.
    pub verb: String,
    /// Kinds asked for; a word that names no known kind is [`Kind::Custom`].
    pub kinds: Vec<Kind>,
    /// Names asked for; for `logs` the pod, or `kind/name`.
    pub names: Vec<String>,
    /// `-n`; `None` means the default namespace of whoever typed it, which nobody knows.
    pub namespace: Option<String>,
    /// `-A`.
    pub all_namespaces: bool,
    /// `-o`.
    pub output: Option<String>,
    /// `-l` or `--field-selector` was given: not everything is listed.
    pub selected: bool,
    /// The output went through another program: not everything is there.
    pub piped: bool,
    /// Errors were thrown away: that nothing was printed does not say that there is nothing.
    pub hides_errors: bool,
    /// `-c`.
    pub container: Option<String>,
    /// `--previous`.
    pub previous: bool,
}

/// Flags with a value that is the next word, unless given with `=`.
const VALUED: [&str; 22] = [
    "-n",
    "--namespace",
    "-o",
    "--output",
    "-l",
    "--selector",
    "--field-selector",
    "-c",
    "--container",
    "--context",
    "--kubeconfig",
    "--cluster",
    "--sort-by",
    "--tail",
    "--since",
    "--since-time",
    "--limit-bytes",
    "-f",
    "--filename",
    "-L",
    "--chunk-size",
    "--request-timeout",
];

/// What `systemctl` is asked to say of a service.
const SYSTEMCTL_VERBS: [&str; 4] = ["status", "is-active", "is-failed", "show"];

/// Kinds of the category `all`, as `kubectl get all` lists them.
const ALL: [Kind; 9] = [
    Kind::Pod,
    Kind::Service,
    Kind::DaemonSet,
    Kind::Deployment,
    Kind::ReplicaSet,
    Kind::StatefulSet,
    Kind::HorizontalPodAutoscaler,
    Kind::CronJob,
    Kind::Job,
];

/// Understands a command. Of several on one line the one whose output can be read counts; several that ask alike are
/// taken together.
pub(crate) fn parse(command: &str) -> Asked {
    if let Some(asked) = request::parse(command) {
        return Asked::Kubectl(Box::new(asked));
    }
    let commands = shell::commands(command);
    let mut found = commands.iter().map(one).filter(|asked| *asked != Asked::Text);
    let Some(first) = found.next() else { return Asked::Text };
    found.try_fold(first, together).unwrap_or(Asked::Text)
}

/// Two commands of one line: what is printed of each cannot be told apart by the line, only by its form.
fn together(first: Asked, second: Asked) -> Option<Asked> {
    let (Asked::Kubectl(mut first), Asked::Kubectl(second)) = (first, second) else { return None };
    let is_alike = first.verb == second.verb
        && first.verb != "logs"
        && first.namespace == second.namespace
        && first.all_namespaces == second.all_namespaces
        && first.output == second.output;
    first.selected |= !first.names.is_empty() || !second.names.is_empty() || second.selected;
    first.piped |= second.piped;
    first.hides_errors |= second.hides_errors;
    first.names.clear();
    first.kinds.extend(second.kinds);
    is_alike.then_some(Asked::Kubectl(first))
}

fn one(simple: &Simple) -> Asked {
    let words: Vec<&str> = simple.words.iter().map(String::as_str).filter(|word| *word != "sudo").collect();
    let node = words.iter().position(|word| *word == "ssh").and_then(|at| words.get(at + 1)).copied();
    if let Some(at) = words.iter().position(|word| *word == "systemctl") {
        let plain = words.iter().skip(at + 1).filter(|word| !word.starts_with('-'));
        let service = plain.copied().find(|word| !SYSTEMCTL_VERBS.contains(word)).unwrap_or("");
        return Asked::Service {
            node: host_of(node.unwrap_or("")).to_owned(),
            service: service.trim_end_matches(".service").to_owned(),
        };
    }
    if let Some(at) = words.iter().position(|word| matches!(*word, "nc" | "ncat" | "telnet")) {
        let plain: Vec<&str> = plain_words(words.get(at + 1..).unwrap_or_default());
        let [host, port] = plain[..] else { return Asked::Text };
        let Ok(port) = port.parse() else { return Asked::Text };
        let before = words.get(..at).unwrap_or_default();
        return Asked::Connect {
            from: from_of(&words, node),
            namespace: namespace_of(before),
            host: host.to_owned(),
            port,
        };
    }
    match words.iter().position(|word| is_kubectl(word)) {
        Some(at) => kubectl(words.get(at + 1..).unwrap_or_default(), simple),
        None => Asked::Text,
    }
}

/// `kubectl` by its names, wherever it lies.
fn is_kubectl(word: &str) -> bool {
    matches!(shell::base(word), "kubectl" | "k" | "oc")
}

/// Words that are no flags; `-w 2` takes its number along.
fn plain_words<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut plain = Vec::new();
    let mut skip = false;
    for word in words {
        if std::mem::take(&mut skip) {
            continue;
        }
        match word.starts_with('-') {
            true => skip = matches!(*word, "-w" | "-i"),
            false => plain.push(*word),
        }
    }
    plain
}

/// Machine or pod that a connection was tried from: `kubectl debug node/NAME -- nc …`, `kubectl exec POD -- nc …`.
fn from_of(words: &[&str], node: Option<&str>) -> Option<String> {
    let before =
        words.iter().position(|word| *word == "--").and_then(|at| words.get(..at)).unwrap_or_default();
    let named =
        before.iter().find_map(|word| word.strip_prefix("node/").or_else(|| word.strip_prefix("pod/")));
    let exec = before.iter().position(|word| *word == "exec").and_then(|at| {
        let mut words = before.get(at + 1..)?.iter();
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                return Some(*word);
            }
            if VALUED.contains(word) {
                words.next();
            }
        }
        None
    });
    named.or(exec).or(node.map(host_of)).map(str::to_owned)
}

/// Namespace of a `kubectl` command that runs another: `kubectl exec -n shop web-1 -- nc …`.
fn namespace_of(words: &[&str]) -> Option<String> {
    let at = words.iter().position(|word| is_kubectl(word))?;
    let words = words.get(at..)?;
    let given = words.iter().find_map(|word| word.strip_prefix("--namespace="));
    let next = || {
        let at = words.iter().position(|word| matches!(*word, "-n" | "--namespace"))?;
        words.get(at + 1).copied()
    };
    given.or_else(next).map(str::to_owned)
}

/// `user@host` → `host`.
fn host_of(login: &str) -> &str {
    login.rsplit_once('@').map_or(login, |(_, host)| host)
}

fn kubectl(words: &[&str], simple: &Simple) -> Asked {
    let mut asked = Kubectl { piped: simple.is_cut, hides_errors: simple.hides_errors, ..Kubectl::default() };
    let mut plain: Vec<&str> = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if *word == "--" {
            continue;
        }
        if word.starts_with('$') {
            // A name that only the shell knew.
            asked.selected = true;
            continue;
        }
        if !word.starts_with('-') {
            plain.push(word);
            continue;
        }
        let (flag, mut value) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (*word, None),
        };
        if value.is_none() && VALUED.contains(&flag) {
            value = words.next().copied();
        }
        // `-owide`, `-nshop`
        let (flag, value) = match (flag.get(..2), flag.get(2..)) {
            (Some("-o"), Some(rest)) if !rest.is_empty() => ("-o", Some(rest)),
            (Some("-n"), Some(rest)) if !rest.is_empty() => ("-n", Some(rest)),
            _ => (flag, value),
        };
        let value = value.map(str::to_owned);
        match flag {
            "-n" | "--namespace" => asked.namespace = value,
            "-o" | "--output" => asked.output = value,
            "-c" | "--container" => asked.container = value,
            "-l" | "--selector" | "--field-selector" => asked.selected = true,
            "-A" | "--all-namespaces" => asked.all_namespaces = true,
            "-p" | "--previous" => asked.previous = true,
            _ => {}
        }
    }
    let mut plain = plain.into_iter();
    asked.verb = plain.next().unwrap_or("").to_owned();
    match asked.verb.as_str() {
        "logs" => asked.names = plain.map(str::to_owned).collect(),
        "events" => asked.kinds = vec![Kind::Event],
        "get" | "describe" | "top" => objects(&mut asked, plain),
        _ => return Asked::Text,
    }
    Asked::Kubectl(Box::new(asked))
}

/// `pods a b`, `pods,services`, `pod/a svc/b`.
fn objects<'a>(asked: &mut Kubectl, words: impl Iterator<Item = &'a str>) {
    for word in words {
        if let Some((kind, name)) = word.split_once('/') {
            asked.kinds.push(Kind::parse(kind).unwrap_or(Kind::Custom));
            asked.names.push(name.to_owned());
        } else if asked.kinds.is_empty() && word == "all" {
            asked.kinds = ALL.to_vec();
        } else if asked.kinds.is_empty() {
            asked.kinds = word.split(',').map(|word| Kind::parse(word).unwrap_or(Kind::Custom)).collect();
        } else {
            asked.names.push(word.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kubectl_of(command: &str) -> Kubectl {
        match parse(command) {
            Asked::Kubectl(asked) => *asked,
            other => panic!("{command}: {other:?}"),
        }
    }

    #[test]
    fn kubectl_commands_are_understood() {
        let asked = kubectl_of("kubectl get pods -n shop -o wide --show-labels");
        assert_eq!((asked.verb.as_str(), &asked.kinds[..]), ("get", &[Kind::Pod][..]));
        assert_eq!((asked.namespace.as_deref(), asked.output.as_deref()), (Some("shop"), Some("wide")));
        let asked = kubectl_of("kubectl -nshop describe deploy/cart");
        assert_eq!((&asked.kinds[..], &asked.names[..]), (&[Kind::Deployment][..], &["cart".to_owned()][..]));
        assert_eq!(asked.namespace.as_deref(), Some("shop"));
        let asked = kubectl_of("kubectl get events -A --sort-by='.lastTimestamp' | tail -n 20");
        assert!(asked.all_namespaces && asked.piped);
        let asked = kubectl_of("kubectl logs deployment/cart -n shop -c server --previous --tail=50");
        assert_eq!(
            (asked.names[0].as_str(), asked.container.as_deref()),
            ("deployment/cart", Some("server"))
        );
        assert!(asked.previous);
        assert!(kubectl_of("kubectl get po,svc -l app=x").selected);
    }

    #[test]
    fn checks_of_machines_and_ports_are_understood() {
        assert_eq!(
            parse("ssh root@node-1 sudo systemctl status kubelet.service"),
            Asked::Service { node: "node-1".into(), service: "kubelet".into() }
        );
        assert_eq!(
            parse("kubectl debug node/node-1 -- nc -vz -w 2 cart 7070"),
            Asked::Connect { from: Some("node-1".into()), namespace: None, host: "cart".into(), port: 7070 }
        );
        assert_eq!(
            parse("kubectl exec -n shop web-1 -c app -- nc -zv cart 7070"),
            Asked::Connect {
                from: Some("web-1".into()),
                namespace: Some("shop".into()),
                host: "cart".into(),
                port: 7070
            }
        );
        assert_eq!(
            parse("systemctl --no-pager status kubelet"),
            Asked::Service { node: String::new(), service: "kubelet".into() }
        );
        assert_eq!(
            parse("ssh node-2 'systemctl status containerd 2>&1 | head -20'"),
            Asked::Service { node: "node-2".into(), service: "containerd".into() }
        );
        assert_eq!(parse("nc -zv cart http"), Asked::Text);
        assert_eq!(parse("manifests/cart.yaml"), Asked::Text);
        assert_eq!(parse("kubectl apply -f x"), Asked::Text);
    }

    #[test]
    fn what_the_shell_does_with_the_output_is_no_object() {
        for command in [
            "kubectl get pods -n shop 2>&1",
            "kubectl get pods -n shop 2>/dev/null",
            "kubectl get pods -n shop 2> /dev/null",
            "kubectl get pods -n shop|grep web",
            "kubectl get pods -n shop 2>&1|head -5",
            "kubectl get pods -n shop; date",
            "kubectl get pods -n shop;date",
            "kubectl get pods -n shop && echo done",
            "kubectl get pods -n shop&&echo done",
            "kubectl get pods -n shop || true",
            "kubectl get pods -n shop > pods.txt",
            "cd /tmp && kubectl get pods -n shop",
            "/usr/local/bin/kubectl get pods -n shop | tee pods.txt",
        ] {
            let asked = kubectl_of(command);
            assert_eq!(asked.names, Vec::<String>::new(), "{command}");
            assert_eq!(asked.kinds, [Kind::Pod], "{command}");
            assert_eq!(asked.namespace.as_deref(), Some("shop"), "{command}");
            let is_cut = ["grep", "head", "> pods"].iter().any(|word| command.contains(word));
            assert_eq!(asked.piped, is_cut, "{command}");
            assert_eq!(asked.hides_errors, command.contains("/dev/null"), "{command}");
        }
        let several = kubectl_of("kubectl get pods -n a; kubectl get svc -n a");
        assert_eq!(several.kinds, [Kind::Pod, Kind::Service]);
        assert_eq!(parse("kubectl get pods -n a; kubectl get pods -n b"), Asked::Text);
        let unknown = kubectl_of("kubectl describe pod $(kubectl get po -o name | head -1) -n a");
        assert!(unknown.selected && unknown.names.is_empty());
        assert_eq!(kubectl_of("kubectl get services.serving.knative.dev,ksvc").kinds, [Kind::Custom; 2]);
    }
}
