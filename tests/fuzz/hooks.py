"""What schemathesis does not know of this API: who asks, its scalars, and what must never be answered."""

import atexit
import os
import re
import time

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

URL = os.environ["OGELBASE_URL"] + "/graphql"

SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }"

# Words that only a message of the database, of Rust or of a parser has.
INNER_WORDS = re.compile(
    r"platform(_private)?\.|\b(SELECT|INSERT|UPDATE|DELETE) .* (FROM|INTO|SET)\b|sqlx|SQLSTATE|sea.?orm|pg_catalog"
    r"|duplicate key|violates|invalid byte sequence|out of range for type|panicked|\bserde\b|\.rs:\d"
    r"|expected (one of|value at|struct)|at line \d+ column",
    re.IGNORECASE,
)
SLOWEST_SECONDS = 10

counts = {"answered": 0, "refused": 0}


@atexit.register
def keep_counts():
    with open(os.environ["FUZZ_COUNTS"], "w") as file:
        print(counts["answered"], counts["refused"], file=file)


@schemathesis.auth(refresh_interval=None)
class Owner:
    """An owner of the demo data. Mutations that end the session are asked as well: after a 401 somebody signs in anew."""

    def get(self, case, context):
        for _ in range(20):
            variables = {"input": {"email": "owner@acme.test", "password": "ogelbase-demo"}}
            answer = requests.post(URL, json={"query": SIGN_IN, "variables": variables}, timeout=30).json()
            if answer.get("data"):
                return answer["data"]["signIn"]["accessToken"]
            time.sleep(0.5)
        raise RuntimeError(f"cannot sign in: {answer}")

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.check
def nothing_of_the_inside(ctx, response, case):
    assert response.status_code < 500, f"HTTP {response.status_code}"
    assert response.elapsed < SLOWEST_SECONDS, f"it took {response.elapsed} s"
    answer = response.json()
    counts["answered" if answer.get("data") else "refused"] += 1
    for error in answer.get("errors", []):
        code = error.get("extensions", {}).get("code")
        assert code not in (None, "INTERNAL"), f"the code {code}: {error}"
        assert not INNER_WORDS.search(error["message"]), f"words of the inside: {error}"


times = st.datetimes().map(lambda time: time.isoformat() + "Z")
keys = st.uuids().map(str)
integers = st.integers(-(2**64), 2**64).map(str)
decimals = st.decimals(allow_nan=True, allow_infinity=True).map(str)
texts = st.text(max_size=200)

schemathesis.graphql.scalar("DateTime", st.one_of(times, texts).map(nodes.String))
schemathesis.graphql.scalar("UUID", st.one_of(keys, texts).map(nodes.String))
schemathesis.graphql.scalar("BigInt", st.one_of(integers, texts).map(nodes.String))
schemathesis.graphql.scalar("Decimal", st.one_of(decimals, texts).map(nodes.String))
schemathesis.graphql.scalar("JSON", texts.map(nodes.String))
