import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A migration that cannot be taken back: reverting on SQLite rebuilds tables and deletes the rows that hang on them. */
export abstract class ForwardOnly implements MigrationInterface {
  abstract up(runner: QueryRunner): Promise<void>;

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup to go back'));
  }
}
