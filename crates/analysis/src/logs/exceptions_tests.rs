use super::exceptions::{Exception, Language, parse_exception};

fn parsed(text: &str) -> Exception {
    parse_exception(text).unwrap_or_else(|| panic!("nothing found in {text}"))
}

/// Language, type, message, own frames as `function@file:line`, causes.
fn short(text: &str) -> (Language, String, String, Vec<String>, Vec<String>) {
    let found = parsed(text);
    let own = found.frames.iter().filter(|frame| !frame.in_library);
    let frames = own.map(|f| format!("{}@{}:{}", f.function, f.file, f.line.unwrap_or(0))).collect();
    let causes = found.caused_by.iter().map(|(kind, message)| format!("{kind}|{message}")).collect();
    (found.language, found.kind, found.message, frames, causes)
}

fn check(text: &str, language: Language, kind: &str, message: &str, frames: &[&str], causes: &[&str]) {
    let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        short(text),
        (language, kind.to_owned(), message.to_owned(), own(frames), own(causes)),
        "{text}"
    );
}

#[test]
fn java_with_causes() {
    let text = "2026-01-01 ERROR request failed\norg.acme.OrderException: order 7 lost\n\tat org.acme.Order.load(Order.java:42)\n\tat java.base/java.lang.Thread.run(Thread.java:833)\nCaused by: java.lang.NullPointerException: Cannot invoke \"A.b()\" because \"a\" is null\n\tat org.acme.Row.read(Row.kt:7)\n\t... 2 more";
    check(
        text,
        Language::Java,
        "org.acme.OrderException",
        "order 7 lost",
        &["org.acme.Order.load@Order.java:42"],
        &["java.lang.NullPointerException|Cannot invoke \"A.b()\" because \"a\" is null"],
    );
    let found = parsed(text);
    assert_eq!(found.frames.len(), 2);
    assert!(found.frames[1].in_library);
}

#[test]
fn python_innermost_first_and_cause() {
    let text = "Traceback (most recent call last):\n  File \"/srv/app/db.py\", line 10, in fetch\n    row = rows[0]\nIndexError: list index out of range\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"/srv/app/main.py\", line 3, in main\n    go()\n  File \"/usr/lib/python3/site-packages/x/y.py\", line 8, in go\n    raise z\nacme.errors.LoadError: could not load\n";
    check(
        text,
        Language::Python,
        "acme.errors.LoadError",
        "could not load",
        &["main@/srv/app/main.py:3"],
        &["IndexError|list index out of range"],
    );
    assert_eq!(parsed(text).frames[0].function, "go");
}

#[test]
fn go_panic() {
    let text = "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4a1]\n\ngoroutine 17 [running]:\nmain.(*Pay).Charge(0xc0000, 0x1)\n\t/app/pay/charge.go:118 +0x1d\nnet/http.(*conn).serve(0xc0)\n\t/usr/local/go/src/net/http/server.go:1995 +0x612\ncreated by main.run in goroutine 1\n\t/app/main.go:20 +0x5";
    check(
        text,
        Language::Go,
        "panic",
        "runtime error: invalid memory address or nil pointer dereference",
        &["main.(*Pay).Charge@/app/pay/charge.go:118", "main.run@/app/main.go:20"],
        &[],
    );
}

#[test]
fn javascript() {
    check(
        "TypeError: Cannot read properties of undefined (reading 'id')\n    at charge (/app/src/pay.js:12:9)\n    at async /app/src/main.ts:3:1\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)",
        Language::JavaScript,
        "TypeError",
        "Cannot read properties of undefined (reading 'id')",
        &["charge@/app/src/pay.js:12", "@/app/src/main.ts:3"],
        &[],
    );
}

#[test]
fn ruby() {
    check(
        "app/pay.rb:12:in `charge': undefined method `id' for nil:NilClass (NoMethodError)\n\tfrom app/main.rb:4:in `run'\n\tfrom /usr/gems/rack/x.rb:1:in `call'",
        Language::Ruby,
        "NoMethodError",
        "undefined method `id' for nil:NilClass",
        &["run@app/main.rb:4"],
        &[],
    );
}

