/** A document made to exhaust a server, or to confuse it. */
export interface HostileDocument {
  readonly name: string;
  readonly query: string;
  /** Written out as JSON, since what is hostile may be how it is written. */
  readonly variables: string;
  /** The code of every error that it is refused with. */
  readonly code: string;
}

type Table = Readonly<Record<string, string | [query: string, variables: string]>>;

const refusedWith = (code: string, table: Table): HostileDocument[] =>
  Object.entries(table).map(([name, document]) => {
    const [query, variables] = typeof document === 'string' ? [document, '{}'] : document;
    return { name, query, variables, code };
  });

const many = (count: number, one: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => one(index)).join(' ');

const nested = (depth: number, open: string, inside: string, close: string): string =>
  open.repeat(depth) + inside + close.repeat(depth);

/** Fragments each of which spreads the next one so many times: what they stand for grows with each. */
const laughs = (levels: number, times: number, inside: string, last: string): string =>
  `{ ...f0 } ${many(levels, (index) => `fragment f${index} on Query { ${inside} ${`...f${index + 1} `.repeat(times)} }`)} fragment f${levels} on Query { ${last} }`;

const circle = (length: number): string =>
  `{ ...f0 } ${many(length, (index) => `fragment f${index} on Query { ...f${(index + 1) % length} }`)}`;

const ids = (count: number): string =>
  JSON.stringify(Array.from({ length: count }, (_, index) => `agt_${index}`));

const pages = (size: string): string =>
  `tickets(first: ${size}) { nodes { messages(first: ${size}) { nodes { ticket { messages(first: ${size}) { nodes { id } } } } } } }`;

const inContract = (fields: string): string => `{ viewer { contract { ${fields} } } }`;
const inSends = (filter: string): string => `{ sends(filter: ${filter}) { nodes { id } } }`;
const sizedSends = (size: string): string => `{ sends(first: ${size}) { nodes { id } } }`;

const SENDS_BY_FILTER = 'query ($filter: SendFilter) { sends(filter: $filter) { nodes { id } } }';
const SENDS_BY_SIZE = 'query ($n: Int) { sends(first: $n) { nodes { id } } }';
const BOT_BY_ID = 'query ($id: ID!) { bot(id: $id) { id } }';
const PUBLISH =
  'mutation ($flow: JSONObject!) { publishFlow(input: { botId: "x", definition: $flow }) { userErrors { code } } }';

