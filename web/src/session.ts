import type { GraphQLSchema } from 'graphql';
import { COMPLETE, isUnauthenticated, loadTokens, REFRESH, saveTokens, SIGN_IN, SIGN_OUT, toTokens } from './tokens';
import type { AskedPayload, TokenPayload, Tokens } from './tokens';
import { NoAnswer, post } from './transport';
import type { GraphQLRequest, GraphQLResult, Headers } from './transport';

/** What the bar shows. */
export interface SessionState {
  email?: string;
  busy: boolean;
  /** The password was right, and a code of the second factor is asked for. */
  asksForCode?: boolean;
  /** Why nobody is signed in (any more). */
  problem?: string;
}

/** What came of asking for tokens: tokens, a problem, or the ticket to the second step. */
type Asked = [tokens?: Tokens, problem?: string, ticket?: string];

const QUERIES = { signIn: SIGN_IN, completeSignIn: COMPLETE, refreshSession: REFRESH };
const RETRY_AFTER = 10_000;
const PASSING = new Set(['INTERNAL', 'RATE_LIMITED', 'UNAVAILABLE']);
const bearer = (accessToken: string): Headers => ({ Authorization: `Bearer ${accessToken}` });

/**
 * Who is signed in. Keeps the access token fresh: with `refreshSession` where the schema has it, else by
 * signing in again with the password typed in this visit, which is never stored anywhere but here.
 */
export class Session {
  private tokens = loadTokens();
  private password?: string;
  /** Between the two steps of a sign-in. */
  private pending?: { ticket: string; email: string; password: string };
  private state: SessionState = { email: this.tokens?.email, busy: false };
  private listeners = new Set<() => void>();
  private timer?: ReturnType<typeof setTimeout>;
  private renewal?: Promise<void>;
  /** Unknown until the schema was seen, and for good when introspection is off. */
  private canRefresh?: boolean;

  constructor(readonly endpoint: string) {
    this.schedule(this.tokens?.renewAt);
  }

  // These three are passed around without their object, hence arrow functions.
  getState = (): SessionState => this.state;
  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  learnSchema = (schema: GraphQLSchema): void => {
    this.canRefresh = 'refreshSession' in (schema.getMutationType()?.getFields() ?? {});
  };

  signIn(email: string, password: string): Promise<void> {
    this.pending = undefined;
    return this.step('signIn', { email, password }, email, password);
  }

  /** The second step of a sign-in: six digits of an authenticator, or a recovery code. */
  async giveCode(code: string): Promise<void> {
    if (!this.pending) return;
    const { ticket, email, password } = this.pending;
    const kind = /^[\d\s]{1,9}$/.test(code) ? 'code' : 'recoveryCode';
    await this.step('completeSignIn', { ticket, [kind]: code }, email, password);
  }

  /** Back to the first step. */
  forgetCode(): void {
    this.pending = undefined;
    this.setState({ email: this.tokens?.email, busy: false });
  }

  private async step(
    field: 'signIn' | 'completeSignIn',
    input: Record<string, string>,
    email: string,
    password: string,
  ): Promise<void> {
    const before = this.tokens;
    this.setState({ email: before?.email, busy: true, asksForCode: this.pending !== undefined });
    let [tokens, problem, ticket]: Asked = [];
    try {
      [tokens, problem, ticket] = await this.askForTokens(field, input, email);
    } catch (error) {
      problem = messageOf(error);
    }
    if (!tokens) {
      if (ticket !== undefined) this.pending = { ticket, email, password };
      this.setState({ email: this.tokens?.email, busy: false, asksForCode: this.pending !== undefined, problem });
      return;
    }
    // Signing in again takes a code, so the password is no way to renew the session.
    this.password = this.pending ? undefined : password;
    this.pending = undefined;
    this.hold(tokens);
    if (before) this.revoke(before);
  }

  signOut(): void {
    const { tokens } = this;
    this.end();
    if (tokens) this.revoke(tokens);
  }