#[test]
fn rust() {
    check(
        "thread 'main' panicked at src/pay.rs:12:5:\nindex out of bounds: the len is 0\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/abc/library/std/src/panicking.rs:1:2\n   1: app::pay::charge\n             at ./src/pay.rs:12:5",
        Language::Rust,
        "panic",
        "index out of bounds: the len is 0",
        &["app::pay::charge@./src/pay.rs:12"],
        &[],
    );
    check("thread 'w' panicked at 'boom, now', src/a.rs:3:1", Language::Rust, "panic", "boom, now", &[], &[]);
}

#[test]
fn dot_net() {
    check(
        "System.NullReferenceException: Object reference not set to an instance of an object.\n   at Acme.Pay.Charge(String id) in /src/Pay.cs:line 33\n   at System.Threading.Tasks.Task.Run()",
        Language::DotNet,
        "System.NullReferenceException",
        "Object reference not set to an instance of an object.",
        &["Acme.Pay.Charge@/src/Pay.cs:33"],
        &[],
    );
}

#[test]
fn php() {
    check(
        "PHP Fatal error:  Uncaught TypeError: bad argument in /app/a.php:3\nStack trace:\n#0 /app/b.php(9): Pay->charge(NULL)\n#1 {main}",
        Language::Php,
        "TypeError",
        "bad argument in /app/a.php:3",
        &["Pay->charge@/app/b.php:9"],
        &[],
    );
}

#[test]
fn single_lines() {
    let cases = [
        ("panic: runtime error: index out of range [3] with length 3", Language::Go, "panic"),
        ("recovered: panic: boom", Language::Go, "panic"),
        ("TypeError: Cannot read properties of undefined (reading 'x')", Language::JavaScript, "TypeError"),
        (
            "request failed: java.net.SocketTimeoutException: Read timed out",
            Language::Java,
            "java.net.SocketTimeoutException",
        ),
        ("worker died with KeyError: 'sku'", Language::Python, "KeyError"),
        (
            "ActiveRecord::StatementInvalid wraps PG::UndefinedTableError: no",
            Language::Ruby,
            "PG::UndefinedTableError",
        ),
    ];
    for (text, language, kind) in cases {
        let found = parsed(text);
        assert_eq!((found.language, found.kind.as_str()), (language, kind), "{text}");
    }
    check(
        "NullPointerException at A.b(A.java:12)",
        Language::Java,
        "NullPointerException",
        "",
        &["A.b@A.java:12"],
        &[],
    );
}

#[test]
fn a_stack_field_alone() {
    check(
        "pkg/pay/charge.go:118 Charge.readResult",
        Language::Go,
        "",
        "",
        &["Charge.readResult@pkg/pay/charge.go:118"],
        &[],
    );
    check(
        "charge.py:12 in read\nmain.py:3 in run",
        Language::Python,
        "",
        "",
        &["read@charge.py:12", "run@main.py:3"],
        &[],
    );
    check(
        "at Pay.charge(Pay.java:5)\\n\\tat Main.run(Main.java:9)",
        Language::Java,
        "",
        "",
        &["Pay.charge@Pay.java:5", "Main.run@Main.java:9"],
        &[],
    );
}

#[test]
fn ordinary_lines_hold_no_exception() {
    for text in [
        "request served in 12 ms",
        "no errors found",
        "Error: 0",
        "listening at 10:30:12",
        "GET /a/b.go?x=1 200",
        "time: 12:30",
        "",
        "user at home (ok)",
    ] {
        assert_eq!(parse_exception(text), None, "{text}");
    }
}

#[test]
fn hostile_traces_are_bounded() {
    let long = "Caused by: a.b.XException: y\n\tat a.b.C.d(C.java:1)\n".repeat(50_000);
    let found = parsed(&long);
    assert!(found.frames.len() <= 100 && found.caused_by.len() <= 16);
    let wide = format!("XError: {}", " at (".repeat(100_000));
    parse_exception(&wide);
    parse_exception(&"Traceback (most recent call last)\n  File \"a.py\", line 1, in f\n".repeat(20_000));
}