/** Beyond a limit of this server. */
const TOO_COMPLEX = refusedWith('QUERY_TOO_COMPLEX', {
  'fields 200 levels deep': `{ bots { nodes { ${nested(100, 'settings { bot { ', 'id', ' } }')} } } }`,
  'depth hidden in inline fragments': `{ bots { nodes { ${nested(60, '... on Bot { settings { ... { bot { ', 'id', ' } } } }')} } } }`,
  'depth hidden in a chain of fragments': `{ bots { nodes { ...f0 } } } ${many(60, (index) => `fragment f${index} on Bot { settings { bot { ...f${index + 1} } } }`)} fragment f60 on Bot { id }`,
  'a fragment that leads back to itself through fields':
    '{ bots { nodes { ...f } } } fragment f on Bot { settings { bot { ...f } } }',
  '600 aliases of one field': `{ ${many(600, (index) => `a${index}: eventCursor`)} }`,
  '600 aliases further down': inContract(many(600, (index) => `a${index}: name`)),
  'aliases multiplied by fragments': `{ viewer { ...f } } fragment f on Viewer { ${many(30, (index) => `a${index}: contract { ...g }`)} } fragment g on Contract { ${many(30, (index) => `b${index}: name`)} }`,
  '31 fields that begin everything anew': `{ ${many(31, (index) => `a${index}: bots { totalCount }`)} }`,
  '31 mutations in one operation': `mutation { ${many(31, (index) => `a${index}: setPresence(input: { presence: ONLINE }) { userErrors { code } }`)} }`,
  'a billion laughs': laughs(
    30,
    10,
    '',
    many(31, (index) => `a${index}: eventCursor`),
  ),
  'a billion laughs with an alias at each level': laughs(
    25,
    20,
    'a: eventCursor',
    many(31, (index) => `b${index}: eventCursor`),
  ),
  'a billion laughs of pages': `{ tickets { nodes { ...f0 } } } ${many(3, (index) => `fragment f${index} on Ticket { messages { nodes { ticket { ...f${index + 1} } } } }`)} fragment f3 on Ticket { id }`,
  'fields that double with each fragment': `{ bots { nodes { ...f0 } } } ${many(5, (index) => `fragment f${index} on Bot { ${many(4, (alias) => `a${alias}: settings { bot { ...f${index + 1} } }`)} }`)} fragment f5 on Bot { id }`,
  '40 fields in 30 places': `{ ${many(30, (index) => `a${index}: viewer { ...f }`)} } fragment f on Viewer { contract { ${'id name '.repeat(20)} } }`,
  'a circle of 200 fragments': circle(200),
  '600 fragments that there are not': `{ ${many(600, (index) => `...f${index}`)} }`,
  'one field 1,900 times': inContract('id '.repeat(1_900)),
  'one field 250 times, each with fields of its own': `{ viewer { ${'contract { id name } '.repeat(250)} } }`,
  'one field 400 times in a fragment that nobody uses': `{ eventCursor } fragment f on Viewer { ${'contract { id } '.repeat(400)} }`,
  'fields to compare, in inline fragments': `{ viewer { ${'... { contract { id } } '.repeat(240)} } }`,
  'fields to compare, in 90 fragments': `{ viewer { ${many(90, (index) => `...f${index}`)} } } ${many(90, (index) => `fragment f${index} on Viewer { contract { id name id } }`)}`,
  'conflicts between all fields of a selection': inContract('a: id a: name '.repeat(90)),
  '300 names almost like a field’s': `{ ${many(300, (index) => `eventCurso${index}`)} }`,
  'pages within pages': `{ ${pages('100')} }`,
  'pages within pages, sizes in variables': [`query ($n: Int) { ${pages('$n')} }`, '{"n":100}'],
  'pages within pages, sizes as defaults': `query ($n: Int = 100) { ${pages('$n')} }`,
  'pages within pages, sizes left out':
    '{ tickets { nodes { messages { nodes { ticket { messages { nodes { id } } } } } } } }',
  'pages within pages, backwards': `{ ${pages('100').replaceAll('first', 'last')} }`,
  'the whole schema 29 times': `{ ${many(29, (index) => `a${index}: __schema { ...f }`)} } fragment f on __Schema { types { fields { name args { name type { name } } type { name } } } }`,
  'the whole schema with 600 aliases': `{ __schema { types { ${many(600, (index) => `a${index}: name`)} } } }`,
  'types of types without end': `{ __schema { types { ${nested(300, 'ofType { ', 'name', ' }')} } } }`,
  'types of fields of types of fields': `{ __type(name: "Send") { ${nested(20, 'fields { type { ', 'name', ' } }')} } }`,
  '20 operations, each too much': many(
    20,
    (index) => `query q${index} { ${many(31, (field) => `a${field}: eventCursor`)} }`,
  ),
});

/** Against the language itself, or longer than is read. */
const UNREADABLE = refusedWith('GRAPHQL_PARSE_FAILED', {
  'selections within selections up to the end': '{a'.repeat(20_000),
  'more than 2,000 tokens': inContract('id '.repeat(3_000)),
  'a block that never ends': inSends(`{ search: """${'\n"'.repeat(10_000)} }`),
  'a text that never ends': inSends(`{ search: "${'\\\\'.repeat(10_000)} }`),
  'no operation but comments': '#\n'.repeat(15_000),
  'no operation but commas': ','.repeat(50_000),
  'NUL within a name': '{ event\0Cursor }',
  'a letter that looks like another': '{ \u0435ventCursor }',
  'a character that turns the direction around': '{ \u202eeventCursor }',
  'half a surrogate pair': inSends('{ search: "\\uD83D" }'),
  'a code point beyond the last': inSends('{ search: "\\u{110000}" }'),
});

