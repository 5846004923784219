import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { FlowBlockKind } from '../../src/entities/enums';
import {
  maximumDepth,
  parseFlowDefinition,
  type FlowBlockDefinition,
} from '../../src/services/flows/flow-definition';

/** A block as the builder exports it. */
function builderBlock(id: string, title: string): Record<string, unknown> {
  return {
    $contentActions: [
      {
        action: { type: 'ExecuteScript', settings: { source: 'function run() { throw 1 }' } },
        $invalid: false,
      },
    ],
    $conditionOutputs: [{ stateId: 'fallback', conditions: [{ source: 'input', values: ['1'] }] }],
    $enteringCustomActions: [],
    $defaultOutput: { stateId: 'fallback', $invalid: false },
    $tags: [],
    id,
    root: id === 'onboarding',
    $position: { top: '1px', left: '2px' },
    $title: title,
  };
}

const flat = {
  onboarding: builderBlock('onboarding', 'Início'),
  fallback: builderBlock('fallback', 'Atendimento'),
  'desk:1c2d': builderBlock('desk:1c2d', 'Atendimento'),
};

function blocksOf(value: unknown): FlowBlockDefinition[] {
  const parsed = parseFlowDefinition(value);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.blocks;
}

function canonicalOf(value: unknown): string {
  const parsed = parseFlowDefinition(value);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.canonical;
}

function problemPathsOf(value: unknown): string[] {
  const parsed = parseFlowDefinition(value);
  return parsed.ok ? [] : parsed.problems.map((problem) => problem.path.join('/'));
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { in: value };
  return value;
}

