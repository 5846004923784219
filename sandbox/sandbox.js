// @ts-check
import { html, useEffect, useMemo, useRef, useState } from './htm.js';
import { ControlPanel } from './controls.js';
import { Conversation } from './conversation.js';
import { Icon, Mark } from './icons.js';
import { listen } from './live.js';
import { readableNumber } from './phone-number.js';
import { AddCustomerDialog, Phones } from './phones.js';
import { Refusal, SandboxServer } from './server.js';
import { Toasts, useToasts } from './toasts.js';
import { useAddress } from './address.js';

/** @import { Channel, Controls, Message, Phone } from './wire' */
/** @import { LiveState } from './live.js' */
/** @import { Session } from './session.js' */

/** From so many pixels on, list and conversation stand side by side, as in style.css. */
const SIDE_BY_SIDE = '(min-width: 821px)';

/**
 * Runs a task again, once, when it was asked for while it ran: a burst of changes is fetched twice, not a hundred times.
 * @param {() => Promise<void>} task
 */
function coalesced(task) {
  let running = false;
  let again = false;
  return async () => {
    again = true;
    if (running) return;
    running = true;
    try {
      while (again) {
        again = false;
        await task();
      }
    } finally {
      running = false;
    }
  };
}

/**
 * The page of somebody who is signed in.
 * @param {object} properties
 * @param {Session} properties.session
 * @param {(note: string) => void} properties.onSignOut
 */
export function Sandbox({ session, onSignOut }) {
  const server = useMemo(() => new SandboxServer(session.token), [session.token]);
  const [channels, setChannels] = useState(/** @type {Channel[] | null} */ (null));
  const [refusal, setRefusal] = useState(/** @type {Refusal | null} */ (null));
  const [attempt, setAttempt] = useState(0);
  const [liveState, setLiveState] = useState(/** @type {LiveState} */ ('CONNECTING'));
  const [controlsOpen, setControlsOpen] = useState(false);
  const address = useAddress();

  /** @param {Refusal} refused */
  const onRefused = (refused) => {
    if (refused.status === 401) onSignOut('Your sign-in does not hold, or holds no longer. Sign in again.');
    else setRefusal(refused);
  };
  useEffect(() => {
    let gone = false;
    setRefusal(null);
    server.channels().then(
      (found) => {
        if (!gone) setChannels(found);
      },
      (/** @type {unknown} */ error) => {
        if (gone) return;
        if (error instanceof Refusal) onRefused(error);
        else throw error;
      },
    );
    return () => {
      gone = true;
    };
  }, [server, attempt]);

  const channel = channels?.find(({ id }) => id === address.channelId) ?? channels?.[0];
  const signOut = () => onSignOut('');
  return html`<div class=${`app ${address.waId && channel ? 'shows-chat' : ''}`}>
    <header class="top">
      <a class="brand" href="/sandbox" aria-label="Saludo sandbox"
        ><${Mark} /><span>Saludo</span><em>Sandbox</em></a
      >
      ${channels && channel && html`<${ChannelChoice} channels=${channels} channel=${channel} onChoose=${(/** @type {string} */ id) => address.go(id, null)} />`}
      ${channel && !refusal && html`<${LiveNote} state=${liveState} />`}
      <span class="stretch"></span>
      <a class="plain explorer-link" href="/graphql"><${Icon} name="code" /><span>Explorer</span></a>
      ${session.person && html`<span class="who" title=${session.person.email}>${session.person.name}</span>`}
      <button type="button" class="round" aria-label="Sign out" title="Sign out" onClick=${signOut}>
        <${Icon} name="signOut" />
      </button>
      ${
        channel &&
        html`<button
          type="button"
          class="round open-controls"
          aria-label="Controls"
          aria-expanded=${String(controlsOpen)}
          aria-controls="controls"
          onClick=${() => setControlsOpen(!controlsOpen)}
        >
          <${Icon} name="sliders" />
        </button>`
      }
    </header>
    ${
      refusal || channels?.length === 0
        ? html`<${NotHere}
            refusal=${refusal}
            onAgain=${() => setAttempt(attempt + 1)}
            onSignOut=${signOut}
          />`
        : channel
          ? html`<${ChannelView}
              key=${channel.id}
              server=${server}
              channel=${channel}
              waId=${address.channelId === channel.id ? address.waId : null}
              go=${(/** @type {string | null} */ waId, /** @type {boolean} */ quietly) => address.go(channel.id, waId, quietly)}
              controlsOpen=${controlsOpen}
              onCloseControls=${() => setControlsOpen(false)}
              onLiveState=${setLiveState}
              onRefused=${onRefused}
            />`
          : html`<main class="waiting" role="status"><span class="spinner"></span>Loading…</main>`
    }
  </div>`;
}

