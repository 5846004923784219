// @ts-check

/**
 * What a JSON text holds; its type is for the caller to say.
 * @param {string} text
 * @returns {unknown}
 * @throws {SyntaxError}
 */
export function parsed(text) {
  return JSON.parse(text);
}
