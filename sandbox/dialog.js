// @ts-check
import { html, useEffect, useRef, useState } from './htm.js';
import { Icon } from './icons.js';

/** @import { Child } from './htm' */

/**
 * A question in front of the page, with a form. Escape and the backdrop close it; a refusal is shown inside, and what
 * was filled in stays.
 * @param {object} properties
 * @param {string} properties.title
 * @param {string} properties.action what the button says
 * @param {(form: FormData) => Promise<unknown>} properties.onSubmit
 * @param {() => void} properties.onClose
 * @param {Child} [properties.children]
 */
export function FormDialog({ title, action, onSubmit, onClose, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [refusal, setRefusal] = useState('');
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  /** @param {SubmitEvent & { currentTarget: HTMLFormElement }} event */
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setRefusal('');
    try {
      await onSubmit(new FormData(event.currentTarget));
      onClose();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      setRefusal(error.message);
      setBusy(false);
    }
  };
  /** @param {MouseEvent} event */
  const onBackdrop = (event) => {
    if (event.target === dialog.current) onClose();
  };
  return html`<dialog ref=${dialog} onClose=${onClose} onClick=${onBackdrop} aria-label=${title}>
    <form onSubmit=${submit}>
      <header>
        <h2>${title}</h2>
        <button type="button" class="round" aria-label="Close" onClick=${onClose}>
          <${Icon} name="close" />
        </button>
      </header>
      <div class="fields">${children}</div>
      ${refusal && html`<p class="refusal" role="alert">${refusal}</p>`}
      <footer>
        <button type="button" class="plain" onClick=${onClose}>Cancel</button>
        <button type="submit" class="primary" disabled=${busy}>${action}</button>
      </footer>
    </form>
  </dialog>`;
}

/**
 * @param {FormData} form
 * @param {string} name
 */
export const textOf = (form, name) => {
  const value = form.get(name);
  return typeof value === 'string' ? value.trim() : '';
};
