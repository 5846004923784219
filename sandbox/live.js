// @ts-check
// EventSource cannot send a header, so the stream is read with fetch.
import { parsed } from './json.js';
import { Refusal } from './server.js';

/** @import { SandboxServer } from './server.js' */

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
/** The server sends a comment every 15 s: two missed ones, and the connection is taken for dead. */
const LONGEST_SILENCE = 40_000;

/** @typedef {'CONNECTING' | 'LIVE' | 'RECONNECTING'} LiveState */

/**
 * @typedef {object} Listener
 * @property {(waId: string | null) => void} changed something changed, with this customer or (null) anywhere
 * @property {(state: LiveState) => void} state
 * @property {(refusal: Refusal) => void} refused the server will not have us; there is no use in trying again
 */

/**
 * Listens to a channel until told to stop, and connects anew with growing pauses whenever the connection is lost.
 * @param {SandboxServer} server
 * @param {string} channelId
 * @param {Listener} listener
 * @returns {() => void} stops it
 */
export function listen(server, channelId, listener) {
  const stop = new AbortController();
  const stopped = () => stop.signal.aborted;
  void (async () => {
    let pause = FIRST_PAUSE;
    listener.state('CONNECTING');
    while (!stopped()) {
      try {
        await readOnce(server, channelId, stop.signal, listener, () => {
          pause = FIRST_PAUSE;
        });
      } catch (error) {
        if (stopped()) return;
        if (error instanceof Refusal && [401, 403, 404].includes(error.status)) {
          listener.refused(error);
          return;
        }
        // Whatever else ended the stream (server restarted, network gone): it is tried again below, and shown.
      }
      if (stopped()) return;
      listener.state('RECONNECTING');
      await waited(pause * (0.8 + 0.4 * Math.random()), stop.signal);
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  })();
  return () => stop.abort();
}

/**
 * One connection, from its opening to its end.
 * @param {SandboxServer} server
 * @param {string} channelId
 * @param {AbortSignal} stop
 * @param {Listener} listener
 * @param {() => void} connected
 */
async function readOnce(server, channelId, stop, listener, connected) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), LONGEST_SILENCE);
  try {
    const response = await server.live(channelId, AbortSignal.any([stop, silence.signal]));
    if (!response.body) throw new Refusal(0, 'The stream of changes has no content.');
    connected();
    listener.state('LIVE');
    // What happened while nobody listened is fetched now.
    listener.changed(null);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), LONGEST_SILENCE);
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? '';
      for (const block of blocks) tell(block, listener);
    }
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {string} block one event of the stream, or comments
 * @param {Listener} listener
 */
function tell(block, listener) {
  const lines = block.split(/\r?\n/);
  if (!lines.some((line) => /^event: ?changed$/.test(line))) return;
  const data = lines
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length))
    .join('\n');
  listener.changed(/** @type {{ waId: string | null }} */ (parsed(data)).waId);
}

/**
 * Waits, but no longer than until the browser says that the network is back.
 * @param {number} milliseconds
 * @param {AbortSignal} stop
 * @returns {Promise<void>}
 */
function waited(milliseconds, stop) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      stop.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener('online', done);
    stop.addEventListener('abort', done);
  });
}
