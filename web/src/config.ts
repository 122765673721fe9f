export interface DemoAccount {
  email: string;
  label: string;
  password: string;
}

/** What the server says about itself at `/graphiql/config.json`. */
export interface Config {
  environment: string;
  endpoint: string;
  demoAccounts: DemoAccount[];
}

/** The console is still useful when the configuration cannot be had, so a failure is not an error. */
export async function loadConfig(): Promise<Config> {
  const fallback: Config = { environment: '', endpoint: '/graphql', demoAccounts: [] };
  try {
    const response = await fetch(`${import.meta.env.BASE_URL}config.json`);
    return response.ok ? { ...fallback, ...((await response.json()) as Partial<Config>) } : fallback;
  } catch {
    return fallback;
  }
}
