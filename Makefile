# The two commands are `make run` and `make test`; the rest is for who works on it. See CONTRIBUTING.md.

CARGO    ?= cargo
CHROMIUM ?= $(firstword $(wildcard /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome))

.PHONY: run test check schema bench console fmt clippy nextest cargo-deny nextest-tool debug deny browser chromium gate clients audits websocket hostile fuzz python wrk clean

# A working server with demo data; GraphiQL is at the address that it prints.
run: console
	$(CARGO) build --locked
	target/debug/ogelbase seed
	exec target/debug/ogelbase serve

# Everything that must hold.
test: fmt clippy deny console nextest gate clients audits websocket browser fuzz hostile
	@echo "make test: all passed"

# The fast inner loop: does it compile, is it tidy.
check: fmt clippy

fmt:
	$(CARGO) fmt --all --check

clippy:
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

# The advisory database is fetched from a public git host. Where that cannot be reached the other checks still run.
deny: cargo-deny
	cargo-deny --all-features check bans licenses sources
	@if cargo-deny fetch db >/dev/null 2>&1; then cargo-deny check advisories; \
	else echo "make deny: the advisory database cannot be reached from here, advisories were not checked"; fi

# What the tests and the servers of the other checks are made of, with one set of features for all.
debug:
	$(CARGO) build --workspace --examples --bins --locked

# The tests need a PostgreSQL: with DATABASE_URL (of a superuser) that one, otherwise a private one for this run.
# make nextest ARGS='isolation' runs those whose name contains it. Afterwards what they left is searched for secrets.
nextest: nextest-tool debug
	target/debug/examples/with_postgres $(if $(ARGS),,--whole-suite) $(CARGO) nextest run --workspace --locked $(ARGS)

# Writes schema.graphql, which is committed and compared in the tests.
schema:
	$(CARGO) run --quiet --locked -- schema > schema.graphql.new
	mv schema.graphql.new schema.graphql

# The GraphiQL page. Without npm the server runs and the page says so.
console: web/dist/index.html

web/dist/index.html: web/node_modules/.package-lock.json $(shell find web/src web/public web/index.html web/vite.config.ts -type f 2>/dev/null)
	@if command -v npm >/dev/null; then cd web && npm run --silent check && npm run --silent build && touch dist/index.html; fi

web/node_modules/.package-lock.json: web/package-lock.json
	@if command -v npm >/dev/null; then cd web && npm ci --no-audit --no-fund; \
	else echo "make console: npm is missing, so GraphiQL is not built (install Node.js 20 or newer)"; fi

# A real browser on the real page.
browser: console chromium debug
	@command -v npm >/dev/null || { echo "make browser: npm is missing: install Node.js 20 or newer"; exit 1; }
	cd tests/browser && npm ci --no-audit --no-fund
	target/debug/examples/with_postgres tests/with-server.sh browser \
		env SCREENSHOT_DIR=target/screenshots node tests/browser/run.mjs