describe('parseFlowDefinition', () => {
  it('reads a flat flow', () => {
    expect(blocksOf(flat)).toEqual([
      { blockId: 'onboarding', title: 'Início', kind: FlowBlockKind.OTHER },
      { blockId: 'fallback', title: 'Atendimento', kind: FlowBlockKind.OTHER },
      { blockId: 'desk:1c2d', title: 'Atendimento', kind: FlowBlockKind.SERVICE },
    ]);
  });

  it.each<[string, unknown]>([
    ['with global actions', { flow: flat, globalActions: { $contentActions: [], id: 'global-actions' } }],
    ['with none chosen', { flow: flat, globalActions: null }],
    ['without global actions', { flow: flat }],
  ])('reads a wrapped flow %s', (_name, value) => {
    expect(blocksOf(value)).toEqual(blocksOf(flat));
  });

  it.each<[string, Record<string, unknown>]>([
    ['missing', {}],
    ['null', { $title: null }],
    ['empty', { $title: '' }],
    ['blank', { $title: ' \n' }],
  ])('shows the id where the title is %s', (_name, block) => {
    expect(blocksOf({ 'desk:9': block })).toEqual([
      { blockId: 'desk:9', title: 'desk:9', kind: FlowBlockKind.SERVICE },
    ]);
  });

  it('tells service blocks by the beginning of their id alone', () => {
    const value = { 'Desk:1': {}, 'my-desk:1': {}, desk: {}, ' desk:1': {}, 'desk:': {} };
    expect(blocksOf(value).map((block) => block.kind)).toEqual([
      ...Array<string>(4).fill('OTHER'),
      'SERVICE',
    ]);
  });

  it('takes a block that is called flow for a block', () => {
    expect(blocksOf({ flow: builderBlock('flow', 'Fluxo') }).map((block) => block.blockId)).toEqual(['flow']);
    expect(blocksOf({ flow: { $title: 'Fluxo' }, other: {} }).map((block) => block.blockId)).toEqual([
      'flow',
      'other',
    ]);
  });

  it('takes outputs that lead nowhere', () => {
    const value = {
      a: { $defaultOutput: { stateId: 'gone' }, $conditionOutputs: [{ stateId: null }, {}] },
      b: { $defaultOutput: null, $conditionOutputs: null },
      c: { $defaultOutput: {} },
    };
    expect(blocksOf(value)).toHaveLength(3);
  });

  it.each<[string, unknown, string[]]>([
    ['nothing', undefined, ['']],
    ['null', null, ['']],
    ['text', '{}', ['']],
    ['a list', [flat], ['']],
    ['an empty object', {}, ['']],
    ['an empty wrapped flow', { flow: {} }, ['flow']],
    ['a wrapped list', { flow: [], globalActions: {} }, ['flow']],
    ['no wrapped flow', { flow: null, globalActions: {} }, ['flow']],
    ['global actions that are a list', { flow: flat, globalActions: [] }, ['globalActions']],
    ['something else beside the flow', { flow: flat, globalActions: {}, settings: {} }, ['settings']],
    ['blocks that are no objects', { a: 'text', b: null, c: [], d: {} }, ['a', 'b', 'c']],
    ['an id that is not the key', { a: { id: 'b' } }, ['a/id']],
    ['an id that is no string', { a: { id: null } }, ['a/id']],
    ['a title that is no string', { a: { $title: 7 } }, ['a/$title']],
    ['a title that is too long', { a: { $title: 'x'.repeat(1_001) } }, ['a/$title']],
    ['a title that cannot be stored', { a: { $title: 'x\0' } }, ['a/$title']],
    ['an empty block id', { '': {} }, ['']],
    ['a block id that cannot be stored', { 'a\0': {} }, ['a\0']],
    ['a default output that is no object', { a: { $defaultOutput: 'b' } }, ['a/$defaultOutput']],
    ['a default output to a number', { a: { $defaultOutput: { stateId: 1 } } }, ['a/$defaultOutput/stateId']],
    ['outputs that are no list', { a: { $conditionOutputs: {} } }, ['a/$conditionOutputs']],
    ['an output that is no object', { a: { $conditionOutputs: [{}, 'b'] } }, ['a/$conditionOutputs/1']],
    [
      'an output to an object, wrapped',
      { flow: { a: { id: 'a', $conditionOutputs: [{ stateId: {} }] } }, globalActions: {} },
      ['flow/a/$conditionOutputs/0/stateId'],
    ],
    ['what is not JSON', { a: { size: Number.NaN, run: () => 1 } }, ['a/run', 'a/size']],
  ])('refuses %s', (_name, value, paths) => {
    expect(parseFlowDefinition(value).ok).toBe(false);
    expect(problemPathsOf(value)).toEqual(paths);
  });

  it('takes what is just within the bounds, and refuses what is just outside', () => {
    const blocks = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`b${index}`, {}]));
    expect(blocksOf(blocks(5_000))).toHaveLength(5_000);
    expect(problemPathsOf(blocks(5_001))).toEqual(['']);
    expect(problemPathsOf({ flow: blocks(5_001), globalActions: {} })).toEqual(['flow']);
    expect(blocksOf({ ['i'.repeat(200)]: { $title: 't'.repeat(1_000) } })).toHaveLength(1);
    expect(problemPathsOf({ ['i'.repeat(201)]: {} })).toEqual(['i'.repeat(200)]);
  });

  it('answers with a limited number of problems', () => {
    const value = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`b${index}`, index]));
    expect(problemPathsOf(value)).toHaveLength(20);
  });

  it('stands any depth', () => {
    expect(blocksOf({ a: { data: nested(maximumDepth - 2) } })).toHaveLength(1);
    const tooDeep = parseFlowDefinition({ a: { data: nested(maximumDepth - 1) } });
    expect(tooDeep).toMatchObject({
      ok: false,
      problems: [{ path: expect.arrayContaining(['a', 'data']) as string[] }],
    });
    expect(parseFlowDefinition(nested(200_000)).ok).toBe(false);
    expect(parseFlowDefinition({ flow: { a: nested(200_000) } }).ok).toBe(false);
  });

  it('reads names of inherited things as any others', () => {
    const value: unknown = JSON.parse(
      '{"__proto__":{"id":"__proto__","__proto__":{"$title":"inherited"}},"constructor":{},"toString":{"$title":"t"}}',
    );
    expect(blocksOf(value).map((block) => [block.blockId, block.title])).toEqual([
      ['__proto__', '__proto__'],
      ['constructor', 'constructor'],
      ['toString', 't'],
    ]);
    expect(canonicalOf(value)).toContain('"__proto__":{"__proto__":{"$title":"inherited"}');
    expect(({} as Record<string, unknown>)['$title']).toBeUndefined();
    expect(parseFlowDefinition(JSON.parse('{"__proto__":{"flow":{"a":{}}}}')).ok).toBe(true);
  });
});

