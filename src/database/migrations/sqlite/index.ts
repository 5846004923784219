import { FirstTables1764000000000 } from './1-first-tables';

/** In the order they run. */
export const SQLITE_MIGRATIONS = [FirstTables1764000000000];
