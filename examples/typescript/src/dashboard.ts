/** Signs in and prints an organization's dashboard. */
import { parseArgs } from 'node:util';
import { ApiError, Client } from './client.js';
import { Dashboard, SignIn, SignOut } from './documents.js';
import { page } from './page.js';

const USAGE = `usage: npm start -- [--url URL] [--email ADDRESS] [--organization SLUG]
The password is read from DASHBOARD_PASSWORD; DASHBOARD_URL, DASHBOARD_EMAIL and DASHBOARD_ORGANIZATION work too.
Without any of them it is the demo's owner, on this machine.`;

function settings() {
  const { DASHBOARD_URL, DASHBOARD_EMAIL, DASHBOARD_ORGANIZATION, DASHBOARD_PASSWORD } = process.env;
  const option = { type: 'string' } as const;
  const { values } = parseArgs({ options: { url: option, email: option, organization: option } });
  return {
    url: values.url ?? DASHBOARD_URL ?? 'http://127.0.0.1:4000/graphql',
    email: values.email ?? DASHBOARD_EMAIL ?? 'owner@acme.test',
    slug: values.organization ?? DASHBOARD_ORGANIZATION ?? 'acme',
    // Not an argument: those are seen by everybody on the machine.
    password: DASHBOARD_PASSWORD ?? 'ogelbase-demo',
  };
}

async function run({ url, email, slug, password }: ReturnType<typeof settings>): Promise<void> {
  const signedIn = await new Client(url).ask(SignIn, { input: { email, password } });
  const { accessToken } = signedIn.data.signIn;
  // `completeSignIn` would take `secondFactor.ticket` and a code; a program signs in with an account that has none.
  if (!accessToken) throw new ApiError('UNAUTHENTICATED', `${email} has a second factor, which this program cannot give`);
  const client = new Client(url, accessToken);
  try {
    const { data, errors } = await client.ask(Dashboard, { slug });
    // A refused field is null and has an error of its own; the rest of the answer is good.
    for (const { message, path, extensions } of errors) {
      console.error(`${extensions?.code ?? 'ERROR'}: ${message} (${path?.join('.') ?? 'the whole'})`);
    }
    if (!data.organization) throw new ApiError('NOT_FOUND', `${email} belongs to no organization ${slug}`);
    console.log(page(data.organization));
  } finally {
    await client.ask(SignOut, { input: {} });
  }
}

try {
  await run(settings());
} catch (error) {
  if (error instanceof ApiError) console.error(`${error.code}: ${error.message}`);
  else if (error instanceof TypeError && 'code' in error) console.error(`${error.message}\n${USAGE}`);
  else throw error;
  process.exitCode = 1;
}
