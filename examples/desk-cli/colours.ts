// Colours only where a person looks at them: https://no-color.org
const shown = process.stdout.isTTY && !process.env['NO_COLOR'];

const painter =
  (code: number) =>
  (text: string): string =>
    shown ? `\u001b[${code}m${text}\u001b[0m` : text;

export const bold = painter(1);
export const dim = painter(2);
export const red = painter(31);
export const green = painter(32);
export const yellow = painter(33);
export const cyan = painter(36);
