/** A GraphQL client in one function: `fetch`, and the types that codegen gave the document. */
import type { TypedDocumentString } from './gql/graphql.js';

export interface GraphQLError {
  message: string;
  path?: (string | number)[];
  extensions?: { code?: string };
}

export interface Answer<Data> {
  data: Data;
  /** What was refused or failed, while the rest was answered: the fields that they name are null in `data`. */
  errors: GraphQLError[];
}

/** The server said no, or nothing: there is no data. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export class Client {
  constructor(
    private readonly url: string,
    private readonly accessToken?: string,
  ) {}

  /** Sends one document. Throws an `ApiError` when there is no data. */
  async ask<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<Answer<Data>> {
    const headers: Record<string, string> = { Accept: 'application/json', 'Content-Type': 'application/json' };
    if (this.accessToken !== undefined) headers['Authorization'] = `Bearer ${this.accessToken}`;
    let response: Response;
    try {
      const body = JSON.stringify({ query: document.toString(), variables });
      response = await fetch(this.url, { method: 'POST', headers, body });
    } catch {
      throw new ApiError('NO_ANSWER', `${this.url} cannot be reached`);
    }
    // An answer with errors is an answer, whatever its status; what is no JSON came from something in between.
    const answer: unknown = await response.json().catch(() => null);
    if (!isAnswer<Data>(answer)) throw new ApiError('NO_ANSWER', `no GraphQL answer, but HTTP ${response.status}`);
    const { data, errors = [] } = answer;
    if (data === null || data === undefined) {
      const first = errors[0];
      throw new ApiError(first?.extensions?.code ?? 'NO_ANSWER', first?.message ?? 'an answer without data');
    }
    return { data, errors };
  }
}

function isAnswer<Data>(answer: unknown): answer is { data?: Data | null; errors?: GraphQLError[] } {
  return typeof answer === 'object' && answer !== null && ('data' in answer || 'errors' in answer);
}
