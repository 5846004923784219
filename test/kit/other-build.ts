import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT } from './process';

/** What is compiled, or read from where it stands; anything else of the project is only pointed at. */
const COPIED = ['src', '.swcrc', 'package.json'];

/** Another version of the project: a copy of its sources, which a test changes and runs. */
export class OtherBuild {
  readonly root = mkdtempSync(path.join(tmpdir(), 'saludo-build-'));

  constructor() {
    for (const name of readdirSync(ROOT)) {
      if (!name.startsWith('.') && !COPIED.includes(name))
        symlinkSync(path.join(ROOT, name), path.join(this.root, name));
    }
    for (const name of COPIED) cpSync(path.join(ROOT, name), path.join(this.root, name), { recursive: true });
  }

  /** Puts something behind what stands exactly once in a source. */
  insert(file: string, behind: string, what: string): void {
    const place = path.join(this.root, file);
    const parts = readFileSync(place, 'utf8').split(behind);
    if (parts.length !== 2) throw new Error(`${file} has "${behind}" ${parts.length - 1} times`);
    writeFileSync(place, parts.join(behind + what));
  }

  /** Adds a migration of PostgreSQL that runs after all others. */
  addMigration(name: string, ...statements: string[]): void {
    const folder = 'src/database/migrations/postgres';
    const runs = statements
      .map((statement) => `    await runner.query(${JSON.stringify(statement)});\n`)
      .join('');
    writeFileSync(
      path.join(this.root, folder, `${name}.ts`),
      `import type { QueryRunner } from 'typeorm';
import { ForwardOnly } from '../forward-only';

export class ${name} extends ForwardOnly {
  async up(runner: QueryRunner): Promise<void> {
${runs}  }
}
`,
    );
    const index = path.join(this.root, folder, 'index.ts');
    const text = readFileSync(index, 'utf8');
    writeFileSync(
      index,
      `import { ${name} } from './${name}';\n${text.replace(/\];\s*$/, `  ${name},\n];\n`)}`,
    );
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