/** @param {{ channels: Channel[], channel: Channel, onChoose: (id: string) => void }} properties */
function ChannelChoice({ channels, channel, onChoose }) {
  /** @param {Channel} one */
  const nameOf = (one) => `${one.botName} · ${readableNumber(one.phoneNumber)}`;
  if (channels.length === 1) return html`<span class="channel">${nameOf(channel)}</span>`;
  return html`<select
    class="channel"
    aria-label="Number"
    onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ event) => onChoose(event.currentTarget.value)}
  >
    ${channels.map(
      (one) =>
        html`<option key=${one.id} value=${one.id} selected=${one.id === channel.id}>${nameOf(one)}</option>`,
    )}
  </select>`;
}

/** @type {Readonly<Record<LiveState, string>>} */
const LIVE_WORDS = { CONNECTING: 'Connecting…', LIVE: 'Live', RECONNECTING: 'Reconnecting…' };

/** @param {{ state: LiveState }} properties */
const LiveNote = ({ state }) =>
  html`<span class=${`live-note ${state.toLowerCase()}`} role="status" data-live=${state}>
    <span class="dot"></span>${LIVE_WORDS[state]}
  </span>`;

/**
 * Why there is nothing to show, and what to do about it.
 * @param {{ refusal: Refusal | null, onAgain: () => void, onSignOut: () => void }} properties
 */
function NotHere({ refusal, onAgain, onSignOut }) {
  const status = refusal?.status ?? 404;
  const [title, text] =
    status === 403
      ? [
          'This is for admins',
          'The phones are open to admins, and to everybody of the demo. Sign in as an admin of your contract.',
        ]
      : status === 404
        ? [
            'No sandbox number yet',
            'Your contract has no connected sandbox number. As an admin, connect one to a bot in the explorer (connectWhatsAppChannel with sandbox: true), then come back.',
          ]
        : ['That did not work', refusal?.message ?? ''];
  return html`<main class="gate">
    <div class="gate-card" role="alert">
      <${Mark} />
      <h1>${title}</h1>
      <p class="lead">${text}</p>
      <div class="gate-actions">
        <button type="button" class="primary" onClick=${onAgain}>Try again</button>
        <a class="plain" href="/graphql"><${Icon} name="code" />Open the explorer</a>
        <button type="button" class="plain" onClick=${onSignOut}>Sign in as somebody else</button>
      </div>
    </div>
  </main>`;
}

/**
 * One number: its customers, the conversation with one of them, and the controls; kept up to date by the live stream.
 * @param {object} properties
 * @param {SandboxServer} properties.server
 * @param {Channel} properties.channel
 * @param {string | null} properties.waId the customer whose phone is shown
 * @param {(waId: string | null, quietly?: boolean) => void} properties.go
 * @param {boolean} properties.controlsOpen
 * @param {() => void} properties.onCloseControls
 * @param {(state: LiveState) => void} properties.onLiveState
 * @param {(refusal: Refusal) => void} properties.onRefused
 */
