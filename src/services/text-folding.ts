// The blocks of combining accents. Not all of \p{M}: in Hindi or Japanese marks are vowels and consonants, and words
// that differ in nothing else would become equal.
const accents = /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]/g;

/** The text without accents and in lower case: two texts that differ in these alone fold to the same (DOMAIN.md 31). */
export function fold(text: string): string {
  // Composed again at the end, so that a Korean syllable does not contain another that is spelled with its first letters.
  return text.normalize('NFD').replace(accents, '').toLowerCase().normalize('NFC');
}
