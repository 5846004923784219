/**
 * The arrows of the house: server → resolvers → services → database, channels, events → entities.
 * A folder may import what stands to its right, never what stands to its left.
 */
const mayNotImport = (folder, forbidden) => ({
  name: `${folder} knows nothing above it`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: `^src/(${forbidden.join('|')})(/|\\.ts$)` },
});
const wiring = ['app', 'platform', 'main', 'greeting', 'cli', 'commands'];
const noLibrary = (folders, libraries) => ({
  name: `${folders.join(', ')} know no ${libraries.join(', ')}`,
  severity: 'error',
  from: { path: `^src/(${folders.join('|')})/` },
  to: { path: `node_modules/(${libraries.join('|')})(/|$)` },
});

module.exports = {
  forbidden: [
    {
      name: 'no circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    mayNotImport('server', wiring),
    mayNotImport('resolvers', ['server', ...wiring]),
    mayNotImport('schema', ['server', 'resolvers', 'services', 'database', 'channels', 'events', ...wiring]),
    mayNotImport('services', ['server', 'resolvers', 'schema', ...wiring]),
    mayNotImport('database', ['server', 'resolvers', 'schema', 'services', 'channels', 'events', ...wiring]),
    mayNotImport('channels', ['server', 'resolvers', 'schema', 'services', 'database', 'events', ...wiring]),
    mayNotImport('events', ['server', 'resolvers', 'schema', 'services', 'channels', ...wiring]),
    mayNotImport('entities', [
      'server',
      'resolvers',
      'schema',
      'services',
      'database',
      'channels',
      'events',
      ...wiring,
    ]),
    noLibrary(
      ['services', 'database', 'channels', 'events', 'entities'],
      ['type-graphql', 'graphql', '@apollo', 'fastify', 'graphql-ws', 'ws'],
    ),
    noLibrary(['resolvers', 'schema'], ['typeorm', 'fastify', 'ws']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
