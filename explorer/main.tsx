import './workers';
// GraphiQL loads its editor once it is drawn; as a part of the page it is there by then.
import 'monaco-graphql/esm/monaco-editor.js';
import 'monaco-graphql/esm/lite.js';
import '@graphiql/react/font/roboto.css';
import '@graphiql/react/font/fira-code.css';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './explorer.css';
import { createRoot } from 'react-dom/client';
import { Explorer } from './explorer';
import { LiveConnection } from './live-connection';
import { firstTabs } from './ready-operations';
import { SessionProvider } from './session';
import { SignIn } from './sign-in';

const PANEL_WIDTH = 'graphiql:docExplorerFlex';

/** Leaves more room to the editors than GraphiQL does, until somebody drags the edge of the panel. */
function narrowPanel(): void {
  if (localStorage.getItem(PANEL_WIDTH) === null) localStorage.setItem(PANEL_WIDTH, '0.26');
}

async function begin(place: HTMLElement): Promise<void> {
  narrowPanel();
  const signIn = new SignIn();
  const live = new LiveConnection(() => signIn.current().token);
  await signIn.begin();
  const tabs = await firstTabs(signIn, live);
  createRoot(place).render(
    <SessionProvider session={{ signIn, live }}>
      <Explorer firstTabs={tabs} />
    </SessionProvider>,
  );
}

const place = document.getElementById('explorer');
if (place) {
  begin(place).catch((error: unknown) => {
    place.textContent = `The explorer could not start: ${String(error)}. Is the server running?`;
  });
}
