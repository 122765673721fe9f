import type { Fetcher } from '@graphiql/toolkit';
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
    return session.request(params, { ...headers, ...(options?.headers as Headers | undefined) });
  };
}
