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

export interface Curve {
  label: string;
  /** At each size, from the smallest to the largest. */
  values: readonly number[];
}

const [WIDE, HIGH, LEFT, TOP, SIDE] = [420, 240, 60, 40, 330];
const COLOURS = ['#2f7d5b', '#b3562b', '#3d5a99', '#8a6d1d', '#7b3f8c', '#2b8a99', '#99304e', '#5c7a29'];
const LEAST = 0.5;

/** Curves over sizes that grow by factors, as SVG; both axes are logarithmic. */
export function curvesOf(title: string, sizes: readonly string[], curves: readonly Curve[]): string {
  const most = Math.max(10, ...curves.flatMap(({ values }) => values));
  const decades = Math.ceil(Math.log10(most / LEAST));
  const across = (index: number): number => Math.round(LEFT + (WIDE * index) / Math.max(1, sizes.length - 1));
  const up = (value: number): number =>
    Math.round(TOP + HIGH - (HIGH * Math.log10(Math.max(value, LEAST) / LEAST)) / decades);
  const grid = Array.from({ length: decades + 1 }, (_, power) => LEAST * 10 ** power).map(
    (value) =>
      `<line x1="${LEFT}" y1="${up(value)}" x2="${LEFT + WIDE}" y2="${up(value)}" stroke="#dddddd"/><text x="${LEFT - 6}" y="${up(value) + 4}" text-anchor="end">${value} ms</text>`,
  );
  const marks = sizes.map(
    (size, index) => `<text x="${across(index)}" y="${TOP + HIGH + 18}" text-anchor="middle">${size}</text>`,
  );
  const lines = curves.map(({ label, values }, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? '';
    const points = values.map((value, place) => `${across(place)},${up(value)}`).join(' ');
    const at = TOP + 12 + index * 16;
    return `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2"/><text x="${LEFT + WIDE + 16}" y="${at}" fill="${colour}">${escaped(label)}</text>`;
  });
  const [width, height] = [LEFT + WIDE + SIDE, Math.max(TOP + HIGH + 40, TOP + 20 + curves.length * 16)];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="16" y="22" font-weight="bold">${escaped(title)}</text>
${[...grid, ...marks, ...lines].join('\n')}
</svg>
`;
}