describe('the canonical form of a flow', () => {
  it('is the same in any order of keys, and for a wrapper that adds nothing', () => {
    const reordered = Object.fromEntries(
      Object.entries(flat)
        .reverse()
        .map(([key, block]) => [key, Object.fromEntries(Object.entries(block).reverse())]),
    );
    expect(canonicalOf(reordered)).toBe(canonicalOf(flat));
    expect(canonicalOf({ flow: reordered })).toBe(canonicalOf(flat));
    expect(canonicalOf({ globalActions: {}, flow: flat })).toBe(
      canonicalOf({ flow: flat, globalActions: {} }),
    );
  });

  it.each<[string, unknown]>([
    ['a title', { ...flat, fallback: { ...flat.fallback, $title: 'Outro' } }],
    ['a script', { ...flat, fallback: { ...flat.fallback, $contentActions: [] } }],
    ['global actions', { flow: flat, globalActions: {} }],
    ['one block more', { ...flat, more: {} }],
  ])('differs by %s', (_name, value) => {
    expect(canonicalOf(value)).not.toBe(canonicalOf(flat));
  });

  it('is JSON of the same content', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (data) => {
        const value: unknown = JSON.parse(JSON.stringify({ block: { data } }));
        expect(JSON.parse(canonicalOf(value))).toEqual(value);
      }),
    );
  });
});

const realExports = path.resolve(__dirname, '../../../shared/fixtures/blip-flows');
const serviceBlocks: Record<string, [string, string] | null> = {
  'flat_desk_11blocks_atendimento-humano-horarios.json': [
    'desk:b69ef3a2-9983-48f8-9d40-16bad478a460',
    '4.0 - Atendimento humano',
  ],
  'flat_desk_13blocks_atendimento-para-equipes.json': [
    'desk:b69ef3a2-9983-48f8-9d40-16bad478a460',
    '4.0 - Atendimento humano',
  ],
  'flat_desk_19blocks_real_estate.json': ['desk:c86a834c-944f-4f79-8993-4b032960ece3', '🧑🔊 Atendimento'],
  'flat_desk_27blocks_carDealership.json': [
    'desk:4841d50c-cf7e-417a-b5e0-604da1ded360',
    'Atendimento humano',
  ],
  'flat_desk_tags_62blocks_rede_de_hoteis.json': [
    'desk:a87e26fe-9d1f-4041-bccc-690e65c078f6',
    'Atendimento humano',
  ],
  'flat_no_desk_10blocks_addressByZipCode.json': null,
  'wrapped_no_desk_14blocks_Dogl4_mybotflow.json': null,
};

// The exports lie beside the repository, and not every checkout has them there.
(fs.existsSync(realExports) ? describe : describe.skip)('real exports', () => {
  it.each(Object.entries(serviceBlocks))('%s', (file, service) => {
    const text = fs.readFileSync(path.join(realExports, file), 'utf8');
    const blocks = blocksOf(JSON.parse(text));
    expect(blocks).toHaveLength(Number(/(\d+)blocks/.exec(file)?.[1]));
    const found = blocks.filter((block) => block.kind === FlowBlockKind.SERVICE);
    expect(found.map((block) => [block.blockId, block.title])).toEqual(service === null ? [] : [service]);
  });

  it('are all known here', () => {
    expect(fs.readdirSync(realExports).sort()).toEqual(Object.keys(serviceBlocks).sort());
  });
});
