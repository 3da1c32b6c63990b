//! Changes that must read as doing (nearly) nothing.

use super::reading;

#[track_caller]
fn inert(path: &str, text: &str) {
    let got = reading(path, text);
    assert!(got.inert, "{path} weighs {}: {:#?}", got.weight, got.behaviours);
}

/// Small, yet not nothing: what a careful reader would call harmless.
#[track_caller]
fn light(path: &str, text: &str, weight_max: f64) {
    let got = reading(path, text);
    assert!(got.weight <= weight_max, "{path} weighs {}: {:#?}", got.weight, got.behaviours);
}

#[test]
fn pulling_out_a_helper() {
    inert(
        "pkg/quote/price.go",
        "@@ func Price(q Quote) float64\n func Price(q Quote) (float64, error) {\n-\tbase := q.Weight * rate(q.Zone)\n-\tif q.Fragile {\n-\t\tbase = base + surcharge\n-\t}\n-\treturn base, nil\n+\treturn basePrice(q), nil\n }\n+\n+func basePrice(q Quote) float64 {\n+\tbase := q.Weight * rate(q.Zone)\n+\tif q.Fragile {\n+\t\tbase = base + surcharge\n+\t}\n+\treturn base\n+}\n",
    );
}

#[test]
fn pulling_out_request_decoding() {
    inert(
        "pkg/api/create.go",
        " func (h *Handler) Create(w http.ResponseWriter, r *http.Request) {\n-\tvar in CreateInput\n-\tif err := json.NewDecoder(r.Body).Decode(&in); err != nil {\n-\t\thttp.Error(w, \"bad body\", 400)\n-\t\treturn\n-\t}\n+\tin, err := decodeCreate(r)\n+\tif err != nil {\n+\t\thttp.Error(w, \"bad body\", 400)\n+\t\treturn\n+\t}\n \th.store.Save(in)\n }\n+\n+func decodeCreate(r *http.Request) (CreateInput, error) {\n+\tvar in CreateInput\n+\tif err := json.NewDecoder(r.Body).Decode(&in); err != nil {\n+\t\treturn in, fmt.Errorf(\"decode: %w\", err)\n+\t}\n+\treturn in, nil\n+}\n",
    );
}

#[test]
fn pulling_out_a_helper_that_the_fragment_does_not_show() {
    light(
        "svc/api/create.go",
        "@@ svc/api/create.go @@\n-\tvar in CreateInput\n-\tif err := json.NewDecoder(r.Body).Decode(&in); err != nil {\n-\t\thttp.Error(w, \"bad body\", 400)\n-\t\treturn\n-\t}\n+\tin, ok := decodeCreateInput(w, r)\n+\tif !ok {\n+\t\treturn\n+\t}\n",
        0.45,
    );
}

#[test]
fn renaming_a_variable() {
    inert(
        "a/b.go",
        " func f() {\n-\tcfg := load()\n-\tstart(cfg, cfg.Port)\n+\tsettings := load()\n+\tstart(settings, settings.Port)\n }\n",
    );
    inert(
        "a/b.py",
        " def f(xs):\n-    for x in xs:\n-        total += x.price\n+    for item in xs:\n+        total += item.price\n",
    );
    inert(
        "a/b.ts",
        "-const res = await api.fetch(id);\n-return res.body;\n+const reply = await api.fetch(id);\n+return reply.body;\n",
    );
}

#[test]
fn wrapping_an_error() {
    inert(
        "a/b.go",
        " \tif err != nil {\n-\t\treturn nil, err\n+\t\treturn nil, fmt.Errorf(\"load profile %s: %w\", id, err)\n \t}\n",
    );
    inert(
        "a/b.rs",
        "-    let rows = db.query(sql)?;\n+    let rows = db.query(sql).context(\"reading rows\")?;\n",
    );
    inert(
        "a/b.py",
        " except KeyError as e:\n-    raise LookupError(\"missing\")\n+    raise LookupError(\"missing\") from e\n",
    );
}

#[test]
fn logging() {
    inert(
        "a/b.go",
        "-\tlog.Printf(\"received %d\", n)\n+\tlogger.Info(\"received\", \"count\", n, \"zone\", zone)\n",
    );
    inert("a/b.py", "-    print('starting')\n+    logger.info('starting worker', extra={'zone': zone})\n");
    inert("a/b.java", "-        log.info(\"Saved \" + id);\n+        log.info(\"Saved {}\", id);\n");
    inert("a/b.ts", "+  logger.debug('resolved region', { region });\n");
}