function ChannelView({ server, channel, waId, go, controlsOpen, onCloseControls, onLiveState, onRefused }) {
  const [overview, setOverview] = useState(
    /** @type {{ phones: Phone[], controls: Controls } | null} */ (null),
  );
  const [changing, setChanging] = useState(/** @type {Partial<Controls>[]} */ ([]));
  const [shown, setShown] = useState(
    /** @type {{ waId: string, phone: Phone, messages: Message[] } | null} */ (null),
  );
  const [adding, setAdding] = useState(false);
  const { toasts, say, warn, dismiss } = useToasts();
  const wanted = useRef(waId);
  wanted.current = waId;

  /** @param {unknown} error */
  const report = (error) => {
    if (error instanceof Refusal && error.status === 401) onRefused(error);
    else if (error instanceof Error) warn(error.message);
    else throw error;
  };
  const fetching = useMemo(() => {
    /** @param {() => Promise<void>} task */
    const quietly = (task) =>
      coalesced(async () => {
        try {
          await task();
        } catch (error) {
          // Not reached: the live note says so, and all is fetched again once the stream is back.
          if (!(error instanceof Refusal && error.status === 0)) report(error);
        }
      });
    return {
      overview: quietly(async () => setOverview(await server.phones(channel.id))),
      messages: quietly(async () => {
        const asked = wanted.current;
        if (asked === null) return;
        const answer = await server.messages(channel.id, asked);
        if (asked === wanted.current) setShown({ waId: asked, ...answer });
      }),
    };
  }, [server, channel.id]);
  const refresh = () => {
    void fetching.overview();
    void fetching.messages();
  };
  useEffect(
    () =>
      listen(server, channel.id, {
        changed: (changed) => {
          void fetching.overview();
          if (changed === null || changed === wanted.current) void fetching.messages();
        },
        state: onLiveState,
        refused: onRefused,
      }),
    [server, channel.id],
  );
  useEffect(() => void fetching.overview(), [fetching]);
  useEffect(() => void fetching.messages(), [fetching, waId]);
  const newest = overview?.phones[0]?.waId;
  useEffect(() => {
    // Beside the list an empty place would be a waste: it shows the newest conversation.
    if (waId === null && newest !== undefined && matchMedia(SIDE_BY_SIDE).matches) go(newest, true);
  }, [waId, newest]);

  if (!overview)
    return html`<main class="waiting" role="status"><span class="spinner"></span>Loading…</main>`;
  const conversation = shown?.waId === waId ? shown : null;
  const phone = overview.phones.find((one) => one.waId === waId) ?? conversation?.phone ?? null;
  // A control must not jump back while the server is asked, whatever it says of earlier changes meanwhile.
  const controls = changing.reduce((all, one) => ({ ...all, ...one }), overview.controls);
  /** @param {{ name?: string, blocked?: boolean, marketingStopped?: boolean }} change */
  const changePhone = async (change) => {
    if (!phone) return;
    const phones = overview.phones.map((one) => (one.waId === phone.waId ? { ...one, ...change } : one));
    setOverview({ ...overview, phones });
    try {
      await server.changePhone(channel.id, phone.waId, change);
    } catch (error) {
      report(error);
    }
    refresh();
  };
  /** @param {Partial<Controls>} change */
  const changeControls = async (change) => {
    setChanging((now) => [...now, change]);
    try {
      const answer = await server.changeControls(channel.id, change);
      setOverview((now) => now && { ...now, controls: answer });
    } catch (error) {
      report(error);
      refresh();
    }
    setChanging((now) => now.filter((one) => one !== change));
  };
  /** @param {{ phone: string, name: string }} customer */
  const addCustomer = async (customer) => {
    const added = await server.addPhone(channel.id, customer);
    await fetching.overview();
    go(added.waId);
  };
  return html`<div class=${`columns ${controlsOpen ? 'controls-open' : ''}`}>
    <${Phones}
      phones=${overview.phones}
      waId=${waId}
      onChoose=${(/** @type {string} */ chosen) => go(chosen)}
      onAdd=${() => setAdding(true)}
    />
    <main class="middle">
      ${
        phone
          ? html`<${Conversation}
              key=${phone.waId}
              server=${server}
              channel=${channel}
              phone=${phone}
              controls=${controls}
              messages=${conversation?.messages ?? null}
              onChanged=${refresh}
              onBack=${() => go(null)}
              say=${say}
              report=${report}
            />`
          : html`<div class="nothing middle-nothing">
              <span class="nothing-icon"><${Icon} name="phone" /></span>
              <h2>${overview.phones.length === 0 ? 'The phones are silent' : 'Choose a phone'}</h2>
              <p>
                Send an active message from the desk or the <a href="/graphql">explorer</a>: it will show up
                here, and you can answer it as the customer.
              </p>
              <button type="button" class="primary" onClick=${() => setAdding(true)}>
                <${Icon} name="add" />Add a customer
              </button>
            </div>`
      }
    </main>
    <div class="scrim" onClick=${onCloseControls}></div>
    <${ControlPanel}
      phone=${phone}
      controls=${controls}
      onChangePhone=${changePhone}
      onChangeControls=${changeControls}
      onClose=${onCloseControls}
    />
    ${adding && html`<${AddCustomerDialog} onAdd=${addCustomer} onClose=${() => setAdding(false)} />`}
    <${Toasts} toasts=${toasts} onDismiss=${dismiss} />
  </div>`;
}
