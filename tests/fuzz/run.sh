#!/bin/sh
# Asks the server at OGELBASE_URL what schemathesis thinks of, and fails where an answer speaks of the inside (hooks.py).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# It leaves a cache where it runs.
cd "$here/../../target/fuzz"
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT
FUZZ_COUNTS="$counts" PYTHONDONTWRITEBYTECODE=1 SCHEMATHESIS_HOOKS=hooks PYTHONPATH="$here" venv/bin/st --no-color run \
    --checks nothing_of_the_inside --phases fuzzing --mode all --max-examples 8 --max-time "${FUZZ_SECONDS:-75}" \
    --seed "${FUZZ_SEED:-1}" --generation-database none --no-shrink --continue-on-failure \
    --suppress-health-check all --request-timeout 30 --warnings off "$OGELBASE_URL/graphql"
# A run in which nobody was signed in, or nothing was looked at, proves nothing.
read -r answered refused <"$counts"
echo "make fuzz: $answered answers with data, $refused refusals, and none spoke of the inside"
[ "$answered" -ge 50 ] && [ "$refused" -ge 50 ] || { echo "make fuzz: that is too few of one kind"; exit 1; }
