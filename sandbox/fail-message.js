// @ts-check
import { html, useState } from './htm.js';
import { FormDialog, textOf } from './dialog.js';
import { codesFor } from './error-codes.js';

const OTHER = 'other';

/**
 * Lets a message fail on its way, as WhatsApp reports it with a `failed` status.
 * @param {{ onFail: (code: number) => Promise<unknown>, onClose: () => void }} properties
 */
export function FailDialog({ onFail, onClose }) {
  const [other, setOther] = useState(false);
  /** @param {FormData} form */
  const submit = (form) => {
    const chosen = textOf(form, 'code');
    return onFail(Number(chosen === OTHER ? textOf(form, 'otherCode') : chosen));
  };
  return html`<${FormDialog} title="Let it fail" action="Fail" onSubmit=${submit} onClose=${onClose}>
    <p>The business gets a status “failed” with this code, some time after the message was accepted.</p>
    <fieldset
      class="codes"
      onChange=${(/** @type {{ target: HTMLInputElement }} */ event) => {
        if (event.target.name === 'code') setOther(event.target.value === OTHER);
      }}
    >
      <legend class="unseen">Error code</legend>
      ${codesFor('REPORT').map(({ codes }) =>
        codes.map(
          ({ code, title, effect }, index) =>
            html`<label key=${code} class="choice">
              <input
                type="radio"
                name="code"
                value=${code}
                required
                defaultChecked=${index === 0 && code === 131026}
              />
              <span><strong>${code}</strong> ${title}<small>${effect}</small></span>
            </label>`,
        ),
      )}
      <label class="choice">
        <input type="radio" name="code" value=${OTHER} />
        <span>Another code<small>Any number: unknown ones have to be taken too.</small></span>
      </label>
    </fieldset>
    ${
      other &&
      html`<label
        >Code<input name="otherCode" type="number" min="0" max="99999999" required autofocus
      /></label>`
    }
  <//>`;
}
