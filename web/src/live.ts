import type { FetcherParams, FetcherReturnType } from '@graphiql/toolkit';
import { createClient } from 'graphql-ws';
import type { Headers } from './transport';

/**
 * Events, over a WebSocket of their own: whoever is signed in when it is opened asks. When it is closed because the token
 * has ended, it is opened again with the session's new one.
 */
export function subscribe(
  endpoint: string,
  { query, variables, operationName }: FetcherParams,
  connectionParams: () => Promise<Headers>,
): FetcherReturnType {
  const url = new URL(endpoint, location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  const client = createClient({ url: url.href, connectionParams });
  return client.iterate({ query, variables: variables ?? {}, operationName }) as FetcherReturnType;
}
