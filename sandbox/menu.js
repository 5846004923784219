// @ts-check
import { html, useLayoutEffect, useRef, useState } from './htm.js';
import { Icon } from './icons.js';

/** @import { Child } from './htm' */
/** @import { IconName } from './icons.js' */

/** @typedef {{ label: string, icon: IconName, choose: () => void, danger?: boolean }} Choice */

const GAP = 6;

/**
 * A button that opens a menu beside it. The menu stands in the browser's top layer, so that nothing cuts it off, and
 * the browser closes it on Escape or a click elsewhere.
 * @param {object} properties
 * @param {string} properties.label
 * @param {IconName} properties.icon
 * @param {string} [properties.className]
 * @param {readonly Choice[]} properties.choices
 * @param {readonly string[]} [properties.emojis] a row of emojis above the choices
 * @param {(emoji: string) => void} [properties.onEmoji]
 * @param {string} [properties.chosenEmoji]
 */
export function Menu({ label, icon, className, choices, emojis, onEmoji, chosenEmoji }) {
  const [open, setOpen] = useState(false);
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return html`<button
      ref=${button}
      type="button"
      class=${className ?? 'round'}
      aria-label=${label}
      aria-haspopup="menu"
      aria-expanded=${String(open)}
      onClick=${() => setOpen(!open)}
    >
      <${Icon} name=${icon} />
    </button>
    ${
      open &&
      html`<${Popup} label=${label} beside=${button} onClosed=${() => setOpen(false)}>
        ${
          emojis &&
          html`<div class="emojis" role="group" aria-label="React">
            ${emojis.map(
              (emoji) =>
                html`<button
                  key=${emoji}
                  type="button"
                  role="menuitemradio"
                  aria-checked=${String(emoji === chosenEmoji)}
                  aria-label=${`React with ${emoji}`}
                  onClick=${() => {
                    close();
                    onEmoji?.(emoji);
                  }}
                >
                  ${emoji}
                </button>`,
            )}
          </div>`
        }
        ${choices.map(
          (choice) =>
            html`<button
              key=${choice.label}
              type="button"
              role="menuitem"
              class=${choice.danger ? 'danger' : ''}
              onClick=${() => {
                close();
                choice.choose();
              }}
            >
              <${Icon} name=${choice.icon} />${choice.label}
            </button>`,
        )}
      <//>`
    }`;
}

/**
 * @param {object} properties
 * @param {string} properties.label
 * @param {{ current: HTMLElement | null }} properties.beside
 * @param {() => void} properties.onClosed
 * @param {Child} [properties.children]
 */
function Popup({ label, beside, onClosed, children }) {
  const popup = useRef(/** @type {HTMLDivElement | null} */ (null));
  useLayoutEffect(() => {
    const element = popup.current;
    const anchor = beside.current?.getBoundingClientRect();
    if (!element || !anchor) return;
    element.showPopover();
    const { width, height } = element.getBoundingClientRect();
    const below = anchor.bottom + GAP + height < innerHeight;
    const top = below ? anchor.bottom + GAP : anchor.top - GAP - height;
    const left = anchor.left + width + GAP < innerWidth ? anchor.left : anchor.right - width;
    element.style.top = `${Math.max(GAP, top)}px`;
    element.style.left = `${Math.max(GAP, left)}px`;
    element.querySelector('button')?.focus();
  }, []);
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    const buttons = [...(popup.current?.querySelectorAll('button') ?? [])];
    const at = buttons.findIndex((one) => one === document.activeElement);
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const next = event.key === 'Home' ? 0 : event.key === 'End' ? -1 : step === undefined ? null : at + step;
    if (event.key === 'Escape') beside.current?.focus();
    if (next === null) return;
    event.preventDefault();
    buttons.at(next % buttons.length)?.focus();
  };
  /** @param {ToggleEvent} event */
  const onToggle = (event) => {
    if (event.newState === 'closed') onClosed();
  };
  return html`<div
    ref=${popup}
    popover="auto"
    class="menu"
    role="menu"
    aria-label=${label}
    onToggle=${onToggle}
    onKeyDown=${onKeyDown}
  >
    ${children}
  </div>`;
}
