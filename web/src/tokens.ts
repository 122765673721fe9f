import type { Answer, GraphQLResult } from './transport';

/** A session's tokens. Times are milliseconds of this machine's clock. */
export interface Tokens {
  email: string;
  accessToken: string;
  refreshToken: string;
  expiresAt: number;
  renewAt: number;
}

/** What `signIn`, `completeSignIn` and `refreshSession` all return. */
export interface TokenPayload {
  accessToken: string;
  refreshToken: string;
  expiresAt: string;
  user?: { email: string };
}

/** What `signIn` returns instead for an account with a second factor. */
export interface AskedPayload {
  accessToken: null;
  secondFactor: { ticket: string };
}

export const SIGN_IN = `mutation SignIn($input: SignInInput!) {
  signIn(input: $input) { accessToken refreshToken expiresAt user { email } secondFactor { ticket } }
}`;
export const COMPLETE = `mutation CompleteSignIn($input: CompleteSignInInput!) {
  completeSignIn(input: $input) { accessToken refreshToken expiresAt user { email } }
}`;
export const REFRESH = `mutation RefreshSession($input: RefreshSessionInput!) {
  refreshSession(input: $input) { accessToken refreshToken expiresAt }
}`;
export const SIGN_OUT = 'mutation SignOut { signOut(input: {}) { signedOut } }';

const STORAGE_KEY = 'ogelbase.session';
const RENEW_BEFORE_EXPIRY = 60_000;

/** The tokens in an answer, with the expiry moved to our clock: a laptop's clock may be minutes off. */
export function toTokens(answer: Answer<unknown>, payload: TokenPayload, email: string): Tokens {
  const now = Date.now();
  const expiresAt = Date.parse(payload.expiresAt) - answer.clockSkew;
  const margin = Math.min(RENEW_BEFORE_EXPIRY, Math.max(0, expiresAt - now) / 4);
  return {
    email: payload.user?.email ?? email,
    accessToken: payload.accessToken,
    refreshToken: payload.refreshToken,
    expiresAt,
    renewAt: expiresAt - margin,
  };
}

/** sessionStorage, not localStorage: a reload keeps the session, closing the tab ends it. */
export function loadTokens(): Tokens | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

export function saveTokens(tokens: Tokens | undefined): void {
  if (tokens) sessionStorage.setItem(STORAGE_KEY, JSON.stringify(tokens));
  else sessionStorage.removeItem(STORAGE_KEY);
}

export function isUnauthenticated(result: GraphQLResult<unknown>): boolean {
  return result.errors?.some((error) => error.extensions?.code === 'UNAUTHENTICATED') ?? false;
}
