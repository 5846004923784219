import { execFileSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const MEGABYTE = 1_048_576;
const LEAST = 16;
/** From largest to smallest, so that in the end not even a little is free. */
const FILLINGS = [MEGABYTE, 65_536, 4_096];

/**
 * Shuts a file system down as its journal and pages in memory are (EXT4_IOC_SHUTDOWN with NOLOGFLUSH): what has not
 * reached the disk by now never does, as when its power is cut. Node has no `ioctl`.
 */
const CUT =
  'open my $folder, "<", $ARGV[0] or die $!; my $flags = pack "L", 2; ioctl $folder, 0x8004587D, $flags or die $!';

/** Where what was written but not synced stays in memory longer than any test takes. */
const MOUNTING = 'loop,noatime,commit=300';

const run = (command: string, ...words: string[]): Buffer => execFileSync(command, words, { stdio: 'pipe' });

/** A disk of the tests' own, kept in a file: it can be filled, and its power can be cut. It takes root. */
export class OwnDisk {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'saludo-disk-'));
  private readonly image = path.join(this.folder, 'image');
  /** Where its files are. */
  readonly path = path.join(this.folder, 'disk');
  private readonly filling = path.join(this.path, 'filling');

  private constructor(megabytes: number) {
    writeFileSync(this.image, '');
    truncateSync(this.image, megabytes * MEGABYTE);
    mkdirSync(this.path);
  }

  static make(megabytes: number): OwnDisk {
    const disk = new OwnDisk(megabytes);
    try {
      // Nothing is kept back for root, as which the tests run.
      run('mkfs.ext4', '-q', '-F', '-b', '4096', '-m', '0', disk.image);
      disk.mount();
      return disk;
    } catch (error) {
      rmSync(disk.folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Leaves no room for anything more. */
  fill(): void {
    const file = openSync(this.filling, 'a');
    for (const size of FILLINGS) {
      const some = Buffer.alloc(size);
      try {
        for (;;) writeSync(file, some);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
    closeSync(file);
  }

  /** Takes away what it was filled with. */
  empty(): void {
    rmSync(this.filling);
  }

  /** Cuts its power: from here on nothing can be read or written. */
  cut(): void {
    run('perl', '-e', CUT, this.path);
  }

  /** Starts it again, with what had reached it. Nobody may have a file of it open any more. */
  mend(): void {
    run('umount', this.path);
    this.mount();
  }

  remove(): void {
    run('umount', this.path);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private mount(): void {
    run('mount', '-o', MOUNTING, this.image, this.path);
  }
}

/** Copies a database file that nobody has open, with the log beside it. */
export function copyDatabase(from: string, to: string): void {
  for (const end of ['', '-wal'])
    if (existsSync(`${from}${end}`)) copyFileSync(`${from}${end}`, `${to}${end}`);
}

/** Why no disk can be made here, in one line; null where it can. */
export function diskObstacle(): string | null {
  if (process.getuid?.() !== 0) return 'it takes root';
  try {
    const disk = OwnDisk.make(LEAST);
    try {
      disk.cut();
      disk.mend();
    } finally {
      disk.remove();
    }
    return null;
  } catch (error) {
    const { stderr, message } = error as { stderr?: Buffer; message: string };
    return (stderr?.toString().trim() || message).split('\n')[0] ?? '';
  }
}
