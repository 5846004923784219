// @ts-check

/** Country code, and the groups of the number after it. What fits none is shown as it is. */
const SHAPES = [
  { start: /^55(\d{2})(\d{4,5})(\d{4})$/, write: '+55 $1 $2-$3' },
  { start: /^521?(\d{2})(\d{4})(\d{4})$/, write: '+52 $1 $2 $3' },
  { start: /^549?(\d{2})(\d{4})(\d{4})$/, write: '+54 $1 $2 $3' },
  { start: /^1(\d{3})(\d{3})(\d{4})$/, write: '+1 $1 $2-$3' },
  { start: /^34(\d{3})(\d{3})(\d{3})$/, write: '+34 $1 $2 $3' },
  { start: /^351(\d{3})(\d{3})(\d{3})$/, write: '+351 $1 $2 $3' },
];

/**
 * A number as people read it: `+55 11 98765-4321`.
 * @param {string} number with or without `+`
 */
export function readableNumber(number) {
  const digits = number.replace(/\D/g, '');
  const shape = SHAPES.find(({ start }) => start.test(digits));
  return shape ? digits.replace(shape.start, shape.write) : `+${digits}`;
}
