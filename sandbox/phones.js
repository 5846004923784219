// @ts-check
import { html, useState } from './htm.js';
import { FormDialog, textOf } from './dialog.js';
import { Avatar, Icon, STATUS_WORDS, Ticks } from './icons.js';
import { readableNumber } from './phone-number.js';
import { shortTime } from './times.js';
import { withoutMarks } from './whatsapp-text.js';

/** @import { Phone } from './wire' */

/** From so many customers on, they can be searched. */
const SEARCHED_FROM = 6;

/**
 * The customers' phones, the newest conversation first.
 * @param {object} properties
 * @param {Phone[]} properties.phones
 * @param {string | null} properties.waId the one shown
 * @param {(waId: string) => void} properties.onChoose
 * @param {() => void} properties.onAdd
 */
export function Phones({ phones, waId, onChoose, onAdd }) {
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const digits = wanted.replace(/\D/g, '');
  const found = phones.filter(
    (phone) => phone.name.toLowerCase().includes(wanted) || (digits !== '' && phone.waId.includes(digits)),
  );
  return html`<nav class="phones" aria-label="Customers">
    <header>
      <h2>Customers</h2>
      <button type="button" class="pill" onClick=${onAdd}><${Icon} name="add" />Add customer</button>
    </header>
    ${
      phones.length >= SEARCHED_FROM &&
      html`<label class="search">
        <${Icon} name="search" />
        <input
          type="search"
          aria-label="Search customers"
          placeholder="Name or number"
          value=${search}
          onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => setSearch(event.currentTarget.value)}
        />
      </label>`
    }
    ${
      phones.length === 0 &&
      html`<div class="nothing">
        <span class="nothing-icon"><${Icon} name="phone" /></span>
        <h3>No customers yet</h3>
        <p>
          Send an active message from the desk or the <a href="/graphql">explorer</a>: whoever it goes to will
          show up here. Or add a customer, and write first.
        </p>
      </div>`
    }
    ${phones.length > 0 && found.length === 0 && html`<p class="none-found">Nobody is called “${search}”.</p>`}
    <ul role="list">
      ${found.map(
        (phone) =>
          html`<li key=${phone.waId} data-wa-id=${phone.waId} data-unread=${phone.unread}>
            <${PhoneRow} phone=${phone} chosen=${phone.waId === waId} onChoose=${onChoose} />
          </li>`,
      )}
    </ul>
  </nav>`;
}

/** @param {{ phone: Phone, chosen: boolean, onChoose: (waId: string) => void }} properties */
function PhoneRow({ phone, chosen, onChoose }) {
  const { lastMessage: last, unread } = phone;
  const number = readableNumber(phone.waId);
  const name = phone.name || number;
  return html`<button
    type="button"
    class="phone-row"
    aria-current=${chosen ? 'true' : undefined}
    onClick=${() => onChoose(phone.waId)}
  >
    <${Avatar} name=${name} of=${phone.waId} />
    <span class="row-lines">
      <span class="row-line">
        <strong>${name}</strong>
        ${phone.blocked && html`<span class="row-flag" title="Blocked"><${Icon} name="block" /><span class="unseen">Blocked</span></span>`}
        ${
          phone.marketingStopped &&
          html`<span class="row-flag" title="Stopped marketing">
            <${Icon} name="megaphone" /><span class="unseen">Stopped marketing</span>
          </span>`
        }
        ${last && html`<time class=${unread > 0 ? 'new' : ''}>${shortTime(last.at)}</time>`}
      </span>
      <small>${number}</small>
      <span class="row-line last">
        ${
          last?.status &&
          last.direction === 'TO_CUSTOMER' &&
          html`<${Ticks} status=${last.status} /><span class="unseen">${STATUS_WORDS[last.status]}</span>`
        }
        <span class="row-text">${last ? withoutMarks(last.text) : 'No messages yet'}</span>
        ${unread > 0 && html`<span class="count">${unread}<span class="unseen"> unread</span></span>`}
      </span>
    </span>
  </button>`;
}

/**
 * @param {object} properties
 * @param {(customer: { phone: string, name: string }) => Promise<unknown>} properties.onAdd
 * @param {() => void} properties.onClose
 */
export function AddCustomerDialog({ onAdd, onClose }) {
  /** @param {FormData} form */
  const submit = (form) => onAdd({ name: textOf(form, 'name'), phone: textOf(form, 'phone') });
  return html`<${FormDialog} title="Add a customer" action="Add" onSubmit=${submit} onClose=${onClose}>
    <label>Name<input name="name" required maxlength="100" autofocus placeholder="Carla Souza" /></label>
    <label>
      Phone number, with country code
      <input name="phone" type="tel" required placeholder="+55 11 98765-4321" />
    </label>
  <//>`;
}
