// Makes `dist/explorer`, the page that a browser gets at /graphql, from `explorer`; run by itself, where it is stale.
import {
  readFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const root = path.resolve(import.meta.dirname, '..');
const source = path.join(root, 'explorer');
const target = path.join(root, 'dist', 'explorer');
const page = path.join(target, 'index.html');

/** Each of the editor's workers by the label that it asks for it with; what has no label of these gets `editor`. */
const WORKERS = {
  editor: 'monaco-editor/esm/vs/editor/editor.worker.js',
  json: 'monaco-editor/esm/vs/language/json/json.worker.js',
  graphql: 'monaco-graphql/esm/graphql.worker.js',
};
/** Smaller ones would not get smaller. */
const LEAST_TO_COMPRESS = 1_024;

/** What both bundles have in common. Every file is named after what is in it, so that browsers may keep it for ever. */
const shared = (outdir) => ({
  absWorkingDir: root,
  bundle: true,
  minify: true,
  metafile: true,
  outdir,
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  target: ['es2022'],
  legalComments: 'none',
  logLevel: 'silent',
  define: { 'process.env.NODE_ENV': '"production"' },
});

/** What came out of an entry point, as esbuild tells it, with the name of the file. */
function outputOf({ metafile }, entry) {
  const [file, output] = Object.entries(metafile.outputs).find(([, one]) => one.entryPoint?.endsWith(entry));
  return { ...output, file: path.basename(file) };
}

/** The files that a script cannot run without. */
function partsOf({ metafile }, { imports }, found = new Set()) {
  for (const { path: file, kind } of imports) {
    if (kind !== 'import-statement' || found.has(file)) continue;
    found.add(file);
    partsOf({ metafile }, metafile.outputs[file], found);
  }
  return [...found].map((file) => path.basename(file));
}

async function bundle(folder) {
  // Loaded here only: what looks whether there is something to build should not wait for it.
  const { build } = await import('esbuild');
  const workers = await build({ ...shared(folder), format: 'iife', entryPoints: Object.values(WORKERS) });
  const addresses = Object.fromEntries(
    Object.entries(WORKERS).map(([label, entry]) => [label, `/explorer/${outputOf(workers, entry).file}`]),
  );
  const options = shared(folder);
  const app = await build({
    ...options,
    format: 'esm',
    // What the editor needs only once something is asked of it is fetched only then.
    splitting: true,
    entryPoints: ['explorer/main.tsx', 'explorer/icon.svg'],
    loader: { '.graphql': 'text', '.ttf': 'file', '.svg': 'copy' },
    publicPath: '/explorer',
    define: { ...options.define, WORKER_ADDRESSES: JSON.stringify(addresses) },
  });
  const main = outputOf(app, 'explorer/main.tsx');
  return { main, icon: outputOf(app, 'explorer/icon.svg'), parts: partsOf(app, main) };
}

/** The page with the names that the files have in this build. */
function pageOf({ main, icon, parts }) {
  const places = {
    script: `/explorer/${main.file}`,
    style: `/explorer/${path.basename(main.cssBundle)}`,
    icon: `/explorer/${icon.file}`,
    // Asked for at once, not only when the script that needs them was read.
    parts: parts.map((file) => `<link rel="modulepreload" href="/explorer/${file}" />`).join('\n    '),
  };
  const text = readFileSync(path.join(source, 'index.html'), 'utf8');
  return text.replace(/\{\{(\w+)\}\}/g, (_all, name) => places[name]);
}

/** Styles of parts that are loaded later are in the page's own already, since nothing else would load them. */
function dropUnusedStyles(folder, used) {
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.css') && name !== used) rmSync(path.join(folder, name));
  }
}

function compress(folder) {
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name);
    const content = readFileSync(file);
    if (content.length >= LEAST_TO_COMPRESS) writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
  }
}

/** Another build may have ended at the same moment: then its files make way once more. */
function putInPlace(folder) {
  for (let attempt = 1; ; attempt += 1) {
    rmSync(target, { recursive: true, force: true });
    try {
      renameSync(folder, target);
      return;
    } catch (error) {
      if (attempt === 5 || !['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
    }
  }
}

/** Builds into a folder beside and puts it in place whole: a server that runs never serves half of a build. */
export async function buildExplorer() {
  const folder = `${target}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  try {
    const outputs = await bundle(folder);
    dropUnusedStyles(folder, path.basename(outputs.main.cssBundle));
    compress(folder);
    writeFileSync(path.join(folder, 'index.html'), pageOf(outputs));
    putInPlace(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isCurrent() {
  if (!existsSync(page)) return false;
  const sources = readdirSync(source, { recursive: true }).map((name) => path.join(source, name));
  const changed = [...sources, import.meta.filename, path.join(root, 'package.json')].map(
    (file) => statSync(file).mtimeMs,
  );
  return statSync(page).mtimeMs >= Math.max(...changed);
}

if (process.argv[1] === import.meta.filename && !isCurrent()) await buildExplorer();
