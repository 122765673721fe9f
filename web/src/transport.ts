export interface GraphQLRequest {
  query: string;
  variables?: unknown;
  operationName?: string | null;
}

export interface GraphQLError {
  message: string;
  extensions?: { code?: string };
}

export interface GraphQLResult<Data = Record<string, unknown>> {
  data?: Data | null;
  errors?: GraphQLError[];
}

export type Headers = Record<string, string>;

/** No GraphQL answer came: the server is down, or something in front of it answered instead. */
export class NoAnswer extends Error {}

export interface Answer<Data> {
  result: GraphQLResult<Data>;
  /** The server's clock minus ours, in milliseconds; 0 when it did not say. */
  clockSkew: number;
}

/** One GraphQL request over HTTP. An answer with errors is an answer, whatever its status. */
export async function post<Data>(
  endpoint: string,
  request: GraphQLRequest,
  headers: Headers = {},
): Promise<Answer<Data>> {
  let response: Response;
  try {
    response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        Accept: 'application/graphql-response+json, application/json',
        'Content-Type': 'application/json',
        ...headers,
      },
      body: JSON.stringify(request),
    });
  } catch {
    throw new NoAnswer('The server cannot be reached.');
  }
  const result: unknown = await response.json().catch(() => undefined);
  if (typeof result !== 'object' || result === null) {
    throw new NoAnswer(`The server gave no GraphQL answer (HTTP ${response.status}).`);
  }
  const serverTime = Date.parse(response.headers.get('Date') ?? '');
  return {
    result: result as GraphQLResult<Data>,
    clockSkew: Number.isNaN(serverTime) ? 0 : serverTime - Date.now(),
  };
}
