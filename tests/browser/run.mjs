// Uses the console as a person would. See README.md for what it needs.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium, openBrowser } from './browser.mjs';
import { ConsolePage } from './console-page.mjs';

const url = (process.env.OGELBASE_URL ?? 'http://127.0.0.1:4000').replace(/\/+$/, '');
const screenshots = process.env.SCREENSHOT_DIR ?? join(tmpdir(), 'ogelbase-screenshots');
const executable = findChromium();
if (!executable) {
  console.error('No Chromium found: install it (Debian: apt-get install chromium) or name it with CHROMIUM=/path.');
  process.exit(1);
}
mkdirSync(screenshots, { recursive: true });

const { browser, page, complaints } = await openBrowser(executable, new URL(url).origin);
const gui = new ConsolePage(page);
const screenshot = (name) => page.screenshot({ path: join(screenshots, `${name}.png`) });

async function step(name, action) {
  const start = Date.now();
  try {
    await action();
    console.log(`ok    ${name} (${Date.now() - start} ms)`);
  } catch (error) {
    console.error(`FAIL  ${name}\n${error.stack}`);
    await screenshot('failure').catch(() => undefined);
    throw error;
  }
}

async function story() {
  let account;
  await step('the server offers demo accounts', async () => {
    const response = await fetch(`${url}/graphiql/config.json`).catch((error) => {
      throw new Error(`Is ogelbase running at ${url}? ${error.cause ?? error}`);
    });
    const config = await response.json();
    account = config.demoAccounts[0];
    assert.ok(account, 'demoAccounts is empty: start the server in development with seeded data');
  });
  await step('the console opens with the first example', async () => {
    const policy = (await gui.open(url)).headers()['content-security-policy'] ?? '';
    assert.ok(policy.includes("default-src 'none'") && !policy.includes('unsafe-eval'), `Content-Security-Policy: ${policy}`);
    await gui.query.filter({ hasText: 'viewer' }).waitFor();
  });
  await step('a demo account signs in with one click', async () => {
    await gui.pickDemoAccount(account.label);
    await gui.seesSignedIn(account.email);
  });
  await step('the default query shows the signed-in user', async () => {
    const { shown, result, request } = await gui.run();
    assert.match(request.headers().authorization ?? '', /^Bearer ./);
    assert.ok(!result.errors, JSON.stringify(result.errors));
    assert.ok(shown.includes(`"email": "${account.email}"`), shown);
    await screenshot('console');
  });
  await step('the documentation of Query shows descriptions', async () => {
    const description = await fieldDescription('viewer');
    await gui.openDocs();
    const docs = page.locator('.graphiql-doc-explorer');
    await docs.getByRole('link', { name: 'Query', exact: true }).click();
    await docs.getByText('viewer', { exact: true }).waitFor();
    await docs.getByText(description).first().waitFor();
    await screenshot('docs');
    await page.getByRole('button', { name: 'Hide Documentation Explorer' }).click();
  });
  await step('a reload keeps the session', async () => {
    await page.reload();
    await gui.seesSignedIn(account.email);
    await gui.query.waitFor();
  });
  const titles = await gui.examples();
  assert.ok(titles.length > 1, 'the Examples menu is nearly empty');
  for (const title of titles) {
    await step(`example: ${title}`, async () => {
      const text = await gui.openExample(title);
      if (/^subscription/m.test(text)) {
        assert.match(await gui.runUntilEvent(), /"change": "CURRENT"/);
        return;
      }
      const { result } = await gui.run();
      assert.ok(!result.errors, JSON.stringify(result.errors));
      // An example shows something on the demo data.
      for (const [field, value] of Object.entries(result.data)) assert.notEqual(value, null, field);
      assert.match(JSON.stringify(result.data), /:("[^"]|-?\d|true|false)/, 'an empty answer');
      if (title.includes('load')) await screenshot('example');
    });
  }
  await step('the organization is sent as X-Organization', async () => {
    // Events come over WebSocket; this is about what goes over HTTP.
    await gui.openExample(titles[0]);
    await gui.bar.getByLabel('Organization').fill('acme');
    const { request } = await gui.run();
    assert.equal(request.headers()['x-organization'], 'acme');
    await gui.bar.getByLabel('Organization').fill('');
  });
  await step('signing out brings the form back', () => gui.signOut());
  await step('a wrong password shows why', async () => {
    await gui.signIn(account.email, `${account.password}-wrong`);
    const problem = gui.bar.getByRole('alert');
    await problem.waitFor();
    assert.ok((await problem.innerText()).trim() !== '');
    assert.equal(await gui.bar.getByText('Signed in as').count(), 0);
    await screenshot('wrong-password');
  });
  await step('the right password signs in', async () => {
    await gui.signIn(account.email, account.password);
    await gui.seesSignedIn(account.email);
    assert.equal(await gui.bar.getByRole('alert').count(), 0);
  });
  await step('dark theme', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await screenshot('dark');
  });
  await step('signing out again', () => gui.signOut());
  await step('a second factor is asked for and taken', async () => {
    // One of the demo's recovery codes (src/seed/sql/demo/secrets.sql).
    await gui.signIn('mina@acme.test', account.password);
    await gui.giveCode('wrong-code');
    await gui.bar.getByRole('alert').waitFor();
    await gui.giveCode('DEM0D-EM0DE-M0DEM-00002');
    await gui.seesSignedIn('mina@acme.test');
    await screenshot('second-factor');
    await gui.signOut();
  });
}

/** The start of a query field's description, up to what Markdown would change. */
async function fieldDescription(name) {
  const query = '{ __type(name: "Query") { fields { name description } } }';
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { data } = await response.json();
  const { description } = data.__type.fields.find((field) => field.name === name);
  const plain = description?.split(/[`*_[\n<]/)[0].trim();
  assert.ok(plain, `Query.${name} has no description`);
  return plain;
}

let failed = false;
try {
  await story();
} catch {
  failed = true; // Said by the step.
}
// Taken before closing, which aborts whatever is still loading.
const found = new Set(complaints);
await browser.close();
for (const complaint of found) console.error(`FAIL  ${complaint}`);
failed ||= found.size > 0;
console.log(`${failed ? 'FAILED' : 'PASSED'}; screenshots in ${screenshots}`);
process.exit(failed ? 1 : 0);
