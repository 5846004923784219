import { FirstTables1764000000000 } from './1-first-tables';
import { ContractFence1764000100000 } from './2-contract-fence';

/** In the order they run. */
export const POSTGRES_MIGRATIONS = [FirstTables1764000000000, ContractFence1764000100000];
