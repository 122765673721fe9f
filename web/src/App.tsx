import { DOC_EXPLORER_PLUGIN, DocExplorerStore } from '@graphiql/plugin-doc-explorer';
import { HISTORY_PLUGIN, HistoryStore } from '@graphiql/plugin-history';
import { GraphiQLProvider } from '@graphiql/react';
import { GraphiQLInterface } from 'graphiql';
import { useMemo } from 'react';
import { Bar } from './Bar';
import type { Config } from './config';
import { EXAMPLES } from './examples';
import { createFetcher } from './fetcher';
import type { Session } from './session';

const PLUGINS = [DOC_EXPLORER_PLUGIN, HISTORY_PLUGIN];
const DEFAULT_TABS = EXAMPLES.slice(0, 1).map(({ query }) => ({ query }));

/** GraphiQL put together from its parts, so that the bar stands before it and can use its state. */
export function App({ config, session }: { config: Config; session: Session }) {
  // A new fetcher would make GraphiQL ask for the schema again.
  const fetcher = useMemo(() => createFetcher(session), [session]);
  return (
    <GraphiQLProvider
      fetcher={fetcher}
      plugins={PLUGINS}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      defaultTabs={DEFAULT_TABS}
      inputValueDeprecation
      schemaDescription
      onSchemaChange={session.learnSchema}
    >
      <HistoryStore>
        <DocExplorerStore>
          {/* The class gives the bar the colours of GraphiQL's theme, light and dark. */}
          <div className="graphiql-container console">
            <Bar config={config} session={session} />
            {/* Headers may hold an API key: GraphiQL must not offer to keep them in localStorage. */}
            <GraphiQLInterface showPersistHeadersSettings={false} />
          </div>
        </DocExplorerStore>
      </HistoryStore>
    </GraphiQLProvider>
  );
}
