import type { Environment } from 'monaco-editor';

/** The editor checks and completes in workers of its own, which the build put beside the page. */
const environment: Environment = {
  getWorker: (_id, label) =>
    new Worker(label === 'json' || label === 'graphql' ? WORKER_ADDRESSES[label] : WORKER_ADDRESSES.editor, {
      name: label,
    }),
};

Object.assign(globalThis, { MonacoEnvironment: environment });
