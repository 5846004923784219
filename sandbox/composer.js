// @ts-check
import { html, useEffect, useRef, useState } from './htm.js';
import { FormDialog, textOf } from './dialog.js';
import { Icon } from './icons.js';
import { Menu } from './menu.js';
import { gist } from './message.js';

/** @import { Message, Writing } from './wire' */

const LARGEST_FILE = 5 * 1024 * 1024;

/**
 * As what WhatsApp sends a file of this type.
 * @param {string} mimeType
 */
function kindOf(mimeType) {
  const [kind] = mimeType.split('/');
  return kind === 'image' || kind === 'audio' || kind === 'video' ? kind : 'document';
}

/**
 * Where the customer writes.
 * @param {object} properties
 * @param {string} properties.customer
 * @param {Message | null} properties.quoted
 * @param {() => void} properties.onUnquote
 * @param {(writing: Writing) => Promise<unknown>} properties.write throws where the server refuses
 * @param {(file: File) => Promise<string>} properties.upload
 * @param {(error: unknown) => void} properties.report
 */
export function Composer({ customer, quoted, onUnquote, write, upload, report }) {
  const [text, setText] = useState('');
  const [file, setFile] = useState(/** @type {File | null} */ (null));
  const [asking, setAsking] = useState(/** @type {'LOCATION' | 'CONTACT' | null} */ (null));
  const [busy, setBusy] = useState(false);
  const input = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const picker = useRef(/** @type {HTMLInputElement | null} */ (null));
  const quotes = quoted?.id;

  useEffect(() => {
    if (quoted || file) input.current?.focus();
  }, [quoted, file]);
  useEffect(() => {
    const element = input.current;
    if (!element) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);

  const send = async () => {
    const written = text.trim();
    if (busy || (written === '' && !file)) return;
    setBusy(true);
    try {
      if (file) {
        const fileId = await upload(file);
        await write({ kind: kindOf(file.type), fileId, caption: written || undefined, quotes });
      } else await write({ kind: 'text', text: written, quotes });
      setText('');
      setFile(null);
      onUnquote();
    } catch (error) {
      report(error);
    }
    setBusy(false);
    input.current?.focus();
  };
  /** @param {Event & { currentTarget: HTMLInputElement }} event */
  const pick = (event) => {
    const [picked] = event.currentTarget.files ?? [];
    event.currentTarget.value = '';
    if (!picked) return;
    if (picked.size > LARGEST_FILE)
      report(new Error(`${picked.name} is larger than 5 MB: choose a smaller file.`));
    else setFile(picked);
  };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    // While a character is being composed, Enter belongs to the keyboard's own suggestions.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      void send();
    }
    if (event.key === 'Escape' && quoted) onUnquote();
  };

  return html`<div class="composer">
    ${
      quoted &&
      html`<div class="composer-context">
        <span class="bar"><small>Replying to</small><span>${gist(quoted)}</span></span>
        <button type="button" class="round" aria-label="Do not quote" onClick=${onUnquote}>
          <${Icon} name="close" />
        </button>
      </div>`
    }
    ${
      file &&
      html`<div class="composer-context">
        <span class="bar"><small>Attached</small><span>${file.name}</span></span>
        <button type="button" class="round" aria-label="Do not attach" onClick=${() => setFile(null)}>
          <${Icon} name="close" />
        </button>
      </div>`
    }
    <div class="composer-row">
      <div class="composer-box">
        <${Menu}
          label="Attach"
          icon="clip"
          choices=${[
            { label: 'Image or file', icon: 'image', choose: () => picker.current?.click() },
            { label: 'Location', icon: 'pin', choose: () => setAsking('LOCATION') },
            { label: 'Contact card', icon: 'person', choose: () => setAsking('CONTACT') },
          ]}
        />
        <input
          ref=${picker}
          type="file"
          class="picker"
          aria-label="File to attach"
          tabindex="-1"
          onChange=${pick}
        />
        <textarea
          ref=${input}
          rows="1"
          maxlength="4096"
          aria-label=${`Write as ${customer}`}
          placeholder=${`Write as ${customer}`}
          value=${text}
          onInput=${(/** @type {{ currentTarget: HTMLTextAreaElement }} */ event) => setText(event.currentTarget.value)}
          onKeyDown=${onKeyDown}
        ></textarea>
      </div>
      <button
        type="button"
        class="send"
        aria-label="Send"
        disabled=${busy || (text.trim() === '' && !file)}
        onClick=${send}
      >
        <${Icon} name="send" />
      </button>
    </div>
    ${
      asking === 'LOCATION' &&
      html`<${LocationDialog}
        write=${write}
        quotes=${quotes}
        onSent=${onUnquote}
        onClose=${() => setAsking(null)}
      />`
    }
    ${
      asking === 'CONTACT' &&
      html`<${ContactDialog}
        write=${write}
        quotes=${quotes}
        onSent=${onUnquote}
        onClose=${() => setAsking(null)}
      />`
    }
  </div>`;
}

/**
 * @typedef {object} AttachProperties
 * @property {(writing: Writing) => Promise<unknown>} write
 * @property {string | undefined} quotes
 * @property {() => void} onSent
 * @property {() => void} onClose
 */

/** @param {AttachProperties} properties */
function LocationDialog({ write, quotes, onSent, onClose }) {
  /** @param {FormData} form */
  const submit = async (form) => {
    await write({
      kind: 'location',
      latitude: Number(textOf(form, 'latitude')),
      longitude: Number(textOf(form, 'longitude')),
      name: textOf(form, 'name') || undefined,
      quotes,
    });
    onSent();
  };
  return html`<${FormDialog}
    title="Send a location"
    action="Send location"
    onSubmit=${submit}
    onClose=${onClose}
  >
    <label>Name<input name="name" maxlength="100" value="Avenida Paulista, São Paulo" /></label>
    <div class="side-by-side">
      <label>
        Latitude
        <input name="latitude" type="number" step="any" min="-90" max="90" required value="-23.56139" />
      </label>
      <label>
        Longitude
        <input name="longitude" type="number" step="any" min="-180" max="180" required value="-46.65655" />
      </label>
    </div>
  <//>`;
}

/** @param {AttachProperties} properties */
function ContactDialog({ write, quotes, onSent, onClose }) {
  /** @param {FormData} form */
  const submit = async (form) => {
    await write({ kind: 'contact', name: textOf(form, 'name'), phone: textOf(form, 'phone'), quotes });
    onSent();
  };
  return html`<${FormDialog}
    title="Send a contact card"
    action="Send contact"
    onSubmit=${submit}
    onClose=${onClose}
  >
    <label>Name<input name="name" required maxlength="100" autofocus /></label>
    <label>Phone number<input name="phone" type="tel" required placeholder="+55 11 98765-4321" /></label>
  <//>`;
}
