import { createContext, useContext, useSyncExternalStore, type ReactNode } from 'react';
import type { LiveConnection } from './live-connection';
import type { SignIn } from './sign-in';

interface Session {
  signIn: SignIn;
  live: LiveConnection;
}

const SessionContext = createContext<Session | null>(null);

export function SessionProvider({ session, children }: { session: Session; children: ReactNode }) {
  return <SessionContext value={session}>{children}</SessionContext>;
}

/** Who is signed in, and the connection that live operations run on; what shows them is drawn anew as they change. */
export function useSession() {
  const session = useContext(SessionContext);
  if (!session) throw new Error('This part of the page stands outside its session.');
  const { signIn, live } = session;
  return {
    signIn,
    live,
    ...useSyncExternalStore(signIn.listen, signIn.current),
    connection: useSyncExternalStore(live.listen, live.current),
  };
}
