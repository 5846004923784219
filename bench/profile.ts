import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What a server's time goes into, as the page names it. */
export const PARTS = [
  'HTTP',
  'parse',
  'validate',
  'execute',
  'rules',
  'database',
  'JSON',
  'garbage',
  'other',
] as const;
export type Part = (typeof PARTS)[number];

interface CallFrame {
  functionName: string;
  url: string;
}
interface Profile {
  nodes: { id: number; callFrame: CallFrame; children?: number[] }[];
  samples: number[];
  timeDeltas: number[];
}

/** Whose code a place is, by the folder it lies in. The first that fits counts. */
const PLACES: readonly (readonly [RegExp, Part])[] = [
  [/graphql\/language\//, 'parse'],
  [/graphql\/validation\/|dist\/server\/(validation|document-limits|operation-cost|fragments)\./, 'validate'],
  [/sqlite3|node_modules\/(pg|sql-template-tag|typeorm)|dist\/(database|entities)\//, 'database'],
  [/dist\/(services|channels|events)\/|node_modules\/(jose|libphonenumber)/, 'rules'],
  [/node_modules\/(graphql|type-graphql|dataloader|class-)|dist\/(resolvers|schema)\//, 'execute'],
  [
    /node:(_http|http|net|internal\/stream|internal\/http|internal\/streams|stream)|node_modules\/(fastify|@fastify|find-my-way|avvio|@apollo|secure-json|light-my)|dist\/server\//,
    'HTTP',
  ],
];

function partOf({ functionName, url }: CallFrame): Part | null {
  if (functionName === '(garbage collector)') return 'garbage';
  if (functionName === 'parse' || functionName === 'stringify') if (url === '') return 'JSON';
  return PLACES.find(([place]) => place.test(url))?.[1] ?? null;
}

/** The parts of the time in which the server was at work, of 1; what is no code of its own counts to who called it. */
export function sharesIn(folder: string): Map<Part, number> {
  const [file] = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error(`No profile was written into ${folder}`);
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Profile;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const callers = new Map(nodes.flatMap(({ id, children }) => (children ?? []).map((child) => [child, id])));
  const times = new Map<Part, number>();
  for (const [index, sample] of samples.entries()) {
    if (/^\((idle|program)\)$/.test(byId.get(sample)?.callFrame.functionName ?? '')) continue;
    let part: Part | null = null;
    for (let id: number | undefined = sample; id !== undefined && !part; id = callers.get(id)) {
      const node = byId.get(id);
      part = node ? partOf(node.callFrame) : null;
    }
    times.set(part ?? 'other', (times.get(part ?? 'other') ?? 0) + (timeDeltas[index] ?? 0));
  }
  const whole = [...times.values()].reduce((sum, time) => sum + time, 0);
  return new Map(PARTS.map((part) => [part, (times.get(part) ?? 0) / whole]));
}
