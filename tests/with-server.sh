#!/bin/sh
# Starts a seeded server on the PostgreSQL of with_postgres and runs a command against it, which finds its address as
# OGELBASE_URL: with_postgres tests/with-server.sh NAME COMMAND [ARGUMENT ...]
# SERVER names another program than the debug build, UNDER what it is started with, such as `prlimit --data=1000000000`.
set -eu
cd "$(dirname "$0")/.."
# A database of its own, which with_postgres drops with those of the other tests.
database=ogelbase_test_$1
shift
program=${SERVER:-target/debug/ogelbase}
data=$(mktemp -d)
touch "$data/said"
url=$(printf '%s' "$OGELBASE_TEST_DATABASE_URL" | sed -E "s#^(postgres(ql)?://[^/]*/)[^?]*#\\1$database#")
# Any port: other runs may be going on.
export OGELBASE_LOG=warn OGELBASE_DATA_DIR="$data" OGELBASE_LISTEN=127.0.0.1:0
target/debug/examples/with_postgres --create "$database"
OGELBASE_DATABASE_URL="$url" "$program" migrate up
OGELBASE_DATABASE_URL="$url" "$program" seed
# shellcheck disable=SC2086 # several words
OGELBASE_DATABASE_URL="$url" ${UNDER:-} "$program" serve >"$data/said" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$data"' EXIT
# It says where it is once it answers.
until address=$(sed -n 's#^GraphQL *\(http://[^/]*\)/graphql$#\1#p' "$data/said") && [ -n "$address" ]; do
    kill -0 "$server" # Ends the script when the server ended.
    sleep 0.1
done
OGELBASE_URL="$address" OGELBASE_PID="$server" "$@"
