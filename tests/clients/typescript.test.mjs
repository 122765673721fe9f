// Runs the program of examples/typescript against a seeded server, and compares what it prints with the server's answers.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../examples/typescript/dist/dashboard.js', import.meta.url));
const PASSWORD = 'ogelbase-demo';
const ENDPOINT = `${process.env.OGELBASE_URL}/graphql`;

/** Runs it as a shell would. */
function dashboard(args = [], password = PASSWORD) {
  return new Promise((done) => {
    const env = { PATH: process.env.PATH, DASHBOARD_URL: ENDPOINT, DASHBOARD_PASSWORD: password };
    const child = spawn(process.execPath, [PROGRAM, ...args], { env });
    const result = { out: '', err: '', code: null };
    child.stdout.on('data', (text) => (result.out += text));
    child.stderr.on('data', (text) => (result.err += text));
    child.on('close', (code) => done({ ...result, code }));
  });
}

async function ask(query, variables, token) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(ENDPOINT, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  return data;
}

/** The lines below the heading, each split at its columns. */
function section(out, title) {
  const lines = out.split('\n');
  const start = lines.findIndex((line) => line.startsWith(title));
  assert.notEqual(start, -1, `no ${title} in:\n${out}`);
  const end = lines.findIndex((line, at) => at > start && line === '');
  const rows = lines.slice(start + 1, end === -1 ? undefined : end);
  return { heading: lines[start], rows: rows.map((row) => row.trim().split(/ {2,}/)) };
}

let token;
before(async () => {
  const input = { email: 'owner@acme.test', password: PASSWORD };
  const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }';
  token = (await ask(query, { input })).signIn.accessToken;
});

test('the owner sees the organization as the server has it', async () => {
  const { code, out, err } = await dashboard();
  assert.deepEqual({ code, err }, { code: 0, err: '' });
  const query = `{ organization(slug: "acme") {
    name memberCount entitlements { name used limit }
    members(last: 100) { edges { node { role user { email firstName lastName } } } }
    projects(last: 100) { edges { node { ref name status region compute { instanceSize } } } }
    subscription { planName status currentPeriodEnd plan { price } }
    invoices { totalCount edges { node { number status total currency } } } } }`;
  const { organization } = await ask(query, {}, token);
  const of = (list) => organization[list].edges.map(({ node }) => node);
  const sorted = (rows) => rows.map((row) => row.filter(Boolean).join(' | ')).sort();

  const members = section(out, 'Members');
  assert.equal(members.heading, `Members (${organization.memberCount})`);
  const people = of('members').map(({ role, user }) => [role, user.email, `${user.firstName} ${user.lastName}`]);
  assert.deepEqual(sorted(members.rows), sorted(people));
  assert.ok(people.some(([role, email]) => role === 'OWNER' && email === 'owner@acme.test'));

  const projects = section(out, 'Projects');
  const expected = of('projects').map((it) => [it.ref, it.name, it.status, it.region, it.compute?.instanceSize]);
  assert.equal(projects.heading, `Projects (${expected.length})`);
  assert.deepEqual(sorted(projects.rows), sorted(expected));
  assert.ok(expected.some(([, name, status]) => name === 'Shop' && status === 'ACTIVE_HEALTHY'));

  const invoices = section(out, 'Latest invoices');
  const latest = of('invoices').slice(0, 5);
  assert.equal(invoices.heading, `Latest invoices (${organization.invoices.totalCount})`);
  const shown = latest.map((it) => [it.number, it.status, `${it.total} ${it.currency}`]);
  assert.deepEqual(invoices.rows, [...shown, [`and ${organization.invoices.totalCount - shown.length} more`]]);
  assert.ok(latest.every(({ total }) => /^\d+\.\d\d$/.test(total)), 'amounts are not rounded on the way');

  const limits = organization.entitlements.map((it) => [it.name, `${it.used} of ${it.limit ?? 'unlimited'}`]);
  assert.deepEqual(section(out, 'Limits').rows, limits);

  const { planName, plan, status, currentPeriodEnd } = organization.subscription;
  assert.equal(planName, 'Team');
  const line = `Plan: Team, ${plan.price} USD for each month, ${status}, until ${currentPeriodEnd.slice(0, 10)}`;
  assert.ok(out.startsWith(`${organization.name} (acme)\n${line}\n`), out);
});

test('a wrong password ends it with the code, the message and 1', async () => {
  const { code, out, err } = await dashboard([], 'wrong');
  assert.deepEqual({ code, out }, { code: 1, out: '' });
  assert.match(err, /^UNAUTHENTICATED: .*password.*\n$/);
  assert.ok(!err.includes(' at '), 'no stack');
});

test('who may read less sees less, and reads what was refused', async () => {
  const { code, out, err } = await dashboard(['--email', 'member@acme.test']);
  assert.equal(code, 0);
  assert.match(out, /^Latest invoices: not for you$/m);
  assert.match(out, /^Members \(\d+\)$/m);
  assert.match(err, /^FORBIDDEN: .*billing:read.* \(organization\.invoices\)$/m);
});

test('an organization of others is not found', async () => {
  const { code, out, err } = await dashboard(['--organization', 'globex']);
  assert.deepEqual({ code, out }, { code: 1, out: '' });
  assert.equal(err, 'NOT_FOUND: owner@acme.test belongs to no organization globex\n');
});

test('a server that is not there, and an option that there is not, are said plainly', async () => {
  const nowhere = await dashboard(['--url', 'http://127.0.0.1:1/graphql']);
  assert.deepEqual(nowhere, { code: 1, out: '', err: 'NO_ANSWER: http://127.0.0.1:1/graphql cannot be reached\n' });
  const unknown = await dashboard(['--nonsense']);
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /usage: /);
});
