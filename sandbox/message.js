// @ts-check
import { html, useEffect, useState } from './htm.js';
import { Icon, STATUS_WORDS, Ticks } from './icons.js';
import { Menu } from './menu.js';
import { readableNumber } from './phone-number.js';
import { timeOfDay } from './times.js';
import { formatted, withoutMarks } from './whatsapp-text.js';

/** @import { Button, Header, Location, Message, StoredFile } from './wire' */
/** @import { IconName } from './icons.js' */
/** @import { Choice } from './menu.js' */

const EMOJIS = ['👍', '❤️', '😂', '😮', '😢', '🙏'];

/** @type {Readonly<Record<string, { icon: IconName, word: string }>>} */
const MEDIA = {
  IMAGE: { icon: 'image', word: 'Image' },
  VIDEO: { icon: 'video', word: 'Video' },
  AUDIO: { icon: 'sound', word: 'Audio' },
  DOCUMENT: { icon: 'document', word: 'Document' },
  LOCATION: { icon: 'pin', word: 'Location' },
};

/**
 * What one can do with a message.
 * @typedef {object} MessageActs
 * @property {(message: Message) => void} reply
 * @property {(message: Message, emoji: string) => void} react
 * @property {(message: Message, button: Button) => void} tap
 * @property {(message: Message) => void} deliver
 * @property {() => void} readAll
 * @property {(message: Message) => void} fail
 * @property {(messageId: string) => void} show
 * @property {(text: string) => void} say
 * @property {(url: string) => Promise<Blob>} download
 */

/**
 * One line that says what a message is, for lists, labels and quotes.
 * @param {Message} message
 */
export function gist(message) {
  if (message.body) return withoutMarks(message.body);
  if (message.header?.text) return message.header.text;
  if (message.location) return `Location: ${message.location.name ?? placeOf(message.location)}`;
  if (message.contact) return `Contact: ${message.contact.name}`;
  if (message.file?.filename) return message.file.filename;
  return MEDIA[message.kind.toUpperCase()]?.word ?? message.kind;
}

