import { useGraphiQL } from '@graphiql/react';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { useEffect, useMemo } from 'react';
import { createFetcher } from './fetcher';
import { READY_OPERATIONS } from './ready-operations';
import { useSession } from './session';
import { SignInBar } from './sign-in-bar';

// The same list on every drawing: a new one would close the panel that is open.
const PLUGINS = [READY_OPERATIONS, HISTORY_PLUGIN];

interface Tab {
  query: string;
  variables: string;
}

/** Wraps long lines; GraphiQL has no setting for that, and knows its editors only within. */
function WrappedLines() {
  const editors = useGraphiQL(({ queryEditor, variableEditor }) => [queryEditor, variableEditor]);
  useEffect(() => {
    for (const editor of editors) editor?.updateOptions({ wordWrap: 'on' });
  }, [editors]);
  return null;
}

/** The whole page: the bar, and GraphiQL below it. */
export function Explorer({ firstTabs }: { firstTabs: Tab[] }) {
  const { signIn, live, token } = useSession();
  const fetcher = useMemo(() => createFetcher(signIn, live), [signIn, live]);
  useEffect(() => live.reconnect(), [live, token]);
  return (
    <>
      <SignInBar />
      <main className="explorer">
        <GraphiQL
          fetcher={fetcher}
          // Null: there is nobody yet to ask for the schema as; the documentation comes with the sign-in.
          {...(token === null && { schema: null })}
          plugins={PLUGINS}
          visiblePlugin={READY_OPERATIONS}
          defaultTabs={firstTabs}
          defaultEditorToolsVisibility="variables"
          showPersistHeadersSettings={false}
        >
          <GraphiQL.Logo>
            <WrappedLines />
          </GraphiQL.Logo>
        </GraphiQL>
      </main>
    </>
  );
}
