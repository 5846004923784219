// @ts-check
import { html, useState } from './htm.js';
import { Icon } from './icons.js';

const SHOWN_FOR = 6_000;

/** @typedef {{ id: number, text: string, warning: boolean }} Toast */

let made = 0;

/** Short notes that go away by themselves. */
export function useToasts() {
  const [toasts, setToasts] = useState(/** @type {Toast[]} */ ([]));
  /** @param {number} id */
  const dismiss = (id) => setToasts((now) => now.filter((toast) => toast.id !== id));
  /**
   * @param {string} text
   * @param {boolean} warning
   */
  const add = (text, warning) => {
    made += 1;
    const id = made;
    setToasts((now) => [...now.filter((toast) => toast.text !== text), { id, text, warning }]);
    setTimeout(() => dismiss(id), SHOWN_FOR);
  };
  return {
    toasts,
    dismiss,
    say: (/** @type {string} */ text) => add(text, false),
    warn: (/** @type {string} */ text) => add(text, true),
  };
}

/** @param {{ toasts: Toast[], onDismiss: (id: number) => void }} properties */
export const Toasts = ({ toasts, onDismiss }) =>
  html`<div class="toasts">
    ${toasts.map(
      ({ id, text, warning }) =>
        html`<div key=${id} class=${`toast ${warning ? 'warning' : ''}`} role=${warning ? 'alert' : 'status'}>
          ${warning && html`<${Icon} name="warning" />`}<span>${text}</span>
          <button type="button" class="round" aria-label="Dismiss" onClick=${() => onDismiss(id)}>
            <${Icon} name="close" />
          </button>
        </div>`,
    )}
  </div>`;
