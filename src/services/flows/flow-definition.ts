import { FlowBlockKind } from '../../entities/enums';

/** What Saludo reads from one block of a published flow. */
export interface FlowBlockDefinition {
  /** The block's id in the builder. */
  blockId: string;
  /** For people: never empty, not unique, identifies nothing. */
  title: string;
  kind: FlowBlockKind;
}

/** One thing that keeps an export from being published, and where in it. */
export interface FlowProblem {
  path: string[];
  message: string;
}

/** A flow that may be published, or everything (up to a limit) that is wrong with it. */
export type ParsedFlow =
  { ok: true; blocks: FlowBlockDefinition[]; canonical: string } | { ok: false; problems: FlowProblem[] };

/** The most blocks that a flow may have; the largest public export has 62. */
export const maximumBlocks = 5_000;
/** The longest id of a block, in UTF-16 units. */
export const maximumBlockIdLength = 200;
/** The longest title of a block, in UTF-16 units. */
export const maximumTitleLength = 1_000;
/** The deepest nesting of objects and lists, the outermost included; real exports reach 14. */
export const maximumDepth = 64;

const servicePrefix = 'desk:';
// Enough to repair an export by, few enough to answer with.
const maximumProblems = 20;
// A path may quote a key that is refused for its length.
const longestPathPart = 200;

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads what Blip's builder exports: an object keyed by block id, or the same as `flow` beside `globalActions`
 * (DOMAIN.md 11-12, WHATSAPP.md "Flow exports"). What a block holds besides its id, title and outputs is data that is
 * kept and not looked at. Outputs may point to blocks that are not there: the builder exports unfinished flows too,
 * and nothing here follows outputs. `canonical` is equal for two exports exactly when they hold the same.
 */
export function parseFlowDefinition(value: unknown): ParsedFlow {
  const found = new ProblemList();
  const content = contentOf(value);
  const canonical = canonicalJson(content, content === value ? [] : ['flow'], found);
  if (found.isEmpty()) {
    const blocks = blocksOf(value, found);
    if (found.isEmpty()) return { ok: true, blocks, canonical };
  }
  return { ok: false, problems: found.problems };
}

class ProblemList {
  readonly problems: FlowProblem[] = [];

  add(path: readonly string[], message: string): void {
    if (this.problems.length >= maximumProblems) return;
    this.problems.push({ path: path.map((part) => part.slice(0, longestPathPart)), message });
  }

  isEmpty(): boolean {
    return this.problems.length === 0;
  }

