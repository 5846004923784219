// @ts-check
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from './htm.js';
import { Composer } from './composer.js';
import { FailDialog } from './fail-message.js';
import { Avatar, Icon } from './icons.js';
import { MessageItem } from './message.js';
import { readableNumber } from './phone-number.js';
import { dayName, timeOfDay } from './times.js';

/** @import { SandboxServer } from './server.js' */
/** @import { Channel, Controls, Message, Phone, Writing } from './wire' */
/** @import { MessageActs } from './message.js' */

/** So close to the end, in pixels, the reader is taken to follow the conversation. */
const NEAR_END = 120;

/**
 * One customer's phone with the conversation on it.
 * @param {object} properties
 * @param {SandboxServer} properties.server
 * @param {Channel} properties.channel
 * @param {Phone} properties.phone
 * @param {Controls} properties.controls
 * @param {Message[] | null} properties.messages null: not fetched yet
 * @param {() => void} properties.onChanged something was done; what is shown has to be fetched anew
 * @param {() => void} properties.onBack
 * @param {() => void} properties.onAddCustomer
 * @param {(text: string) => void} properties.say
 * @param {(error: unknown) => void} properties.report
 */
export function Conversation(properties) {
  const { server, channel, phone, controls, messages, onChanged, onBack, say, report } = properties;
  const [quoted, setQuoted] = useState(/** @type {Message | null} */ (null));
  const [failing, setFailing] = useState(/** @type {Message | null} */ (null));
  const { log, atEnd, toEnd, onScroll } = useFollowing(messages);
  const name = phone.name || readableNumber(phone.waId);

  /** @param {() => Promise<unknown>} act */
  const done = async (act) => {
    try {
      await act();
      onChanged();
    } catch (error) {
      report(error);
    }
  };
  /** @param {Writing} writing */
  const write = async (writing) => {
    await server.write(channel.id, phone.waId, writing);
    onChanged();
  };
  const acts = useMemo(
    /** @returns {MessageActs} */
    () => ({
      reply: setQuoted,
      react: (message, emoji) => void done(() => write({ kind: 'reaction', of: message.id, emoji })),
      tap: (message, button) =>
        void done(() => write({ kind: 'button', of: message.id, index: button.index })),
      deliver: (message) => void done(() => server.deliver(channel.id, message.id)),
      readAll: () => void done(() => server.read(channel.id, phone.waId)),
      fail: setFailing,
      show: (messageId) => {
        const item = log.current?.querySelector(`[data-message-id="${CSS.escape(messageId)}"]`);
        if (!(item instanceof HTMLElement)) {
          say('The quoted message is further back than what is shown.');
          return;
        }
        item.scrollIntoView({ block: 'center' });
        item.focus({ preventScroll: true });
      },
      say,
      download: (url) => server.download(url),
    }),
    [server, channel.id, phone.waId],
  );
  // A reaction is shown on the message it belongs to.
  const shown = messages?.filter(({ kind }) => kind !== 'reaction') ?? [];

  return html`<section class="conversation" aria-label=${`${name}'s phone`}>
    <header class="phone-owner">
      <button type="button" class="round back" aria-label="All customers" onClick=${onBack}>
        <${Icon} name="back" />
      </button>
      <${Avatar} name=${name} of=${phone.waId} />
      <div class="owner-name">
        <h2>${name}</h2>
        <p>${readableNumber(phone.waId)}</p>
      </div>
      <button
        type="button"
        class="pill"
        disabled=${phone.unread === 0}
        aria-label="Mark read"
        onClick=${() => acts.readAll()}
      >
        <${Icon} name="ticks" />Mark
        read${phone.unread > 0 && html`<span class="count">${phone.unread}</span>`}
      </button>
    </header>
    <div class="device">
      <header class="chat-header">
        <span class="business-avatar"><${Icon} name="shop" /></span>
        <div>
          <strong>${channel.botName}</strong>
          <small>Business · ${readableNumber(channel.phoneNumber)}</small>
        </div>
      </header>
      ${
        phone.blocked &&
        html`<p class="chat-note">
          <${Icon} name="block" />${name} blocked this number: messages stay at one tick.
        </p>`
      }
      ${
        phone.marketingStopped &&
        html`<p class="chat-note"><${Icon} name="megaphone" />${name} stopped marketing messages.</p>`
      }
      <div class="chat" ref=${log} onScroll=${onScroll} tabindex="0" role="group" aria-label="Conversation">
        ${messages && shown.length === 0 && html`<${NothingYet} name=${name} />`}
        ${
          messages === null &&
          html`<div class="chat-loading" role="status"><span class="spinner"></span>Loading…</div>`
        }
        <ol role="list" aria-label="Messages">
          ${shown.map((message, index) => {
            const before = shown[index - 1];
            const newDay = !before || dayName(before.at) !== dayName(message.at);
            return [
              newDay &&
                html`<li key=${`day ${message.id}`} role="presentation" class="day">
                  <span>${dayName(message.at)}</span>
                </li>`,
              html`<${MessageItem}
                key=${message.id}
                message=${message}
                business=${channel.botName}
                customer=${name}
                byHand=${controls.deliver === 'BY_HAND' && !phone.blocked}
                acts=${acts}
              />`,
            ];
          })}
        </ol>
        ${
          !atEnd &&
          html`<button type="button" class="round to-end" aria-label="Latest message" onClick=${toEnd}>
            <${Icon} name="down" />
          </button>`
        }
      </div>
      <${Composer}
        key=${phone.waId}
        customer=${name}
        quoted=${quoted}
        onUnquote=${() => setQuoted(null)}
        write=${write}
        upload=${(/** @type {File} */ file) => server.upload(channel.id, file)}
        report=${report}
      />
    </div>
    <${Announcer} messages=${messages} business=${channel.botName} customer=${name} />
    ${
      failing &&
      html`<${FailDialog}
        onFail=${async (/** @type {number} */ code) => {
          await server.fail(channel.id, failing.id, code);
          onChanged();
        }}
        onClose=${() => setFailing(null)}
      />`
    }
  </section>`;
}

/** @param {{ name: string }} properties */
const NothingYet = ({ name }) =>
  html`<div class="nothing">
    <span class="nothing-icon"><${Icon} name="send" /></span>
    <h3>Nothing here yet</h3>
    <p>
      Send ${name} an active message from the desk or the <a href="/graphql">explorer</a>: it will show up
      here. Or write below, as ${name} would.
    </p>
  </div>`;

/**
 * Keeps the end in sight as messages come, unless the reader has scrolled back.
 * @param {Message[] | null} messages
 */
function useFollowing(messages) {
  const log = useRef(/** @type {HTMLElement | null} */ (null));
  const [atEnd, setAtEnd] = useState(true);
  const length = messages?.length ?? 0;
  const last = messages?.at(-1);
  const toEnd = () => {
    const element = log.current;
    if (element) element.scrollTop = element.scrollHeight;
  };
  useLayoutEffect(() => {
    if (atEnd || last?.direction === 'FROM_CUSTOMER') toEnd();
  }, [length, last?.id]);
  useEffect(() => {
    const element = log.current;
    if (!element) return;
    // Pictures and ticks grow the list after it was drawn, and the keyboard of a real phone shrinks its frame.
    const watch = new ResizeObserver(() => {
      if (element.dataset.following !== 'no') toEnd();
    });
    watch.observe(element);
    for (const child of element.children) watch.observe(child);
    return () => watch.disconnect();
  }, [length > 0]);
  const onScroll = () => {
    const element = log.current;
    if (!element) return;
    const end = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END;
    element.dataset.following = end ? 'yes' : 'no';
    setAtEnd(end);
  };
  return { log, atEnd, toEnd, onScroll };
}

/**
 * Tells those who do not see the page what was just written.
 * @param {{ messages: Message[] | null, business: string, customer: string }} properties
 */
function Announcer({ messages, business, customer }) {
  const known = useRef(/** @type {string | null} */ (null));
  const [text, setText] = useState('');
  const last = messages?.at(-1);
  useEffect(() => {
    if (!last) return;
    if (known.current !== null && known.current !== last.id) {
      const from = last.direction === 'TO_CUSTOMER' ? business : customer;
      setText(`${from}, ${timeOfDay(last.at)}: ${last.body ?? last.reaction?.emoji ?? last.kind}`);
    }
    known.current = last.id;
  }, [last?.id]);
  return html`<p class="unseen" aria-live="polite" role="log" aria-label="New messages">${text}</p>`;
}
