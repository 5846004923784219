const { existsSync } = require('node:fs');
const net = require('node:net');
const { availableParallelism } = require('node:os');

const POSTGRES = new URL(process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres');

/** Whether something listens there: suites run on PostgreSQL wherever one is. */
function reachable({ hostname, port }) {
  return new Promise((resolve) => {
    const socket = net.connect({ host: hostname, port: Number(port || 5432), timeout: 2_000 });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('timeout', () => resolve(false));
    socket.once('connect', () => socket.end());
  });
}

/** Why the tests cannot have a disk of their own, or null: it takes root, and loop devices. */
function diskObstacle() {
  require('./test/kit/loading/typescript.cjs');
  return require('./test/kit/own-disk.ts').diskObstacle();
}

/** Why the tests cannot have a PostgreSQL of their own that they may stop, or null: it takes PostgreSQL's programs. */
function clusterObstacle() {
  require('./test/kit/loading/typescript.cjs');
  return require('./test/kit/own-cluster.ts').clusterObstacle();
}

/** Why the tests cannot have an nginx of their own, or null. */
function nginxObstacle() {
  require('./test/kit/loading/typescript.cjs');
  return require('./test/kit/own-nginx.ts').nginxObstacle();
}

/** Why the tests cannot have a network of their own that they may cut, or null: it takes root, and iproute2. */
function networkObstacle() {
  require('./test/kit/loading/typescript.cjs');
  return require('./test/kit/own-network.ts').networkObstacle();
}

/** The places where distributions put it. */
const CHROMIUM = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((file) => file && existsSync(file));

/** What both the sources and the tests use; never what Jest itself is made of. */
const SHARED_LIBRARIES = [
  'fast-check',
  'graphql',
  'jose',
  'pg',
  'pino',
  'playwright-core',
  'reflect-metadata',
  'sql-template-tag',
  'ws',
];

const plain = {
  transform: { '^.+\\.ts$': ['@swc/jest'], '\\.graphql$': '<rootDir>/test/kit/loading/text.cjs' },
  setupFiles: ['reflect-metadata'],
  setupFilesAfterEnv: ['<rootDir>/test/kit/quiet.ts'],
};
/** For suites that need the whole server: loaded once, it is shared between test files. */
const shared = {
  ...plain,
  testEnvironment: '<rootDir>/test/kit/loading/environment.cjs',
  // Jest would take away from the environment what other test files still need.
  testEnvironmentOptions: { globalsCleanup: 'off' },
  transform: {
    [`/(src|node_modules/(${SHARED_LIBRARIES.join('|')}))/.+\\.[cm]?[jt]s$`]:
      '<rootDir>/test/kit/loading/once.cjs',
    ...plain.transform,
  },
  transformIgnorePatterns: [],
};
/** Suites that need no database run once; the others once for each engine. */
const PURE = ['channels', 'entities', 'property', 'schema', 'services'].map(
  (folder) => `<rootDir>/test/${folder}/**/*.test.ts`,
);
const OVER_DATABASE = ['database', 'server', 'resolvers', 'rules', 'promises', 'end-to-end'].map(
  (folder) => `<rootDir>/test/${folder}/**/*.test.ts`,
);
/** What is only true where several nodes share a database: suites for PostgreSQL alone. */
const SEVERAL_NODES = '<rootDir>/test/nodes/**/*.test.ts';
/** Suites of what becomes of files when a disk fills up or its power is cut: SQLite's alone. */
const ON_A_DISK = '<rootDir>/test/promises/disk/';

module.exports = async () => {
  const postgres = await reachable(POSTGRES);
  if (!postgres && process.env.REQUIRE_POSTGRES)
    throw new Error(`No PostgreSQL answers at ${POSTGRES.host}, and this run requires it`);
  if (!CHROMIUM && process.env.REQUIRE_CHROMIUM)
    throw new Error('No Chromium is installed, and this run requires it: set CHROMIUM_PATH to where one is');
  const engines = ['sqlite', ...(postgres ? ['postgres'] : [])];
  const noDisk = diskObstacle();
  const noCluster = clusterObstacle();
  const noNginx = nginxObstacle();
  const noNetwork = networkObstacle();
  if (noNginx && process.env.REQUIRE_NGINX)
    throw new Error(`This run requires nginx, and ${noNginx}: install nginx-light`);
  return {
    testTimeout: process.env.PROMISES === 'long' ? 1_200_000 : 30_000,
    // One more than there are processors: tests also wait, for databases, processes and clocks.
    maxWorkers: availableParallelism() + 1,
    reporters: [
      'default',
      [
        '<rootDir>/test/kit/surroundings-reporter.cjs',
        { engines, chromium: CHROMIUM, noDisk, noCluster, noNginx, noNetwork },
      ],
    ],
    globalSetup: '<rootDir>/test/kit/migrated/setup.cjs',
    globalTeardown: '<rootDir>/test/kit/migrated/teardown.cjs',
    projects: [
      { ...plain, displayName: 'rules alone', testMatch: PURE, globals: { DATABASE_ENGINES: engines } },
      ...engines.map((engine) => ({
        ...shared,
        displayName: engine,
        testMatch: engine === 'postgres' ? [...OVER_DATABASE, SEVERAL_NODES] : OVER_DATABASE,
        testPathIgnorePatterns: ['/node_modules/', ...(engine === 'sqlite' && !noDisk ? [] : [ON_A_DISK])],
        globals: { DATABASE_ENGINE: engine, DATABASE_ENGINES: engines },
      })),
      ...(CHROMIUM
        ? [
            {
              ...shared,
              displayName: 'browser',
              testMatch: ['<rootDir>/test/browser/**/*.test.ts'],
              globals: { DATABASE_ENGINES: engines, CHROMIUM },
            },
          ]
        : []),
    ],
  };
};