/** @param {Location} location */
const placeOf = ({ latitude, longitude }) => `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;

/**
 * The address, where it is one that a click may lead to; a template could carry anything.
 * @param {string | null} address
 */
function webAddress(address) {
  const url = address === null ? null : URL.parse(address);
  return url && /^https?:$/.test(url.protocol) ? url : null;
}

/**
 * A file of the business's message. It lies on somebody else's server, so it is named and linked, never loaded.
 * @param {{ header: Header }} properties
 */
function MediaCard({ header }) {
  const { icon, word } = MEDIA[header.kind] ?? { icon: 'document', word: header.kind };
  const url = webAddress(header.url);
  const name = header.filename ?? header.text ?? url?.pathname.split('/').at(-1) ?? '';
  return html`<div class=${`media-card ${header.kind.toLowerCase()}`}>
    <span class="media-icon"><${Icon} name=${icon} /></span>
    <span class="media-name">
      <span>${name || word}</span>
      ${
        url
          ? html`<a href=${url.href} target="_blank" rel="noopener noreferrer">${url.host}</a>`
          : html`<small>${word}</small>`
      }
    </span>
  </div>`;
}

/**
 * A file that the customer sent. Its address needs the sign-in, so its bytes are fetched and shown from memory.
 * @param {{ file: StoredFile, download: (url: string) => Promise<Blob> }} properties
 */
function SentFile({ file, download }) {
  const [address, setAddress] = useState('');
  const [missing, setMissing] = useState(false);
  useEffect(() => {
    let made = '';
    let gone = false;
    download(file.url).then(
      (bytes) => {
        if (gone) return;
        made = URL.createObjectURL(bytes);
        setAddress(made);
      },
      () => setMissing(true),
    );
    return () => {
      gone = true;
      URL.revokeObjectURL(made);
    };
  }, [file.url]);
  const name = file.filename ?? file.mimeType;
  const kind = file.mimeType.split('/')[0];
  if (missing) return html`<p class="file-missing">${name} could not be loaded.</p>`;
  if (kind === 'image') {
    return address
      ? html`<img class="picture" src=${address} alt=${name} />`
      : html`<div class="picture loading" role="img" aria-label=${`${name}, loading`}></div>`;
  }
  if (kind === 'audio') return html`<audio controls src=${address} aria-label=${name}></audio>`;
  if (kind === 'video')
    return html`<video controls class="picture" src=${address} aria-label=${name}></video>`;
  return html`<a class="media-card document" href=${address || undefined} download=${name}>
    <span class="media-icon"><${Icon} name="document" /></span>
    <span class="media-name"><span>${name}</span><small>${file.mimeType}</small></span>
  </a>`;
}

/** @param {{ location: Location }} properties */
const Place = ({ location }) =>
  html`<div class="place">
    <svg
      class="map"
      viewBox="0 0 240 110"
      aria-hidden="true"
      focusable="false"
      preserveAspectRatio="xMidYMid slice"
    >
      <path class="park" d="M0 70L60 58 78 110H0zM168 0h72v34l-58 10z" />
      <path class="water" d="M150 110c10-30 40-34 90-36v36z" />
      <path class="road" d="M-5 40L120 22 245 48M52-5l34 120M150-5l-20 120M-5 92l250-34" />
      <path class="pin" d="M120 76s20-18 20-33a20 20 0 0 0-40 0c0 15 20 33 20 33z" />
      <circle class="pin-hole" cx="120" cy="43" r="7" />
    </svg>
    <p>
      <strong>${location.name ?? 'Location'}</strong>
      <small>${location.address ?? placeOf(location)}</small>
    </p>
  </div>`;

/** @param {{ contact: { name: string, phone: string } }} properties */
const ContactCard = ({ contact }) =>
  html`<div class="media-card contact">
    <span class="media-icon"><${Icon} name="person" /></span>
    <span class="media-name"
      ><span>${contact.name}</span><small>${readableNumber(contact.phone)}</small></span
    >
  </div>`;

/**
 * @param {{ button: Button, message: Message, acts: MessageActs }} properties
 */
function TemplateButton({ button, message, acts }) {
  if (button.kind === 'URL') {
    const url = webAddress(button.value);
    if (url) {
      return html`<a class="template-button" href=${url.href} target="_blank" rel="noopener noreferrer">
        <${Icon} name="link" />${button.text}
      </a>`;
    }
  }
  if (button.kind === 'QUICK_REPLY') {
    return html`<button type="button" class="template-button" onClick=${() => acts.tap(message, button)}>
      <${Icon} name="reply" />${button.text}
    </button>`;
  }
  if (button.kind === 'COPY_CODE') {
    const copy = async () => {
      await navigator.clipboard.writeText(button.value ?? '');
      acts.say(`Copied ${button.value ?? 'nothing'}.`);
    };
    return html`<button type="button" class="template-button" onClick=${copy}>
      <${Icon} name="copy" />${button.text}
    </button>`;
  }
  const tell = () => acts.say(`A phone would do this now: ${button.text} ${button.value ?? ''}`.trim());
  return html`<button type="button" class="template-button" onClick=${tell}>
    <${Icon} name=${button.kind === 'PHONE_NUMBER' ? 'phone' : 'link'} />${button.text}
  </button>`;
}

/**
 * What the menu of a message offers, which depends on how far the message is.
 * @param {Message} message
 * @param {MessageActs} acts
 * @returns {Choice[]}
 */
function choicesFor(message, acts) {
  /** @type {Choice[]} */
  const choices = [{ label: 'Reply', icon: 'reply', choose: () => acts.reply(message) }];
  if (message.direction === 'FROM_CUSTOMER' || message.status === 'FAILED') return choices;
  if (message.status === 'SENT') {
    choices.push({ label: 'Deliver', icon: 'ticks', choose: () => acts.deliver(message) });
  }
  if (message.status !== 'READ') {
    choices.push({ label: 'Mark all read', icon: 'ticks', choose: () => acts.readAll() });
    choices.push({
      label: 'Fail with code…',
      icon: 'warning',
      danger: true,
      choose: () => acts.fail(message),
    });
  }
  return choices;
}

/**
 * One message as the customer's phone shows it, with the ticks that the business gets to see.
 * @param {object} properties
 * @param {Message} properties.message
 * @param {string} properties.business
 * @param {string} properties.customer
 * @param {boolean} properties.byHand whether ticks are given by hand
 * @param {MessageActs} properties.acts
 */
export function MessageItem({ message, business, customer, byHand, acts }) {
  const outward = message.direction === 'FROM_CUSTOMER';
  const { header, file, quotes, failure, status } = message;
  const mine = message.reactions.find(({ direction }) => direction === 'FROM_CUSTOMER')?.emoji;
  const label = [
    outward ? customer : business,
    status ? STATUS_WORDS[status] : null,
    failure ? `${failure.code} ${failure.title}` : null,
    timeOfDay(message.at),
    gist(message),
  ];
  return html`<li
    role="listitem"
    class=${`message ${outward ? 'out' : 'in'}`}
    aria-label=${label.filter((part) => part !== null).join(', ')}
    data-message-id=${message.id}
    data-status=${status ?? ''}
    data-direction=${message.direction}
    data-kind=${message.kind}
    data-failure=${failure?.code ?? ''}
    tabindex="-1"
  >
    <div class="bubble-row">
      <div class=${`bubble ${file || (header && header.kind !== 'TEXT') ? 'with-media' : ''}`}>
        ${
          quotes &&
          html`<button
            type="button"
            class="quote"
            aria-label=${`Show the quoted message: ${quotes.excerpt}`}
            onClick=${() => acts.show(quotes.id)}
          >
            ${withoutMarks(quotes.excerpt)}
          </button>`
        }
        ${
          header &&
          (header.kind === 'TEXT'
            ? html`<p class="template-header" dir="auto">${header.text}</p>`
            : html`<${MediaCard} header=${header} />`)
        }
        ${file && html`<${SentFile} file=${file} download=${acts.download} />`}
        ${message.location && html`<${Place} location=${message.location} />`}
        ${message.contact && html`<${ContactCard} contact=${message.contact} />`}
        ${message.body && html`<p class="text" dir="auto">${formatted(message.body)}</p>`}
        ${message.footer && html`<p class="template-footer" dir="auto">${message.footer}</p>`}
        <p class="meta">
          ${
            message.template &&
            html`<span
              class="template-name"
              title=${`Template ${message.template.name}, ${message.template.language}`}
            >
              ${message.template.name} · ${message.template.language}
            </span>`
          }
          <time datetime=${new Date(message.at).toISOString()}>${timeOfDay(message.at)}</time>
          ${status && html`<span title=${STATUS_WORDS[status]}><${Ticks} status=${status} /></span>`}
        </p>
        <${Menu}
          label="Message actions"
          icon="chevron"
          className="message-menu"
          choices=${choicesFor(message, acts)}
          emojis=${EMOJIS}
          chosenEmoji=${mine}
          onEmoji=${(/** @type {string} */ emoji) => acts.react(message, emoji === mine ? '' : emoji)}
        />
      </div>
      ${
        byHand &&
        !outward &&
        status === 'SENT' &&
        html`<button type="button" class="chip" onClick=${() => acts.deliver(message)}>
          <${Icon} name="ticks" />Deliver
        </button>`
      }
    </div>
    ${
      message.buttons.length > 0 &&
      html`<div class="template-buttons" role="group" aria-label="Buttons">
        ${message.buttons.map(
          (button) =>
            html`<${TemplateButton} key=${button.index} button=${button} message=${message} acts=${acts} />`,
        )}
      </div>`
    }
    ${
      message.reactions.length > 0 &&
      html`<p
        class="reactions"
        aria-label=${`Reactions: ${message.reactions.map(({ emoji }) => emoji).join(' ')}`}
      >
        ${message.reactions.map(({ emoji }) => html`<span aria-hidden="true">${emoji}</span>`)}
      </p>`
    }
    ${
      failure &&
      html`<p class="failure">
        <${Ticks} status="FAILED" /><strong>${failure.code}</strong> ${failure.title}
      </p>`
    }
  </li>`;
}
