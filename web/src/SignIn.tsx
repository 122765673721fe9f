import { Button, ChevronDownIcon, DropdownMenu } from '@graphiql/react';
import type { FormEvent } from 'react';
import type { DemoAccount } from './config';
import type { Session, SessionState } from './session';

export function SignInForm({ session, state }: { session: Session; state: SessionState }) {
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    void session.signIn(String(fields.get('email')).trim(), String(fields.get('password')));
  }
  return (
    <form className="console-form" aria-label="Sign in" onSubmit={submit}>
      <input name="email" type="email" required aria-label="E-mail" placeholder="e-mail" autoComplete="username" />
      <input
        name="password"
        type="password"
        required
        aria-label="Password"
        placeholder="password"
        autoComplete="current-password"
      />
      <Button type="submit" className="console-primary" disabled={state.busy}>
        Sign in
      </Button>
    </form>
  );
}

/** The second step, for an account with a second factor. */
export function CodeForm({ session, state }: { session: Session; state: SessionState }) {
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    void session.giveCode(String(new FormData(event.currentTarget).get('code')).trim());
  }
  return (
    <form className="console-form" aria-label="Second factor" onSubmit={submit}>
      <input
        name="code"
        type="text"
        required
        autoFocus
        aria-label="Code"
        placeholder="code or recovery code"
        autoComplete="one-time-code"
      />
      <Button type="submit" className="console-primary" disabled={state.busy}>
        Sign in
      </Button>
      <Button type="button" onClick={() => session.forgetCode()}>
        Cancel
      </Button>
    </form>
  );
}

export function SignedIn({ session, email }: { session: Session; email: string }) {
  return (
    <>
      <p className="console-who" role="status">
        Signed in as <strong>{email}</strong>
      </p>
      <Button type="button" onClick={() => session.signOut()}>
        Sign out
      </Button>
    </>
  );
}

interface DemoMenuProps {
  accounts: DemoAccount[];
  session: Session;
  state: SessionState;
}

/** Stays while somebody is signed in: trying a query in another role is one click. */
export function DemoMenu({ accounts, session, state }: DemoMenuProps) {
  return (
    <DropdownMenu>
      <DropdownMenu.Button className="console-menu" disabled={state.busy}>
        Demo accounts <ChevronDownIcon aria-hidden="true" />
      </DropdownMenu.Button>
      <DropdownMenu.Content className="console-menu-items" align="end" aria-label="Demo accounts">
        {accounts.map((account) => (
          <DropdownMenu.Item key={account.email} onSelect={() => void session.signIn(account.email, account.password)}>
            {account.label} <span className="console-hint">{account.email}</span>
          </DropdownMenu.Item>
        ))}
      </DropdownMenu.Content>
    </DropdownMenu>
  );
}