/** Against the rules of GraphQL or of this schema. */
const INVALID = refusedWith('GRAPHQL_VALIDATION_FAILED', {
  'a fragment within itself': circle(1),
  'a circle of 40 fragments': circle(40),
  'fragments that all spread each other': `{ ...f0 } ${many(28, (index) => `fragment f${index} on Query { ${many(28, (other) => `...f${other}`)} }`)}`,
  '180 fragments that nobody uses': `{ eventCursor } ${many(180, (index) => `fragment f${index} on Query { eventCursor }`)}`,
  '16 fields in conflict, each with fields in conflict': `{ viewer { ${'contract { a: id a: name id: name } '.repeat(16)} } }`,
  '600 arguments that there are not': `{ bot(${many(600, (index) => `a${index}: 1`)}) { id } }`,
  'one argument 600 times': `{ bot(${'id: "x" '.repeat(600)}) { id } }`,
  '50 fields that lack an argument': `{ ${'bot { id } '.repeat(50)} }`,
  'lists within lists': inSends(nested(900, '[', '', ']')),
  'inputs within inputs': inSends(nested(450, '{ search: ', '1', ' }')),
  'one field of an input 400 times': inSends(`{ ${'search: "x" '.repeat(400)} }`),
  'prototype keys in an input': inSends('{ __proto__: { search: "x" }, constructor: { prototype: 1 } }'),
  'a whole number of 50,000 digits': sizedSends('9'.repeat(50_000)),
  'a text of 50,000 characters where a number belongs': sizedSends(`"${'x'.repeat(50_000)}"`),
  'a block of 15,000 lines where a number belongs': sizedSends(`"""${'\n '.repeat(15_000)}"""`),
  'enum values that there are not': inSends(`{ statuses: [${many(900, (index) => `ACCEPTE_${index}`)}] }`),
  '300 variables that nobody uses': `query (${many(300, (index) => `$v${index}: Int`)}) { eventCursor }`,
  'one variable 300 times': `query (${'$v: Int '.repeat(300)}) { sends(first: $v) { nodes { id } } }`,
  '300 variables that there are not': `{ ${many(20, () => `sends(filter: { agentIds: [${many(15, (index) => `$v${index}`)}] }) { nodes { id } }`)} }`,
  '@skip 200 times on one field': `{ eventCursor ${'@skip(if: false) '.repeat(200)} }`,
  '@include with a variable that there is not': inContract('id @include(if: $v) '.repeat(50)),
  '900 directives that there are not': `{ eventCursor ${many(900, (index) => `@d${index}`)} }`,
  '@stream and @defer': '{ bots { nodes @stream(initialCount: 0) { id ... @defer { name } } } }',
  '400 operations without names': '{ eventCursor } '.repeat(400),
  '300 operations of one name': 'query a { eventCursor } '.repeat(300),
  'no operation but a fragment': 'fragment f on Query { eventCursor }',
  'types among the operations': `{ eventCursor } ${many(200, (index) => `type T${index} { a: T${index} }`)}`,
  'two subscriptions in one': 'subscription { presenceChanged { cursor } sendConfirmed { cursor } }',
  'types of fields of types, in fragments': `{ __schema { types { ...f0 } } } ${many(5, (index) => `fragment f${index} on __Type { fields { type { ...f${index + 1} } } }`)} fragment f5 on __Type { name }`,
  'a byte order mark within a name': '{ event\ufeffCursor }',
  'a name of 50,000 characters': `{ ${'a'.repeat(50_000)} }`,
});

/** Values that are never taken. */
const BAD_INPUT = refusedWith('BAD_USER_INPUT', {
  'a number beyond all numbers':
    'mutation { publishFlow(input: { botId: "x", definition: { a: 1e999999 } }) { userErrors { code } } }',
  'a text of 50,000 characters where an instant belongs': inSends(`{ createdFrom: "${'0'.repeat(50_000)}" }`),
  '600 ids written out': inSends(`{ agentIds: [${many(600, (index) => `"agt_${index}"`)}] }`),
  '501 ids in a variable': ['query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', `{"ids":${ids(501)}}`],
  '501 ids in the variable of a filter': [SENDS_BY_FILTER, `{"filter":{"agentIds":${ids(501)}}}`],
  'one state 5,000 times': [
    SENDS_BY_FILTER,
    `{"filter":{"statuses":["ACCEPTED"${',"ACCEPTED"'.repeat(4_999)}]}}`,
  ],
  'a page of fewer than none': sizedSends('-1'),
  'a page of two thousand million': [SENDS_BY_SIZE, '{"n":2147483647}'],
  'a page larger than any whole number': [SENDS_BY_SIZE, '{"n":1e300}'],
  'a page from both ends': '{ sends(first: 5, last: 5) { nodes { id } } }',
  'fewer than none, to make room for more': `{ sends(first: -100) { nodes { id } } ${pages('27')} }`,
  'a variable 20,000 levels deep': [SENDS_BY_FILTER, `{"filter":${nested(20_000, '[', '', ']')}}`],
  'a free object 10,000 levels deep': [PUBLISH, `{"flow":${nested(10_000, '{"a":', '1', '}')}}`],
  'a variable of another type': [BOT_BY_ID, '{"id":{"toString":"x","__typename":"Bot"}}'],
  'a required variable that is left out': [BOT_BY_ID, '{"ID":"x"}'],
  '300 operations, and none is named': many(300, (index) => `query q${index} { eventCursor }`),
});

/** What both doors refuse, each of a size that fits a frame on a socket. */
export const HOSTILE_DOCUMENTS: readonly HostileDocument[] = [
  ...TOO_COMPLEX,
  ...UNREADABLE,
  ...INVALID,
  ...BAD_INPUT,
];
