export interface Bar {
  label: string;
  value: number;
}

const [LINE, LABELS, LENGTH, MARGIN] = [28, 260, 420, 16];
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** A chart of horizontal bars as SVG, with a line at 1. */
export function chartOf(title: string, bars: readonly Bar[]): string {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const lengthOf = (value: number): number => Math.round((value / most) * LENGTH);
  const [width, height] = [LABELS + LENGTH + 80, (bars.length + 1) * LINE + 2 * MARGIN];
  const one = LABELS + lengthOf(1);
  const lines = bars.map(({ label, value }, index) => {
    const top = MARGIN + (index + 1) * LINE;
    return [
      `<text x="${LABELS - 8}" y="${top + 14}" text-anchor="end">${escaped(label)}</text>`,
      `<rect x="${LABELS}" y="${top}" width="${lengthOf(value)}" height="${LINE - 10}" fill="#2f7d5b"/>`,
      `<text x="${LABELS + lengthOf(value) + 6}" y="${top + 14}">${value.toFixed(2)}</text>`,
    ].join('');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="${MARGIN}" y="${MARGIN + 12}" font-weight="bold">${escaped(title)}</text>
${lines.join('\n')}
<line x1="${one}" y1="${MARGIN + LINE - 4}" x2="${one}" y2="${height - MARGIN}" stroke="#888888" stroke-dasharray="4 3"/>
</svg>
`;
}
