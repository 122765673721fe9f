#!/bin/sh
# Starts a seeded server on the PostgreSQL of with_postgres and runs the browser test against it.
set -eu
cd "$(dirname "$0")/../.."
data=$(mktemp -d)
port=${BROWSER_TEST_PORT:-4987}
# A database of its own, which with_postgres drops with those of the other tests.
database=ogelbase_test_browser
url=$(printf '%s' "$OGELBASE_TEST_DATABASE_URL" | sed -E "s#^(postgres(ql)?://[^/]*/)[^?]*#\\1$database#")
export OGELBASE_LOG=warn OGELBASE_DATA_DIR="$data" OGELBASE_LISTEN="127.0.0.1:$port"
target/debug/examples/with_postgres --create "$database"
OGELBASE_DATABASE_URL="$url" target/debug/ogelbase migrate up
OGELBASE_DATABASE_URL="$url" target/debug/ogelbase seed
OGELBASE_DATABASE_URL="$url" target/debug/ogelbase serve &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$data"' EXIT
for _ in $(seq 100); do
    node -e "fetch('http://127.0.0.1:$port/readyz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))" && break
    sleep 0.2
done
OGELBASE_URL="http://127.0.0.1:$port" SCREENSHOT_DIR="$PWD/target/screenshots" node tests/browser/run.mjs