chromium:
	@if [ -n "$(CHROMIUM)" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && apt-get install -y -qq chromium >/dev/null; \
	else echo "make browser: Chromium is missing: install the package 'chromium'"; exit 1; fi

# The gate beside the reference implementation, on the documents of tests/gate/corpus.
gate: debug
	@command -v npm >/dev/null || { echo "make gate: npm is missing: install Node.js 20 or newer"; exit 1; }
	cd tests/gate && npm ci --no-audit --no-fund
	target/debug/examples/with_postgres tests/with-server.sh gate node --test --test-reporter=dot tests/gate/

# The example in TypeScript: its types from the schema, the strict compiler, the program on a real server.
clients: examples/typescript/node_modules/.package-lock.json debug
	cd examples/typescript && npm run --silent build
	target/debug/examples/with_postgres tests/with-server.sh clients node --test --test-reporter=spec tests/clients/

# The npm client of graphql-transport-ws on a real server.
websocket: debug
	@command -v npm >/dev/null || { echo "make websocket: npm is missing: install Node.js 20 or newer"; exit 1; }
	cd tests/websocket && npm ci --no-audit --no-fund
	target/debug/examples/with_postgres tests/with-server.sh websocket node --test --test-reporter=spec tests/websocket/

examples/typescript/node_modules/.package-lock.json: examples/typescript/package-lock.json
	@command -v npm >/dev/null || { echo "make clients: npm is missing: install Node.js 20 or newer"; exit 1; }
	cd examples/typescript && npm ci --no-audit --no-fund

# The public audits of GraphQL over HTTP (npm: graphql-http) on a real server.
audits: tests/http/node_modules/.package-lock.json debug
	target/debug/examples/with_postgres tests/with-server.sh audits node --test --test-reporter=spec tests/http/

tests/http/node_modules/.package-lock.json: tests/http/package-lock.json
	@command -v npm >/dev/null || { echo "make audits: npm is missing: install Node.js 20 or newer"; exit 1; }
	cd tests/http && npm ci --no-audit --no-fund

# schemathesis, a fuzzer that reads the schema, on a seeded server: some 75 seconds. FUZZ_SECONDS=600 asks for longer,
# FUZZ_SEED=2 asks other things.
fuzz: target/fuzz/installed debug
	target/debug/examples/with_postgres env OGELBASE_USER_COST_PER_MINUTE=0 OGELBASE_ANONYMOUS_COST_PER_MINUTE=0 \
		OGELBASE_SIGN_IN_FREE_FAILURES=0 OGELBASE_SIGN_IN_FREE_FAILURES_OF_ADDRESS=0 \
		tests/with-server.sh fuzz tests/fuzz/run.sh

target/fuzz/installed: tests/fuzz/requirements.txt | python
	python3 -m venv --clear target/fuzz/venv
	target/fuzz/venv/bin/pip install --quiet --disable-pip-version-check --requirement tests/fuzz/requirements.txt
	touch $@

python:
	@if python3 -c 'import ensurepip, venv' 2>/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && apt-get install -y -qq python3 python3-venv >/dev/null; \
	else echo "make fuzz: Python 3 with venv is missing: install the packages 'python3' and 'python3-venv'"; exit 1; fi

# Clients that mean harm, on the release server under a memory cap of 1 GiB, for about two minutes.
# HOSTILE_ONLY=flood does that alone.
hostile: debug
ifeq ($(shell uname),Linux)
	$(CARGO) build --locked --release --package ogelbase --package hostile --bins
	SERVER=target/release/ogelbase UNDER="prlimit --data=1073741824" \
		target/debug/examples/with_postgres tests/with-server.sh hostile target/release/hostile
else
	@echo "make hostile: left out, it needs Linux (prlimit, /proc, every address of 127.0.0.0/8)"
endif

# Tools that cargo builds; each is skipped where it is there.
cargo-deny:
	@command -v cargo-deny >/dev/null || $(CARGO) install cargo-deny --locked

nextest-tool:
	@command -v cargo-nextest >/dev/null || $(CARGO) install cargo-nextest --locked

# The canonical queries beside hand-written SQL, some six minutes. BENCH_ONLY=dashboard, BENCH_SECONDS=5.
bench: wrk
	$(CARGO) build --locked --example with_postgres
	$(CARGO) build --locked --release --package ogelbase --package bench --bins
	target/debug/examples/with_postgres target/release/bench

wrk:
	@if command -v wrk >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && apt-get install -y -qq wrk >/dev/null; \
	else echo "make bench: the load generator is missing: install the package 'wrk'"; exit 1; fi

clean:
	$(CARGO) clean
	rm -rf web/dist web/node_modules tests/browser/node_modules tests/gate/node_modules tests/http/node_modules tests/websocket/node_modules
	cd examples/typescript && rm -rf dist node_modules src/gql
