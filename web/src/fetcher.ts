import type { Fetcher, FetcherOpts, FetcherParams, FetcherReturnType } from '@graphiql/toolkit';
import { getOperationAST } from 'graphql';
import { subscribe } from './live';
import { getOrganization } from './organization';
import type { Session } from './session';
import type { Headers } from './transport';

/** How GraphiQL talks to the server: as the signed-in user, in the chosen organization. */
export function createFetcher(session: Session): Fetcher {
  return (params, options) => {
    const headers: Headers = {};
    const organization = getOrganization();
    // A half-typed slug is refused by the server; that should not take the documentation away.
    if (organization && params.operationName !== 'IntrospectionQuery') headers['X-Organization'] = organization;
    Object.assign(headers, options?.headers);
    if (isSubscription(params, options)) {
      return subscribe(session.endpoint, params, async () => ({ ...(await session.headers()), ...headers }));
    }
    return session.request(params, headers) as FetcherReturnType;
  };
}

function isSubscription(params: FetcherParams, options?: FetcherOpts): boolean {
  const { documentAST } = options ?? {};
  return documentAST != null && getOperationAST(documentAST, params.operationName)?.operation === 'subscription';
}
