// @ts-check
// WhatsApp's formatting as elements, never as markup: whatever a message holds stays text.
import { h } from './htm.js';

/** @import { Child, VNode } from './htm' */

/** @type {Readonly<Record<string, string>>} */
const ELEMENTS = { '*': 'strong', _: 'em', '~': 's', '`': 'code' };
const WORD = /[\p{L}\p{N}]/u;
const LINK = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]'*_~`]/y;
const BLOCK = '```';

/**
 * @param {string | undefined} character
 * @returns {boolean}
 */
const isWord = (character) => character !== undefined && WORD.test(character);

/**
 * Where the mark that opens at `from` closes: on the same line, after a non-blank, before anything but a word.
 * @param {string} text
 * @param {number} from
 * @returns {number} -1: it opens nothing
 */
function closing(text, from) {
  const mark = text[from];
  const first = text[from + 1];
  if (isWord(text[from - 1]) || first === undefined || first === mark || /\s/.test(first)) return -1;
  for (let at = from + 2; at < text.length && text[at] !== '\n'; at += 1) {
    if (text[at] === mark && !/\s/.test(text[at - 1] ?? '') && !isWord(text[at + 1])) return at;
  }
  return -1;
}

/**
 * The formatted piece that starts at `from`, and where the text goes on after it.
 * @param {string} text
 * @param {number} from
 * @returns {{ node: VNode, end: number } | null}
 */
function pieceAt(text, from) {
  if (text.startsWith(BLOCK, from)) {
    const end = text.indexOf(BLOCK, from + BLOCK.length + 1);
    if (end > 0) {
      return {
        node: h('code', { class: 'block' }, text.slice(from + BLOCK.length, end)),
        end: end + BLOCK.length,
      };
    }
  }
  const element = ELEMENTS[text[from] ?? ''];
  if (element) {
    const close = closing(text, from);
    if (close < 0) return null;
    const inner = text.slice(from + 1, close);
    return { node: h(element, null, element === 'code' ? inner : formatted(inner)), end: close + 1 };
  }
  LINK.lastIndex = from;
  const address = text[from] === 'h' && !isWord(text[from - 1]) ? LINK.exec(text)?.[0] : undefined;
  if (address === undefined) return null;
  const link = { href: address, target: '_blank', rel: 'noopener noreferrer' };
  return { node: h('a', link, address), end: from + address.length };
}

/**
 * Text with *bold*, _italic_, ~struck~, `mono` and links as elements.
 * @param {string} text
 * @returns {Child[]}
 */
export function formatted(text) {
  /** @type {Child[]} */
  const parts = [];
  let plainFrom = 0;
  let at = 0;
  while (at < text.length) {
    const piece = pieceAt(text, at);
    if (piece) {
      parts.push(text.slice(plainFrom, at), piece.node);
      plainFrom = at = piece.end;
    } else at += 1;
  }
  parts.push(text.slice(plainFrom));
  return parts;
}

/**
 * The same text without the marks, for lists and labels.
 * @param {string} text
 */
export const withoutMarks = (text) =>
  text.replace(/(^|[^\p{L}\p{N}])([*_~`])(?=\S)(.+?)(?<=\S)\2(?![\p{L}\p{N}])/gu, '$1$3');
