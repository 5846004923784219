// @ts-check
import { html, useEffect, useState } from './htm.js';
import { codesFor, titleOf } from './error-codes.js';
import { Icon } from './icons.js';

/** @import { Controls, Phone } from './wire' */
/** @import { Child } from './htm' */

const MOST_COPIES = 5;
const LONGEST_DELAY = 300;

/**
 * What one can let happen: to the customer, to webhooks, to the next message.
 * @param {object} properties
 * @param {Phone | null} properties.phone
 * @param {Controls} properties.controls
 * @param {(change: { name?: string, blocked?: boolean, marketingStopped?: boolean }) => void} properties.onChangePhone
 * @param {(change: Partial<Controls>) => void} properties.onChangeControls
 * @param {() => void} properties.onClose
 */
export function ControlPanel({ phone, controls, onChangePhone, onChangeControls, onClose }) {
  return html`<aside class="controls" id="controls" aria-label="Controls">
    <header>
      <h2>Controls</h2>
      <button type="button" class="round close-controls" aria-label="Close controls" onClick=${onClose}>
        <${Icon} name="close" />
      </button>
    </header>
    ${
      phone &&
      html`<${Card} title="Customer">
        <${NameField}
          key=${phone.waId}
          name=${phone.name}
          onChange=${(/** @type {string} */ name) => onChangePhone({ name })}
        />
        <${Switch}
          label="Blocked the business"
          hint="What is sent stays at one tick."
          on=${phone.blocked}
          onChange=${(/** @type {boolean} */ blocked) => onChangePhone({ blocked })}
        />
        <${Switch}
          label="Stopped marketing"
          hint="The desk is told by a webhook."
          on=${phone.marketingStopped}
          onChange=${(/** @type {boolean} */ marketingStopped) => onChangePhone({ marketingStopped })}
        />
      <//>`
    }
    <${Card} title="Next message">
      <${NextError}
        code=${controls.nextError}
        onChange=${(/** @type {number | null} */ nextError) => onChangeControls({ nextError })}
      />
    <//>
    <${Card} title="Webhooks">
      <${Segments}
        label="Delivered ticks"
        hint=${controls.deliver === 'AT_ONCE' ? 'Each message is delivered by itself.' : 'Deliver each message yourself, or mark it read.'}
        chosen=${controls.deliver}
        choices=${[
          { value: 'AT_ONCE', label: 'By themselves' },
          { value: 'BY_HAND', label: 'By hand' },
        ]}
        onChange=${(/** @type {Controls['deliver']} */ deliver) => onChangeControls({ deliver })}
      />
      <${DelayField}
        delay=${controls.delaySeconds}
        onChange=${(/** @type {number} */ delaySeconds) => onChangeControls({ delaySeconds })}
      />
      <${Segments}
        label="Copies of each webhook"
        hint="WhatsApp may repeat any of them; nothing may happen twice."
        chosen=${controls.copies}
        choices=${Array.from({ length: MOST_COPIES }, (_none, index) => ({ value: index + 1, label: String(index + 1) }))}
        onChange=${(/** @type {number} */ copies) => onChangeControls({ copies })}
      />
    <//>
  </aside>`;
}

/** @param {{ title: string, children?: Child }} properties */
const Card = ({ title, children }) =>
  html`<section class="card" aria-label=${title}>
    <h3>${title}</h3>
    ${children}
  </section>`;

/** @param {{ name: string, onChange: (name: string) => void }} properties */
const NameField = ({ name, onChange }) =>
  html`<label class="field">
    Name on WhatsApp
    <input
      value=${name}
      maxlength="100"
      onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ { currentTarget }) => {
        const written = currentTarget.value.trim();
        if (written === '') currentTarget.value = name;
        else if (written !== name) onChange(written);
      }}
    />
  </label>`;

/** @param {{ label: string, hint: string, on: boolean, onChange: (on: boolean) => void }} properties */
const Switch = ({ label, hint, on, onChange }) =>
  html`<label class="switch">
    <span>${label}<small>${hint}</small></span>
    <input
      type="checkbox"
      role="switch"
      aria-label=${label}
      checked=${on}
      onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => onChange(event.currentTarget.checked)}
    />
  </label>`;

/**
 * @template {string | number} T
 * @param {object} properties
 * @param {string} properties.label
 * @param {string} properties.hint
 * @param {T} properties.chosen
 * @param {readonly { value: T, label: string }[]} properties.choices
 * @param {(value: T) => void} properties.onChange
 */
const Segments = ({ label, hint, chosen, choices, onChange }) =>
  html`<fieldset class="segments">
    <legend>${label}</legend>
    <div class="segment-row">
      ${choices.map(
        (choice) =>
          html`<label key=${choice.value}>
            <input
              type="radio"
              name=${label}
              checked=${choice.value === chosen}
              onChange=${() => onChange(choice.value)}
            />
            <span>${choice.label}</span>
          </label>`,
      )}
    </div>
    <small>${hint}</small>
  </fieldset>`;

/** @param {{ delay: number, onChange: (delay: number) => void }} properties */
function DelayField({ delay, onChange }) {
  const [shown, setShown] = useState(delay);
  useEffect(() => setShown(delay), [delay]);
  /** @param {string} written */
  const take = (written) => {
    const seconds = Math.round(Math.min(LONGEST_DELAY, Math.max(0, Number(written))));
    setShown(seconds);
    if (seconds !== delay) onChange(seconds);
  };
  return html`<div class="delay">
    <label for="delay">Delay of each webhook</label>
    <div class="delay-row">
      <input
        type="range"
        aria-label="Delay of each webhook, slider"
        min="0"
        max="60"
        value=${shown}
        onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => setShown(Number(event.currentTarget.value))}
        onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => take(event.currentTarget.value)}
      />
      <input
        id="delay"
        type="number"
        min="0"
        max=${LONGEST_DELAY}
        value=${shown}
        aria-describedby="delay-hint"
        onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => take(event.currentTarget.value)}
      />
      <span aria-hidden="true">s</span>
    </div>
    <small id="delay-hint"
      >Answers, ticks and failures reach the desk so many seconds later (up to ${LONGEST_DELAY}).</small
    >
  </div>`;
}

/** @param {{ code: number | null, onChange: (code: number | null) => void }} properties */
function NextError({ code, onChange }) {
  const groups = codesFor('CALL');
  const listed = code === null || groups.some(({ codes }) => codes.some((one) => one.code === code));
  const effect = groups.flatMap(({ codes }) => codes).find((one) => one.code === code)?.effect;
  return html`<label class="field">
      Refuse the next message with
      <select
        aria-label="Refuse the next message with"
        onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ { currentTarget }) =>
          onChange(currentTarget.value === '' ? null : Number(currentTarget.value))}
      >
        <option value="" selected=${code === null}>Nothing: take it</option>
        ${!listed && html`<option value=${code} selected>${code}</option>`}
        ${groups.map(
          (group) =>
            html`<optgroup key=${group.label} label=${group.label}>
              ${group.codes.map(
                (one) =>
                  html`<option key=${one.code} value=${one.code} selected=${one.code === code}>
                    ${`${one.code} ${one.title}`}
                  </option>`,
              )}
            </optgroup>`,
        )}
      </select>
    </label>
    ${
      code === null
        ? html`<small
            >For one message: the first that is handed over gets this answer instead of being taken.</small
          >`
        : html`<div class="armed" role="status">
            <${Icon} name="warning" />
            <span
              ><strong>${code}</strong> ${titleOf(code)}<small
                >${effect ?? ''} Waiting for the next message.</small
              ></span
            >
            <button
              type="button"
              class="round"
              aria-label="Take the next message after all"
              onClick=${() => onChange(null)}
            >
              <${Icon} name="close" />
            </button>
          </div>`
    }`;
}
