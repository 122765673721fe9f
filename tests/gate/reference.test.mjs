// The gate beside the reference implementation: the same verdict on every document of corpus/, and of those that run the
// same shape of answer.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { corpus } from './corpus.mjs';
import { isSubscription, refusal, reshaped } from './reference.mjs';

const ENDPOINT = `${process.env.OGELBASE_URL}/graphql`;
const documents = corpus();
let token;

async function ask({ query, operationName, variables }) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
  const body = JSON.stringify({ query, operationName, variables });
  const response = await fetch(ENDPOINT, { method: 'POST', headers, body });
  return response.json();
}

before(async () => {
  const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }';
  const input = { email: 'owner@acme.test', password: 'ogelbase-demo' };
  token = (await ask({ query, variables: { input } })).data.signIn.accessToken;
});

/** What was refused before it ran has errors that belong to no field, and no data. */
function wasRefused({ data, errors }) {
  return data == null && errors?.length > 0 && errors.every((error) => error.path === undefined);
}

test('the corpus is large enough, and no document is in it twice', () => {
  assert.ok(documents.length >= 300, `${documents.length} documents`);
  const seen = documents.map(({ query, operationName, variables }) => JSON.stringify([query, operationName, variables]));
  const twice = documents.filter((_, at) => seen.indexOf(seen[at]) !== at);
  assert.deepEqual(twice.map(({ file, title }) => `${file}: ${title}`), []);
});

for (const document of documents) {
  test(`${document.file}: ${document.valid ? 'valid' : 'invalid'}: ${document.title}`, async () => {
    const reference = refusal(document);
    assert.equal(!reference, document.valid, `the reference says: ${reference?.map((error) => error.message)}`);
    const answer = await ask(document);
    const said = JSON.stringify(answer.errors);
    if (document.valid && isSubscription(document)) {
      // It passed the gate: only over this transport it is not answered.
      assert.match(answer.errors[0].message, /answered over WebSocket only/);
      return;
    }
    assert.equal(!wasRefused(answer), document.valid, `the server says: ${said}`);
    if (!document.valid) {
      for (const { message, locations, extensions } of answer.errors) {
        assert.match(message, /^[^\n]{8,300}$/);
        assert.doesNotMatch(message, /-->|Some\(|None\b|::|panicked|expected [a-z_]+ rule/);
        assert.ok(extensions.code === 'INVALID_INPUT', extensions.code);
        for (const { line, column } of locations ?? []) assert.ok(line > 0 && column > 0);
      }
      return;
    }
    assert.equal(answer.errors, undefined, said);
    const { data, errors } = await reshaped(document, answer.data);
    assert.equal(errors, undefined, JSON.stringify(errors));
    // As text: the order of the fields counts too.
    assert.equal(JSON.stringify(answer.data), JSON.stringify(data));
  });
}
