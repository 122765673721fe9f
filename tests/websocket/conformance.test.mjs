// Talks to a seeded server with the npm client of graphql-transport-ws, whose own checks hold every message to the protocol.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CloseCode, createClient } from 'graphql-ws';
import WebSocket from 'ws';

const ENDPOINT = `${process.env.OGELBASE_URL}/graphql`;
const SHOP = 'acmeshopqkzvtrwmplsd';
const clients = [];
let token;

async function ask(query, variables) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(ENDPOINT, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  return data;
}

/** A client that connects at its first operation, and what became of its sockets. */
function connect(connectionParams, options = {}) {
  const closed = [];
  const client = createClient({
    url: ENDPOINT.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams,
    retryAttempts: 0,
    on: { closed: ({ code, reason }) => closed.push([code, reason]) },
    ...options,
  });
  clients.push(client);
  return { client, closed };
}

const mine = () => ({ Authorization: `Bearer ${token}` });
const next = async (events) => {
  const { value, done } = await events.next();
  assert.ok(!done, 'the subscription has ended');
  assert.equal(value.errors, undefined);
  return value.data;
};

before(async () => {
  const input = { email: 'owner@acme.test', password: 'ogelbase-demo' };
  const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }';
  token = (await ask(signIn, { input })).signIn.accessToken;
});
after(() => Promise.all(clients.map((client) => client.dispose())));

test('queries and mutations are answered once and completed', async () => {
  const { client, closed } = connect(mine);
  const answers = [];
  for await (const answer of client.iterate({ query: '{ viewer { email } }' })) answers.push(answer);
  assert.deepEqual(answers, [{ data: { viewer: { email: 'owner@acme.test' } } }]);
  const variables = { input: { lastName: 'Wsmith' } };
  const update = 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { lastName } } }';
  const events = client.iterate({ query: update, variables });
  assert.deepEqual(await next(events), { updateProfile: { user: { lastName: 'Wsmith' } } });
  assert.equal((await events.next()).done, true);
  await client.dispose();
  assert.deepEqual(closed.map(([code]) => code), [1000]);
});

test('what is refused before it runs is an error, and the connection goes on', async () => {
  const { client, closed } = connect(mine);
  for (const [query, code] of [
    ['{ nothing }', 'INVALID_INPUT'],
    ['subscription { projectChanged(ref: "nothing-there") { change } }', 'NOT_FOUND'],
  ]) {
    await assert.rejects(client.iterate({ query }).next(), (errors) => errors[0].extensions.code === code);
  }
  const part = client.iterate({ query: '{ viewer { email } organization(slug: "globex") { id } }' });
  assert.deepEqual(await next(part), { viewer: { email: 'owner@acme.test' }, organization: null });
  // The client closes a connection that nothing runs on; the server closed none.
  assert.deepEqual([...new Set(closed.map(([code]) => code))], [1000]);
});

test('a refused token closes with a code after which the client connects again with another one', async () => {
  const refused = connect(() => ({ Authorization: 'Bearer of-nobody' }));
  await assert.rejects(refused.client.iterate({ query: '{ viewer { email } }' }).next(), ({ code }) => code === 4403);
  assert.equal(refused.closed[0][0], CloseCode.Forbidden);

  let asked = 0;
  const renewing = connect(() => (asked++ === 0 ? { Authorization: 'Bearer of-nobody' } : mine()), {
    retryAttempts: 2,
    retryWait: async () => undefined,
    shouldRetry: () => true,
  });
  const events = renewing.client.iterate({ query: '{ viewer { email } }' });
  assert.deepEqual(await next(events), { viewer: { email: 'owner@acme.test' } });
  assert.equal(asked, 2);
});

test('the client pings and the server answers', async () => {
  let pongs = 0;
  const { client } = connect(mine, { lazy: false, keepAlive: 50, onNonLazyError: assert.ifError });
  client.on('pong', (received) => (pongs += received ? 1 : 0));
  const until = Date.now() + 10_000;
  while (pongs < 3 && Date.now() < until) await new Promise((done) => setTimeout(done, 20));
  assert.ok(pongs >= 3, 'no pong came');
});

test('changes and records come as they happen', async () => {
  const { client } = connect(mine);
  const shop = client.iterate({
    query: 'subscription ($ref: String!) { projectChanged(ref: $ref) { change project { name status } } }',
    variables: { ref: SHOP },
  });
  assert.deepEqual(await next(shop), {
    projectChanged: { change: 'CURRENT', project: { name: 'Shop', status: 'ACTIVE_HEALTHY' } },
  });
  const trail = client.iterate({
    query: 'subscription { auditLogAdded(organization: "acme") { auditLog { eventType actorLabel } } }',
  });
  assert.deepEqual(await next(trail), { auditLogAdded: { auditLog: null } });

  const { organization } = await ask('{ organization(slug: "acme") { id } }');
  const rename = 'mutation ($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { organization { name } } }';
  await ask(rename, { input: { organization: organization.id, name: 'Acme & Sons' } });
  assert.deepEqual(await next(trail), {
    auditLogAdded: { auditLog: { eventType: 'organization.updated', actorLabel: 'owner@acme.test' } },
  });

  // The project goes with its organization.
  const remove = 'mutation ($input: DeleteOrganizationInput!) { deleteOrganization(input: $input) { clientMutationId } }';
  await ask(remove, { input: { organization: organization.id, slug: 'acme' } });
  assert.deepEqual(await next(shop), { projectChanged: { change: 'GONE', project: null } });
  assert.equal((await shop.next()).done, true);
});
