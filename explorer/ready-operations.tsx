import { useGraphiQL, useGraphiQLActions, type GraphiQLPlugin } from '@graphiql/react';
import { useEffect, useState } from 'react';
import { ADMIN } from './operations/admin';
import { AGENT } from './operations/agent';
import { ANALYTICS } from './operations/analytics';
import { LIVE } from './operations/live';
import { NothingToChoose, type Ask, type Group, type ReadyOperation } from './operations/ready-operation';
import { useSession } from './session';
import type { LiveConnection } from './live-connection';
import type { SignIn } from './sign-in';

export const GROUPS: readonly Group[] = [ADMIN, AGENT, LIVE, ANALYTICS];

const asText = (variables: object): string => JSON.stringify(variables, null, 2);

/** The variables of an operation, chosen from what the contract holds now. @throws NothingToChoose */
async function variablesOf(
  { variables }: ReadyOperation,
  signIn: SignIn,
  { lastCursor }: LiveConnection,
): Promise<string> {
  if (!variables) return '';
  const ask: Ask = async <Data,>(query: string, given?: object) => {
    const answer = (await signIn.post({ query, variables: given })) as {
      data?: Data | null;
      errors?: { message: string }[];
    };
    // A part that is not the caller's to see is answered with an error beside the rest.
    const [error] = answer.errors ?? [];
    if (error) throw new NothingToChoose(error.message);
    return answer.data as Data;
  };
  return asText(await variables({ ask, lastCursor }));
}

/** The tabs that a first visit begins with: the first operation of each group. */
export async function firstTabs(
  signIn: SignIn,
  live: LiveConnection,
): Promise<{ query: string; variables: string }[]> {
  return Promise.all(
    GROUPS.flatMap(({ operations }) => operations.slice(0, 1)).map(async (operation) => ({
      query: operation.text,
      variables: await variablesOf(operation, signIn, live),
    })),
  );
}

/** Opens an operation: in the tab that already holds it, else in a new one. */
function useOpening() {
  const { signIn, live } = useSession();
  const actions = useGraphiQLActions();
  const { tabs, queryEditor, variableEditor } = useGraphiQL(({ tabs, queryEditor, variableEditor }) => ({
    tabs,
    queryEditor,
    variableEditor,
  }));
  return async (operation: ReadyOperation): Promise<string | null> => {
    let variables = '';
    let problem: string | null = null;
    try {
      variables = await variablesOf(operation, signIn, live);
    } catch (error) {
      if (!(error instanceof NothingToChoose)) throw error;
      problem = error.message;
    }
    const index = tabs.findIndex(({ query }) => query?.trim() === operation.text.trim());
    if (index === -1) actions.addTab();
    else actions.changeTab(index);
    queryEditor?.setValue(operation.text);
    variableEditor?.setValue(variables);
    // So that Ctrl-Enter runs it.
    queryEditor?.focus();
    requestAnimationFrame(() => document.querySelector('.graphiql-tab-active')?.scrollIntoView());
    return problem;
  };
}

function ReadyOperationsPanel() {
  const { token, person, people, signIn } = useSession();
  const open = useOpening();
  const [note, setNote] = useState<{ title: string; text: string } | null>(null);
  // What somebody else could not choose from says nothing of who is signed in now.
  useEffect(() => setNote(null), [token]);
  const show = async (operation: ReadyOperation): Promise<void> => {
    setNote(null);
    const problem = await open(operation);
    if (problem !== null) setNote({ title: operation.title, text: problem });
  };
  return (
    <section className="ready" aria-label="Ready operations">
      <h2>Ready operations</h2>
      <p>A click opens one in a tab, with its variables filled in. Run it with Ctrl-Enter.</p>
      {GROUPS.map((group) => {
        const { title, about, role, operations } = group;
        const other = role !== null && token !== null && person?.role !== role;
        const fitting = other ? people.find((one) => one.role === role) : undefined;
        return (
          <section key={title} className="ready-group">
            <h3>
              {title} {role && <span className={`role role-${role.toLowerCase()}`}>{role}</span>}
            </h3>
            <p>
              {about}{' '}
              {fitting && (
                <button type="button" className="ready-switch" onClick={() => void signIn.as(fitting)}>
                  Sign in as {fitting.name}
                </button>
              )}
            </p>
            <ul>
              {operations.map((operation) => (
                <li key={operation.title}>
                  <button type="button" onClick={() => void show(operation)}>
                    {operation.title}
                  </button>
                  {note?.title === operation.title && (
                    <p className="ready-note" role="status">
                      {note.text}
                    </p>
                  )}
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </section>
  );
}

function ReadyOperationsIcon() {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d="M4 6.5 5.5 8 8 5M4 12.5 5.5 14 8 11M4 18.5 5.5 20 8 17M12 6.5h8M12 12.5h8M12 18.5h8" />
    </svg>
  );
}

/** The panel at the left. */
export const READY_OPERATIONS: GraphiQLPlugin = {
  title: 'Ready operations',
  icon: ReadyOperationsIcon,
  content: ReadyOperationsPanel,
};