  isFull(): boolean {
    return this.problems.length >= maximumProblems;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Exports name their keys freely: `constructor` or `__proto__` must find what the export says, never what is inherited.
function property(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function isWrapped(value: JsonObject): boolean {
  if (!Object.hasOwn(value, 'flow')) return false;
  if (Object.hasOwn(value, 'globalActions')) return true;
  // A block may be called `flow` too; what is keyed by block ids has neither an id nor a builder's property itself.
  const inner = property(value, 'flow');
  const looksLikeBlock =
    isObject(inner) &&
    (typeof property(inner, 'id') === 'string' || Object.keys(inner).some((key) => key.startsWith('$')));
  return !looksLikeBlock;
}

// A wrapper that adds nothing is no difference: the same flow, exported the other way, makes no new version.
function contentOf(value: unknown): unknown {
  const addsNothing = isObject(value) && isWrapped(value) && Object.keys(value).length === 1;
  return addsNothing ? property(value, 'flow') : value;
}

function canonicalJson(value: unknown, path: string[], found: ProblemList): string {
  if (found.isFull()) return '';
  if (typeof value === 'object' && value !== null) {
    if (path.length >= maximumDepth) {
      found.add(path, `Nested deeper than ${maximumDepth} levels.`);
      return '';
    }
    if (Array.isArray(value)) {
      const items = value.map((item: unknown, index) => canonicalMember(item, String(index), path, found));
      return `[${items.join(',')}]`;
    }
    const members = Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalMember(member, key, path, found)}`);
    return `{${members.join(',')}}`;
  }
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  found.add(path, 'Not a JSON value.');
  return '';
}

function canonicalMember(value: unknown, key: string, path: string[], found: ProblemList): string {
  path.push(key);
  const text = canonicalJson(value, path, found);
  path.pop();
  return text;
}

function blocksOf(value: unknown, found: ProblemList): FlowBlockDefinition[] {
  if (!isObject(value)) {
    found.add([], 'Expected an object keyed by block id, or one with `flow` and `globalActions`.');
    return [];
  }
  const path: string[] = [];
  let flow: unknown = value;
  if (isWrapped(value)) {
    path.push('flow');
    flow = property(value, 'flow');
    checkWrapper(value, found);
  }
  if (!isObject(flow)) {
    found.add(path, 'Expected an object keyed by block id.');
    return [];
  }
  const entries = Object.entries(flow);
  if (entries.length === 0) found.add(path, 'A flow has at least one block.');
  if (entries.length > maximumBlocks) {
    found.add(path, `A flow has at most ${maximumBlocks} blocks; this one has ${entries.length}.`);
    return [];
  }
  return entries.map(([blockId, block]) => readBlock(blockId, block, [...path, blockId], found));
}

function checkWrapper(wrapper: JsonObject, found: ProblemList): void {
  for (const key of Object.keys(wrapper)) {
    if (key === 'flow') continue;
    if (key !== 'globalActions') found.add([key], 'Only `globalActions` may stand beside `flow`.');
    else if (!isAbsent(wrapper[key]) && !isObject(wrapper[key])) found.add([key], 'Expected an object.');
  }
}

function readBlock(blockId: string, block: unknown, path: string[], found: ProblemList): FlowBlockDefinition {
  const kind = blockId.startsWith(servicePrefix) ? FlowBlockKind.SERVICE : FlowBlockKind.OTHER;
  if (blockId === '') found.add(path, 'A block id is not empty.');
  if (blockId.length > maximumBlockIdLength) {
    found.add(path, `A block id has at most ${maximumBlockIdLength} characters.`);
  }
  if (blockId.includes('\0')) found.add(path, 'A block id holds no null character.');
  if (!isObject(block)) {
    found.add(path, 'A block is an object.');
    return { blockId, title: blockId, kind };
  }
  const id = property(block, 'id');
  if (id !== undefined && id !== blockId)
    found.add([...path, 'id'], "A block's id equals the key it stands under.");
  const title = readTitle(property(block, '$title'), blockId, [...path, '$title'], found);
  checkOutputs(block, path, found);
  return { blockId, title, kind };
}

function readTitle(title: unknown, blockId: string, path: string[], found: ProblemList): string {
  if (isAbsent(title)) return blockId;
  if (typeof title !== 'string') {
    found.add(path, 'A title is a string.');
    return blockId;
  }
  if (title.length > maximumTitleLength)
    found.add(path, `A title has at most ${maximumTitleLength} characters.`);
  // PostgreSQL cannot store it.
  if (title.includes('\0')) found.add(path, 'A title holds no null character.');
  return title.trim() === '' ? blockId : title;
}

function checkOutputs(block: JsonObject, path: string[], found: ProblemList): void {
  const defaultOutput = property(block, '$defaultOutput');
  if (!isAbsent(defaultOutput)) checkOutput(defaultOutput, [...path, '$defaultOutput'], found);
  const conditionOutputs = property(block, '$conditionOutputs');
  if (isAbsent(conditionOutputs)) return;
  if (!Array.isArray(conditionOutputs)) {
    found.add([...path, '$conditionOutputs'], 'Expected a list of outputs.');
    return;
  }
  conditionOutputs.forEach((output: unknown, index) => {
    checkOutput(output, [...path, '$conditionOutputs', String(index)], found);
  });
}

function checkOutput(output: unknown, path: string[], found: ProblemList): void {
  if (!isObject(output)) {
    found.add(path, 'An output is an object.');
    return;
  }
  const stateId = property(output, 'stateId');
  if (!isAbsent(stateId) && typeof stateId !== 'string') {
    found.add([...path, 'stateId'], 'The block that an output leads to is named by a string.');
  }
}

// The builder writes null where nothing was chosen.
function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}
