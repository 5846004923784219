/** Where the build put each of the editor's workers, by label. */
declare const WORKER_ADDRESSES: Readonly<Record<'editor' | 'json' | 'graphql', string>>;

/** The operations come as their text. */
declare module '*.graphql' {
  const text: string;
  export default text;
}

declare module '*.css';
