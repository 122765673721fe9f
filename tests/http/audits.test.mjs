// The audits that the package graphql-http publishes for every server of GraphQL over HTTP. All of them must pass: what
// the specification says a server MUST, SHOULD and MAY do is done.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { serverAudits } from 'graphql-http';

const audits = serverAudits({ url: `${process.env.OGELBASE_URL}/graphql` });

test('there are audits', () => {
  assert.ok(audits.length >= 60, `${audits.length} audits`);
});

for (const audit of audits) {
  test(`${audit.id} ${audit.name}`, async () => {
    const result = await audit.fn();
    assert.equal(result.status, 'ok', result.reason);
  });
}