#[test]
fn preallocating() {
    light("a/b.go", "-\tout := []Row{}\n+\tout := make([]Row, 0, len(rows))\n", 0.3);
    light(
        "a/b.java",
        "-        List<Row> out = new ArrayList<>();\n+        List<Row> out = new ArrayList<>(rows.size());\n",
        0.3,
    );
}

#[test]
fn style_documents_and_tests() {
    inert("web/site.css", "-  padding: 4px;\n+  padding: 16px;\n+  max-width: 500px;\n");
    inert("docs/guide.md", "-Run with a timeout of 5s.\n+Run with a timeout of 300ms and delete the lock.\n");
    inert("a/b_test.go", "-\tif err != nil { t.Fatal(err) }\n+\ttime.Sleep(5 * time.Second)\n");
    inert("spec/a_spec.rb", "-  expect(x).to eq(1)\n+  expect(x).to eq(200)\n");
    inert("go.sum", "-github.com/x/y v1.2.3 h1:abc\n+github.com/x/y v1.9.0 h1:def\n");
}

#[test]
fn formatting() {
    inert("a/b.go", "-\tx:=compute( a,b )\n+\tx := compute(a, b)\n");
    inert(
        "a/b.ts",
        "-  const plan = build(first, second, { deep: true });\n+  const plan = build(\n+    first,\n+    second,\n+    { deep: true },\n+  );\n",
    );
    inert("a/b.py", "-total = add(a,\n-            b)\n+total = add(a, b)\n");
    inert("a/b.java", "-    if (a) { run(); }\n+    if (a) {\n+        run();\n+    }\n");
}

#[test]
fn comments() {
    inert(
        "a/b.go",
        "-// waits 5s at most\n+// waits 300ms at most; never removes the lock\n+/* mu.Lock() */\n",
    );
    inert("a/b.py", "+# don't close the client here\n+\"\"\"\n+client.close()\n+\"\"\"\n");
    inert("a/b.yaml", "-# timeout: 5s\n+# timeout: 300ms\n");
    inert("a/b.sql", "--- old remark\n+-- DROP INDEX a_idx\n");
    inert("a/B.java", " /**\n-  * Closes the pool.\n+  * Never closes the pool (limit 10).\n  */\n");
}

#[test]
fn moving() {
    inert(
        "a/b.go",
        "-func one() int {\n-\treturn 1\n-}\n \n func two() int {\n \treturn 2\n }\n+\n+func one() int {\n+\treturn 1\n+}\n",
    );
    let got = super::super::read_diff(&[
        super::FileDiff {
            path: "old/cart.py".into(),
            text: "-def total(items):\n-    check(items)\n-    return sum(i.price for i in items)\n".into(),
        },
        super::FileDiff {
            path: "new/cart.py".into(),
            text: "+def total(items):\n+    check(items)\n+    return sum(i.price for i in items)\n".into(),
        },
    ]);
    assert!(got.inert, "{got:#?}");
    inert("a/b.go", "-import \"fmt\"\n+import (\n+\t\"fmt\"\n+\t\"strings\"\n+)\n");
}

#[test]
fn small_additions() {
    light("go.mod", "-\tgithub.com/x/geo v1.12.3\n+\tgithub.com/x/geo v1.12.4\n", 0.06);
    light("package.json", "-    \"left\": \"^4.1.0\",\n+    \"left\": \"^4.2.0\",\n", 0.2);
    light("a/b.go", "+\tif req.Limit < 0 {\n+\t\treturn nil, errBadLimit\n+\t}\n", 0.2);
    light("a/b.py", "+    if amount is None:\n+        raise ValueError('amount')\n", 0.2);
    light("web/page.html", "-<h1>Orders</h1>\n+<h1>All orders</h1>\n", 0.05);
    light("a/messages.go", "-\tErrGone = \"acount not found\"\n+\tErrGone = \"account not found\"\n", 0.05);
    light(
        "a/b.go",
        "+\trid := r.Header.Get(\"X-Request-Id\")\n+\tif rid == \"\" {\n+\t\trid = uuid.NewString()\n+\t}\n+\tlogger = logger.With(\"request_id\", rid)\n",
        0.4,
    );
    light("a/b.go", "-\ttimeout: 10 * time.Second,\n+\ttimeout: 11 * time.Second,\n", 0.08);
    light("a/b.go", "+\tctx, span := tracer.Start(ctx, \"quote\")\n+\tdefer span.End()\n", 0.15);
    light(
        "a/b.go",
        "-\tserve(80 * time.Second)\n+const serveFor = 80 * time.Second\n+\tserve(serveFor)\n",
        0.3,
    );
}
