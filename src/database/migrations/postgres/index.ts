import { ListIndexes1764000350000 } from '../list-indexes';
import { TicketLists1764000450000 } from '../ticket-lists';
import { FirstTables1764000000000 } from './1-first-tables';
import { ContractFence1764000100000 } from './2-contract-fence';
import { MarketingWishes1764000200000 } from './3-marketing-wishes';
import { ContactTexts1764000300000 } from './4-contact-texts';
import { SendCounts1764000400000 } from './5-send-counts';

/** In the order they run. */
export const POSTGRES_MIGRATIONS = [
  FirstTables1764000000000,
  ContractFence1764000100000,
  MarketingWishes1764000200000,
  ContactTexts1764000300000,
  ListIndexes1764000350000,
  SendCounts1764000400000,
  TicketLists1764000450000,
];
