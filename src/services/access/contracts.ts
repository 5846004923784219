import { freshLog } from '../../database/transaction';
import { AgentRow } from '../../entities/agent';
import { ContractLogRow } from '../../entities/contract-log';
import { ContractRow } from '../../entities/contract';
import { Presence, Role } from '../../entities/enums';
import { newId } from '../../entities/ids';
import { newEpoch } from '../../events/cursor';
import { badInput } from '../../problems';
import type { Platform } from '../context';

const LONGEST_NAME = 200;
const SLOTS = 5;

function checkedName(name: string, of: string): string {
  const trimmed = name.trim();
  if (trimmed.length >= 1 && trimmed.length <= LONGEST_NAME) return trimmed;
  throw badInput(`The name of ${of} has 1 to ${LONGEST_NAME} characters: give another.`);
}

/**
 * Makes a contract with its log and its first admin, all or nothing.
 * @param input `adminEmail` is an e-mail address, checked by the caller.
 * @param as the id it gets, where the caller's unit of work is that contract's; `demo` for one to try everything on.
 * @throws Problem BAD_USER_INPUT for a name that is empty or too long.
 */
export function createContract(
  platform: Platform,
  input: { name: string; adminName: string; adminEmail: string },
  { id: contractId = newId('Contract'), demo = false }: { id?: string; demo?: boolean } = {},
): Promise<{ contract: ContractRow; admin: AgentRow }> {
  const name = checkedName(input.name, 'a contract');
  const adminName = checkedName(input.adminName, 'an agent');
  return platform.store.transact(contractId, async (transaction) => {
    const contract: ContractRow = {
      id: contractId,
      name,
      demo,
      createdAt: transaction.now,
      lastTicketNumber: 0,
    };
    const admin: AgentRow = {
      id: newId('Agent'),
      contractId,
      name: adminName,
      email: input.adminEmail.toLowerCase(),
      role: Role.ADMIN,
      active: true,
      presence: Presence.OFFLINE,
      presenceChangedAt: null,
      slots: SLOTS,
      lastSeenAt: null,
      lastAssignedAt: null,
      createdAt: transaction.now,
    };
    await transaction.insert(ContractRow, contract);
    await transaction.insert(ContractLogRow, freshLog(contractId, newEpoch()));
    await transaction.insert(AgentRow, admin);
    return { contract, admin };
  });
}