  /** Sends a request as whoever is signed in. Headers given by hand win. */
  async request(request: GraphQLRequest, headers: Headers = {}): Promise<GraphQLResult> {
    try {
      // Timers stand still while a laptop sleeps, so the clock is looked at here too.
      if (this.tokens && Date.now() >= this.tokens.renewAt) await this.renew();
      const { tokens } = this;
      const result = await this.send(request, headers);
      const own = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
      if (!tokens || own || !isUnauthenticated(result) || (await this.isAlive(tokens))) return result;
      // The session is gone at the server (revoked, or the database was made anew): the clock does not matter.
      tokens.expiresAt = 0;
      await this.renew();
      return await this.send(request, headers);
    } catch (error) {
      return { errors: [{ message: messageOf(error) }] };
    }
  }

  /** What a WebSocket says in its first message to be whoever is signed in. */
  async headers(): Promise<Headers> {
    if (this.tokens && Date.now() >= this.tokens.renewAt) await this.renew();
    return this.tokens ? bearer(this.tokens.accessToken) : {};
  }

  private async send(request: GraphQLRequest, headers: Headers): Promise<GraphQLResult> {
    const authorization = this.tokens && bearer(this.tokens.accessToken);
    return (await post<Record<string, unknown>>(this.endpoint, request, { ...authorization, ...headers })).result;
  }

  /** UNAUTHENTICATED may be about the operation (a wrong password, say): only this tells it from a dead token. */
  private async isAlive(tokens: Tokens): Promise<boolean> {
    const probe = { query: '{ viewer { id } }' };
    return !isUnauthenticated((await post(this.endpoint, probe, bearer(tokens.accessToken))).result);
  }

  /** At most one renewal at a time: a refresh token works once, and using it twice ends the session. */
  private renew(): Promise<void> {
    this.renewal ??= this.tryToRenew().finally(() => (this.renewal = undefined));
    return this.renewal;
  }

  private async tryToRenew(): Promise<void> {
    const { tokens: old, password } = this;
    if (!old) return;
    let fresh: Tokens | undefined;
    try {
      if (this.canRefresh !== false) {
        [fresh] = await this.askForTokens('refreshSession', { refreshToken: old.refreshToken }, old.email);
      }
      if (!fresh && password !== undefined) {
        [fresh] = await this.askForTokens('signIn', { email: old.email, password }, old.email);
      }
    } catch {
      // The server is restarting, perhaps: the session may well outlive that.
      if (this.tokens === old) this.schedule(Date.now() + RETRY_AFTER);
      return;
    }
    if (this.tokens !== old) return; // Signed out, or in as someone else, meanwhile.
    if (fresh) this.hold(fresh);
    else if (Date.now() < old.expiresAt) this.schedule(old.expiresAt);
    else this.end('Session ended, sign in again.');
  }

  private async askForTokens(
    field: keyof typeof QUERIES,
    input: Record<string, string>,
    email: string,
  ): Promise<Asked> {
    const request = { query: QUERIES[field], variables: { input } };
    const answer = await post<Partial<Record<string, TokenPayload | AskedPayload>>>(this.endpoint, request);
    const payload = answer.result.data?.[field];
    if (payload && payload.accessToken === null) return [undefined, undefined, payload.secondFactor.ticket];
    if (payload) return [toTokens(answer, payload, email)];
    const error = answer.result.errors?.[0];
    // A database that is away for a moment has not refused anybody.
    if (PASSING.has(error?.extensions?.code ?? '')) throw new NoAnswer(error?.message);
    return [undefined, error?.message ?? 'The server gave no answer to that.'];
  }

  /** Best effort: a session that cannot be signed out now runs out by itself. */
  private revoke(tokens: Tokens): void {
    post(this.endpoint, { query: SIGN_OUT }, bearer(tokens.accessToken)).catch(() => undefined);
  }

  private hold(tokens: Tokens): void {
    this.tokens = tokens;
    saveTokens(tokens);
    this.schedule(tokens.renewAt);
    this.setState({ email: tokens.email, busy: false });
  }

  private end(problem?: string): void {
    this.tokens = undefined;
    this.password = undefined;
    saveTokens(undefined);
    this.schedule(undefined);
    this.setState({ busy: false, problem });
  }

  private schedule(at: number | undefined): void {
    clearTimeout(this.timer);
    if (at !== undefined) this.timer = setTimeout(() => void this.renew(), Math.max(0, at - Date.now()));
  }

  private setState(state: SessionState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

function messageOf(error: unknown): string {
  return error instanceof NoAnswer ? error.message : `The request was not sent: ${String(error)}`;
}
