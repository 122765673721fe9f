import { useSyncExternalStore } from 'react';
import type { Config } from './config';
import { ExamplesMenu } from './ExamplesMenu';
import { getOrganization, setOrganization } from './organization';
import type { Session } from './session';
import { CodeForm, DemoMenu, SignedIn, SignInForm } from './SignIn';
import { useSystemTheme } from './useSystemTheme';

export function Bar({ config, session }: { config: Config; session: Session }) {
  const state = useSyncExternalStore(session.subscribe, session.getState);
  useSystemTheme();
  return (
    <header className="console-bar" aria-label="Console">
      <h1 className="console-name">ogelbase</h1>
      {config.environment && (
        <span className={`console-badge console-badge-${config.environment}`}>{config.environment}</span>
      )}
      <ExamplesMenu />
      <label className="console-field" title="Sent with each request as X-Organization; empty: your active organization">
        Organization
        <input
          type="text"
          defaultValue={getOrganization()}
          onChange={(event) => setOrganization(event.currentTarget.value)}
          placeholder="slug"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
      </label>
      <div className="console-session">
        {state.problem && (
          <p className="console-problem" role="alert">
            {state.problem}
          </p>
        )}
        {config.demoAccounts.length > 0 && <DemoMenu accounts={config.demoAccounts} session={session} state={state} />}
        {state.asksForCode ? (
          <CodeForm session={session} state={state} />
        ) : state.email ? (
          <SignedIn session={session} email={state.email} />
        ) : (
          <SignInForm session={session} state={state} />
        )}
      </div>
    </header>
  );
}
