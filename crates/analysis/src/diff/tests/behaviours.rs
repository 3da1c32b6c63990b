//! One case per kind and language: what a small diff must be read as.

use super::reading;

/// Path, fragment, kind that must be found, least weight of it.
type Case = (&'static str, &'static str, &'static str, f64);

#[track_caller]
fn check(cases: &[Case]) {
    let mut missed = Vec::new();
    for (path, text, kind, weight_min) in cases {
        let got = reading(path, text);
        let found = got
            .behaviours
            .iter()
            .filter(|behaviour| behaviour.kind == *kind)
            .map(|b| b.weight)
            .fold(0.0, f64::max);
        if found < *weight_min || found == 0.0 {
            let read: Vec<(&str, f64)> =
                got.behaviours.iter().map(|behaviour| (behaviour.kind, behaviour.weight)).collect();
            missed.push(format!("{kind} ({weight_min}) in {path}:\n{text}read as {read:?}\n"));
        }
    }
    assert!(missed.is_empty(), "{} of {} missed\n{}", missed.len(), cases.len(), missed.join("\n"));
}

#[test]
fn guards_and_validation() {
    check(&[
        (
            "a/b.go",
            " func f(p *Part) error {\n-\tif p == nil {\n-\t\treturn errNoPart\n-\t}\n \treturn p.Run()\n",
            "null_check_removed",
            0.7,
        ),
        ("a/b.go", "-\tif p.Kind != \"box\" {\n-\t\treturn errKind\n-\t}\n", "guard_removed", 0.7),
        (
            "a/B.java",
            "-        if (order == null) {\n-            throw new IllegalArgumentException(\"order\");\n-        }\n",
            "null_check_removed",
            0.7,
        ),
        ("a/b.py", "-    if not payload:\n-        return None\n", "null_check_removed", 0.6),
        ("a/b.py", "-    value = data.get('zone')\n+    value = data['zone']\n", "null_check_removed", 0.6),
        (
            "a/b.ts",
            "-  const zone = order?.address?.zone;\n+  const zone = order.address.zone;\n",
            "null_check_removed",
            0.6,
        ),
        ("a/b.rb", "-    return if items.empty?\n", "null_check_removed", 0.6),
        (
            "a/b.rs",
            "-    let zone = map.get(&id).copied().unwrap_or_default();\n+    let zone = map.get(&id).copied().unwrap();\n",
            "null_check_removed",
            0.6,
        ),
        (
            "a/b.cs",
            "-            if (!validator.IsValid(input)) return BadRequest();\n",
            "validation_removed",
            0.6,
        ),
        ("a/b.php", "-    $this->validate($request, ['sku' => 'required']);\n", "validation_removed", 0.6),
        ("a/b.py", "-    schema.validate(payload)\n", "validation_removed", 0.5),
        (
            "a/b.go",
            "+\tif !skuPattern.MatchString(sku) {\n+\t\treturn errInvalidSku\n+\t}\n",
            "validation_tightened",
            0.4,
        ),
        ("a/b.go", "-\tif a > b {\n+\tif a >= b {\n", "condition_changed", 0.5),
        ("a/b.js", "-  if (ready && open) {\n+  if (open) {\n", "guard_removed", 0.5),
        ("a/b.go", "-\tif ok {\n+\tif !ok {\n", "condition_changed", 0.5),
        ("a/b.go", " \tif bad {\n-\t\treturn errBad\n \t}\n \tcarryOn()\n", "guard_removed", 0.5),
        (
            "a/b.go",
            " \tif err != nil {\n-\t\treturn err\n+\t\tlog.Warn(\"ignored\")\n \t}\n",
            "error_swallowed",
            0.5,
        ),
        ("a/b.py", "+    except ConnectionError:\n+        pass\n", "error_swallowed", 0.4),
        (
            "a/b.java",
            "-        } catch (IOException e) {\n-            throw new StoreException(e);\n-        }\n",
            "error_handling_removed",
            0.4,
        ),
    ]);
}

#[test]
fn numbers_in_units() {
    check(&[
        (
            "a/b.go",
            " c := &http.Client{\n-\tTimeout: 5 * time.Second,\n+\tTimeout: 300 * time.Millisecond,\n }\n",
            "timeout_lowered",
            0.8,
        ),
        (
            "a/B.java",
            "-    client.setReadTimeout(Duration.ofSeconds(2));\n+    client.setReadTimeout(Duration.ofSeconds(60));\n",
            "timeout_raised",
            0.6,
        ),
        ("a/b.py", "-    requests.get(url, timeout=3)\n+    requests.get(url)\n", "timeout_removed", 0.6),
        (
            "a/b.py",
            "-    r = session.post(url)\n+    r = session.post(url, timeout=0.2)\n",
            "timeout_added",
            0.3,
        ),
        ("deploy/a.yaml", " upstream:\n-  timeout: 5s\n+  timeout: 300ms\n", "timeout_lowered", 0.8),
        ("conf/app.properties", "-http.max-retries=2\n+http.max-retries=10\n", "retry_raised", 0.7),
        ("a/b.ts", "-const maxAttempts = 5;\n+const maxAttempts = 1;\n", "retry_lowered", 0.5),
        ("a/b.go", "-\tdb.SetMaxOpenConns(50)\n+\tdb.SetMaxOpenConns(5)\n", "pool_lowered", 0.8),
        ("config/database.yml", " production:\n-  pool: 20\n+  pool: 100\n", "pool_raised", 0.5),
        (
            "a/b.go",
            "-\tg.SetLimit(4) // workers\n-\tworkers := 4\n+\tworkers := 64\n",
            "concurrency_raised",
            0.7,
        ),
        ("conf/app.toml", "-workers = 16\n+workers = 2\n", "concurrency_lowered", 0.7),
        ("a/b.kt", "-    val batchSize = 500\n+    val batchSize = 5\n", "batch_size_changed", 0.6),
        (
            "a/b.rb",
            "-    Rails.cache.fetch(key, expires_in: 10.minutes) do\n+    Rails.cache.fetch(key, expires_in: 5.seconds) do\n",
            "cache_ttl_lowered",
            0.7,
        ),
        ("a/b.go", "-\tcache := lru.New(10000)\n+\tcache := lru.New(100)\n", "cache_size_lowered", 0.6),
        (
            "a/b.ts",
            "-const cacheMaxEntries = 1000;\n+const cacheMaxEntries = 1_000_000;\n",
            "cache_size_raised",
            0.6,
        ),
        ("a/b.go", "-\tmaxRows := 1000\n+\tmaxRows := 10\n", "limit_lowered", 0.7),
        ("a/b.go", "-const maxBody = 1 << 20\n+const maxBody = 1 << 30\n", "limit_raised", 0.6),
        (
            "deploy/a.yaml",
            " resources:\n   limits:\n-    memory: 1Gi\n+    memory: 128Mi\n",
            "resources_lowered",
            0.7,
        ),
        (
            "deploy/a.yaml",
            " resources:\n   requests:\n-    cpu: \"2\"\n+    cpu: 250m\n",
            "resources_lowered",
            0.7,
        ),
        ("deploy/a.yaml", " spec:\n-  replicas: 6\n+  replicas: 2\n", "replicas_lowered", 0.6),
        ("infra/main.tf", "-  desired_count = 2\n+  desired_count = 8\n", "replicas_raised", 0.3),
        (
            "deploy/a.yaml",
            " env:\n   - name: DB_POOL_SIZE\n-    value: \"40\"\n+    value: \"4\"\n",
            "pool_lowered",
            0.8,
        ),
        (
            "a/b.js",
            "-const hash = await bcrypt.hash(password, 10);\n+const hash = await bcrypt.hash(password, 15);\n",
            "encryption_or_hash_cost_raised",
            0.7,
        ),
        ("a/b.py", "-SAMPLE_RATE = 0.01\n+SAMPLE_RATE = 1.0\n", "sampling_raised", 0.3),
        (
            "a/b.go",
            "-\tbuf := make([]byte, 4*1024)\n+\tbuf := make([]byte, 64*1024*1024)\n",
            "memory_allocation_raised",
            0.5,
        ),
        (
            "a/b.go",
            "-\tprice := cents / 100\n+\tprice := cents / 10\n",
            "rounding_or_arithmetic_changed",
            0.5,
        ),
        ("conf/app.ini", "-port = 5432\n+port = 6432\n", "host_or_port_changed", 0.05),
        (
            "a/b.cs",
            "-  client.Timeout = TimeSpan.FromSeconds(30);\n+  client.Timeout = TimeSpan.FromMilliseconds(500);\n",
            "timeout_lowered",
            0.8,
        ),
        (
            "a/b.rs",
            "-    .timeout(Duration::from_secs(10))\n+    .timeout(Duration::from_millis(100))\n",
            "timeout_lowered",
            0.8,
        ),
    ]);
}

#[test]
fn calls_loops_and_queries() {
    check(&[
        (
            "a/b.go",
            "-\titems, err := client.GetMany(ctx, ids)\n+\tfor _, id := range ids {\n+\t\titem, err := client.Get(ctx, id)\n+\t}\n",
            "call_in_loop_added",
            0.8,
        ),
        (
            "a/b.py",
            " for order in orders:\n+    order.customer = db.query(Customer).get(order.customer_id)\n",
            "call_in_loop_added",
            0.8,
        ),
        (
            "a/b.ts",
            "+  const quotes = await Promise.all(ids.map((id) => api.fetchQuote(id)));\n",
            "call_in_loop_added",
            0.8,
        ),
        (
            "a/b.rb",
            "+    orders.each do |order|\n+      client.fetch(order.id)\n+    end\n",
            "call_in_loop_added",
            0.8,
        ),
        (
            "a/B.java",
            " for (Order o : orders) {\n+    o.setLines(repository.findByOrderId(o.getId()));\n }\n",
            "call_in_loop_added",
            0.8,
        ),
        (
            "a/b.go",
            "-\tload(id)\n+\tfor _, id := range ids {\n+\t\tfetchPart(ctx, id)\n+\t}\n",
            "call_in_loop_added",
            0.8,
        ),
        ("a/b.go", "-\tbus.Publish(ctx, event)\n", "call_removed", 0.4),
        ("a/b.go", "+\tprofile, err := client.Get(ctx, id)\n", "call_added", 0.3),
        (
            "a/b.go",
            "-\trows, err := db.Query(\"SELECT id, sku FROM parts WHERE bin = $1 LIMIT 100\", bin)\n+\trows, err := db.Query(\"SELECT id, sku FROM parts WHERE bin = $1\", bin)\n",
            "limit_removed",
            0.8,
        ),
        (
            "a/b.go",
            " \tq := `\n SELECT id\n FROM parts\n WHERE bin = $1\n-LIMIT 100\n `\n",
            "limit_removed",
            0.8,
        ),
        (
            "a/b.py",
            "-    q = \"SELECT id FROM parts WHERE bin = %s\"\n+    q = \"SELECT id FROM parts WHERE lower(bin) = %s AND note LIKE %s\"\n",
            "query_changed",
            0.3,
        ),
        (
            "a/b.py",
            "-    q = \"SELECT id, sku FROM parts\"\n+    q = \"SELECT * FROM parts\"\n",
            "payload_grown",
            0.4,
        ),
        (
            "a/b.java",
            "+    jdbc.query(\"SELECT count(id) FROM ledger_entries\", mapper);\n",
            "query_added",
            0.4,
        ),
        (
            "a/b.go",
            "+\tdb.Exec(\"INSERT INTO part_audit (id) VALUES ($1)\", id)\n",
            "table_used_without_migration",
            0.4,
        ),
        (
            "a/b.py",
            "-    rows = \"SELECT part_no FROM parts\"\n+    rows = \"SELECT part_number FROM parts\"\n",
            "field_renamed",
            0.5,
        ),
        ("a/b.go", "-\tclient.BulkWrite(ctx, docs)\n+\tclient.Write(ctx, docs)\n", "batch_removed", 0.6),
        (
            "a/b.py",
            "-    for page in paginator.paginate(Bucket=b):\n+    for page in [client.list(Bucket=b)]:\n",
            "pagination_removed",
            0.5,
        ),
        ("a/b.go", "+func walk(n *Node) {\n+\twalk(n.next)\n+}\n", "recursion_added", 0.4),
        ("a/b.py", "+    for part in parts:\n+        total += part.price\n", "loop_added", 0.2),
        (
            "a/b.ts",
            "-items.sort((a, b) => a.at - b.at);\n-render(items);\n+render(items);\n",
            "call_removed",
            0.3,
        ),
        (
            "db/q.py",
            "-    q = \"SELECT id FROM parts USE INDEX (bin_idx) WHERE bin = 1\"\n+    q = \"SELECT id FROM parts WHERE bin = 1\"\n",
            "index_hint_changed",
            0.5,
        ),
    ]);
}

#[test]
fn locks_caches_and_resources() {
    check(&[
        ("a/b.go", "-\tdefer rows.Close()\n", "close_removed", 0.8),
        ("a/B.java", "-        } finally {\n-            conn.close();\n-        }\n", "close_removed", 0.8),
        (
            "a/b.py",
            "-    with open(path) as f:\n-        return f.read()\n+    f = open(path)\n+    return f.read()\n",
            "close_removed",
            0.5,
        ),
        ("a/b.ts", "-    this.subscription.unsubscribe();\n", "close_removed", 0.8),
        (
            "a/b.cs",
            "-            using var stream = File.OpenRead(path);\n+            var stream = File.OpenRead(path);\n",
            "close_removed",
            0.8,
        ),
        ("a/b.go", "-\ts.mu.Lock()\n-\tdefer s.mu.Unlock()\n \ts.parts[id] = p\n", "lock_removed", 0.8),
        (
            "a/B.java",
            "-    public synchronized void put(String k) {\n+    public void put(String k) {\n",
            "lock_removed",
            0.8,
        ),
        (
            "a/b.go",
            "+\ts.mu.Lock()\n \tv := s.load(id)\n-\ts.mu.Lock()\n \ts.parts[id] = v\n",
            "lock_widened",
            0.7,
        ),
        (
            "a/b.go",
            "+\ttx := db.Begin()\n \tquote := pricing.Fetch(id)\n-\ttx := db.Begin()\n \ttx.Save(quote)\n",
            "transaction_widened",
            0.6,
        ),
        (
            "a/b.go",
            " \ttx.Save(loan)\n-\tif err := tx.Commit(); err != nil {\n-\t\treturn err\n-\t}\n-\tif err := s.mail.Notify(id); err != nil {\n-\t\ts.log.Warn(err)\n-\t}\n-\treturn nil\n+\tif err := s.mail.Notify(id); err != nil {\n+\t\treturn fmt.Errorf(\"notify: %w\", err)\n+\t}\n+\treturn tx.Commit()\n",
            "transaction_widened",
            0.6,
        ),
        (
            "a/b.go",
            " \ts.mu.Lock()\n-\ts.mu.Unlock()\n \tquote := s.pricing.Fetch(id)\n+\ts.mu.Unlock()\n",
            "lock_widened",
            0.7,
        ),
        (
            "app/b.rb",
            " ids = db[:a].where(s: s).select_map(:b)\n-rows = db[:b].where(id: ids).all\n-rows.sort_by { |r| r[:t] }\n+ids.filter_map { |id| Finder.one(db, id) }.sort_by { |r| r[:t] }\n@@ -30,1 +29,4 @@\n+def self.one(db, id)\n+  row = db[:b].where(id: id).first\n+  row if row\n+end\n",
            "call_in_loop_added",
            0.7,
        ),
        ("a/b.py", "+        with self._lock:\n+            self.flush()\n", "lock_added", 0.5),
        ("a/b.go", "-\tif v, ok := s.cache.Get(id); ok {\n-\t\treturn v, nil\n-\t}\n", "cache_removed", 0.8),
        ("a/b.py", "-@lru_cache(maxsize=512)\n def rate(zone):\n", "cache_removed", 0.8),
        (
            "a/b.ts",
            "-  const key = `quote:${zone}`;\n-  const hit = await redis.get('quote:v1');\n+  const hit = await redis.get('quote:v2');\n",
            "cache_key_changed",
            0.5,
        ),
        ("a/b.go", "+\ts.seen = append(s.seen, id)\n", "resource_kept", 0.5),
        ("a/b.py", "+        self._history.append(event)\n", "resource_kept", 0.5),
        ("a/b.js", "+    window.addEventListener('resize', this.draw);\n", "resource_kept", 0.5),
        ("a/b.go", "+\tgo s.refresh(ctx)\n", "thread_or_goroutine_added", 0.4),
        ("a/b.py", "+    time.sleep(2)\n", "sleep_added", 0.6),
        ("a/b.go", "-\ttime.Sleep(backoff(attempt))\n", "backoff_removed", 0.7),
        ("a/b.java", "+    @Retryable(maxAttempts = 8)\n", "retry_added", 0.5),
        ("a/b.ts", "-  await store.save(order);\n+  store.save(order);\n", "sync_to_async", 0.5),
        ("a/b.ts", "+  const raw = fs.readFileSync(path);\n", "async_to_sync", 0.6),
        ("a/b.go", "-\tregistry.Register(\"parts\", newPartsHandler())\n", "removed_registration", 0.7),
        ("a/b.go", "-\tmux.HandleFunc(\"/parts\", h.parts)\n", "removed_registration", 0.7),
        (
            "a/b.go",
            "-\treader := io.LimitReader(r.Body, maxBody)\n+\treader := r.Body\n",
            "limit_removed",
            0.7,
        ),
        ("a/b.go", "-\tif !limiter.Allow() {\n-\t\treturn errBusy\n-\t}\n", "limit_removed", 0.7),
        ("a/b.go", "-\tconsumer.CommitMessages(ctx, m)\n", "consumer_changed", 0.5),
        (
            "a/b.go",
            " for _, row := range rows {\n+\tlog.Printf(\"row %v\", row)\n }\n",
            "log_added_in_hot_path",
            0.2,
        ),
        (
            "a/b.java",
            "-    log.debug(\"part {}\", p);\n+    log.info(\"part {}\", p);\n",
            "log_level_lowered",
            0.3,
        ),
    ]);
}

#[test]
fn contracts_settings_and_infrastructure() {
    check(&[
        (
            "a/b.go",
            "-\tSku string `json:\"sku\"`\n+\tSku string `json:\"sku_code\"`\n",
            "contract_changed",
            0.5,
        ),
        ("a/b.py", "-    sku = row['sku']\n+    sku = row['sku_code']\n", "field_renamed", 0.4),
        (
            "a/b.ts",
            "-  const r = await api.get('/v1/parts');\n+  const r = await api.get('/v2/parts');\n",
            "endpoint_changed",
            0.5,
        ),
        (
            "a/b.py",
            "-HOST = os.environ['PARTS_HOST']\n+HOST = os.environ['PARTS_ADDR']\n",
            "env_var_changed",
            0.5,
        ),
        ("conf/app.yaml", "-  host: db-a.internal\n+  host: db-b.internal\n", "host_or_port_changed", 0.6),
        (
            "conf/flags.yaml",
            " flags:\n-  new_pricing_enabled: false\n+  new_pricing_enabled: true\n",
            "feature_default_changed",
            0.6,
        ),
        ("conf/app.json", "-  \"strict\": true,\n+  \"strict\": false,\n", "default_changed", 0.4),
        (
            "deploy/a.yaml",
            "-          image: parts:1.4.2\n+          image: parts:1.5.0\n",
            "image_changed",
            0.3,
        ),
        ("conf/app.yaml", "-  logLevel: warn\n+  logLevel: debug\n", "log_level_lowered", 0.3),
        ("conf/app.yaml", "-  logLevel: info\n+  logLevel: error\n", "log_level_raised", 0.05),
        ("Dockerfile", "-FROM debian:11\n+FROM debian:12\n", "image_changed", 0.3),
        (
            "deploy/a.yaml",
            "-  schedule: \"0 3 * * *\"\n+  schedule: \"* * * * *\"\n",
            "schedule_changed",
            0.5,
        ),
        (
            "infra/iam.tf",
            "-    actions = [\"s3:GetObject\", \"s3:PutObject\"]\n+    actions = [\"s3:GetObject\"]\n",
            "permission_changed",
            0.5,
        ),
        (
            "deploy/a.yaml",
            "-  tlsSecretName: parts-tls\n+  tlsSecretName: parts-tls-2\n",
            "certificate_changed",
            0.5,
        ),
        ("conf/app.env", "-DB_PASSWORD=one\n+DB_PASSWORD=two\n", "credential_changed", 0.5),
        ("conf/app.yaml", "-  requestTimeout: 5s\n", "timeout_removed", 0.5),
        ("go.mod", "-\texample.org/wire v1.9.0\n+\texample.org/wire v2.0.0\n", "dependency_bumped", 0.3),
        ("requirements.txt", "-wire==2.3.1\n+wire==2.1.0\n", "dependency_downgraded", 0.1),
        (
            "package.json",
            "-    \"wire\": \"^4.1.0\",\n+    \"wire\": \"^5.0.0\",\n",
            "dependency_bumped",
            0.3,
        ),
        ("db/migrations/7_parts.sql", "+DROP INDEX parts_bin_idx;\n", "index_dropped", 0.8),
        ("db/migrations/8_parts.sql", "+ALTER TABLE parts ADD COLUMN weight int;\n", "schema_changed", 0.2),
        ("db/migrations/9_parts.sql", "+CREATE TABLE bins (id bigint);\n", "migration_added", 0.2),
        ("db/migrate/10_drop.rb", "+    remove_index :parts, :bin\n", "index_dropped", 0.8),
        ("schema.sql", "-CREATE INDEX parts_bin_idx ON parts (bin);\n", "index_dropped", 0.8),
        (
            "a/b.go",
            "-var skuRe = regexp.MustCompile(`^[A-Z]+$`)\n+var skuRe = regexp.MustCompile(`^([A-Z]+)*$`)\n",
            "regex_changed",
            0.5,
        ),
        (
            "a/b.py",
            "-    topic = consumer.subscribe('parts.v1')\n+    topic = consumer.subscribe('parts.v2')\n",
            "consumer_changed",
            0.4,
        ),
        (
            "a/b.js",
            "-  const total = Math.round(sum * 100) / 100;\n+  const total = Math.floor(sum * 100) / 100;\n",
            "rounding_or_arithmetic_changed",
            0.4,
        ),
        ("a/b.java", "-    @PreAuthorize(\"hasRole('CLERK')\")\n", "auth_changed", 0.4),
    ]);
}

#[test]
fn a_small_step_weighs_little_and_a_large_one_much() {
    let weight = |after: &str| {
        reading("a/b.go", &format!("-\ttimeout := 5 * time.Second\n+\ttimeout := {after}\n")).weight
    };
    assert!(weight("6 * time.Second") < 0.15);
    assert!(weight("300 * time.Millisecond") > 0.8);
    assert_eq!(weight("5000 * time.Millisecond"), 0.0);
    assert!(weight("2 * time.Second") > weight("4 * time.Second"));
}

#[test]
fn numbers_are_told_in_units() {
    let got = reading("a/b.go", "-\ttimeout := 5 * time.Second\n+\ttimeout := 300 * time.Millisecond\n");
    let number = &got.numbers[0];
    assert_eq!(
        (number.key.as_str(), number.kind, number.before.value, number.after.value),
        ("timeout", "timeout_lowered", 5000.0, 300.0)
    );
    assert!((number.ratio - 0.06).abs() < 1e-9);
    assert_eq!(
        got.behaviours[0].summary,
        "timeout lowered: `timeout` went from 5 * time.Second to 300 * time.Millisecond in a/b.go"
    );
}

#[test]
fn a_table_that_the_diff_creates_is_no_surprise() {
    let files = |migration: bool| {
        let mut files = vec![super::FileDiff {
            path: "a/b.go".into(),
            text: "+\tdb.Exec(\"INSERT INTO part_audit (id) VALUES ($1)\", id)\n".into(),
        }];
        if migration {
            files.push(super::FileDiff {
                path: "db/migrations/3.sql".into(),
                text: "+CREATE TABLE part_audit (id bigint);\n".into(),
            });
        }
        super::super::read_diff(&files)
    };
    let has = |migration: bool| {
        files(migration).behaviours.iter().any(|behaviour| behaviour.kind == "table_used_without_migration")
    };
    assert!(has(false) && !has(true));
}
