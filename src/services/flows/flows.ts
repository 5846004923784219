import { createHash } from 'node:crypto';
import sql, { join } from 'sql-template-tag';
import type { Transaction } from '../../database/transaction';
import { BotRow } from '../../entities/bot';
import { UserErrorCode, type FlowBlockKind, type OutdatedReason } from '../../entities/enums';
import { FlowRow } from '../../entities/flow';
import { FlowDefinitionRow } from '../../entities/flow-definition';
import { newId } from '../../entities/ids';
import { TemplateActivationRow } from '../../entities/template-activation';
import { authorize } from '../access/access';
import { audit } from '../access/audit';
import { lockBuilderBot, publishedFlow } from '../desk/builder-bots';
import type { ServiceContext } from '../context';
import { parseFlowDefinition, type ParsedFlow } from './flow-definition';
import { groupedBy } from '../grouping';
import { made, refused, userError, type Outcome, type UserError } from '../outcome';
import { blockOf, kindsOf, outdatedReasonIn, type FlowBlock } from '../templates/return-blocks';
import { see } from '../access/seeing';

/** The largest flow as canonical JSON; the largest public export has 0.4 MB. */
const LARGEST_FLOW = 4 * 1024 * 1024;
const FIELD = ['input', 'definition'];

export interface Publication {
  flow: FlowRow;
  /** Enabled activations that this very publication left without their return block. */
  newlyOutdated: TemplateActivationRow[];
}

/** Publishes what the builder exported (domain rules 11 to 13). What is published already makes no new version. */
export async function publishFlow(
  context: ServiceContext,
  input: { botId: string; definition: Record<string, unknown> },
): Promise<Outcome<Publication>> {
  authorize(context.viewer, 'flows.publish');
  // Before the unit of work, since reading a large export takes a while.
  const parsed = parseFlowDefinition(input.definition);
  const flowErrors = errorsOf(parsed);
  return context.transact(async (transaction) => {
    const found = await lockBuilderBot(transaction, input.botId);
    if ('userErrors' in found) return refused(...found.userErrors, ...flowErrors);
    if (!parsed.ok || flowErrors.length > 0) return refused(...flowErrors);
    const canonicalHash = createHash('sha256').update(parsed.canonical).digest('hex');
    const current = await publishedFlow(transaction, found.bot);
    if (current?.canonicalHash === canonicalHash) return made({ flow: current, newlyOutdated: [] });
    const flow = await nextVersion(context, transaction, found.bot, { canonicalHash, blocks: parsed.blocks });
    await transaction.insert(FlowDefinitionRow, {
      flowId: flow.id,
      contractId: flow.contractId,
      definition: JSON.stringify(input.definition),
    });
    await audit(transaction, context.viewer, 'publishFlow', found.bot.id, {
      publishedFlow: { from: current?.id ?? null, to: flow.id },
      version: { from: current?.version ?? null, to: flow.version },
    });
    const newlyOutdated = await markOutdated(transaction, found.bot, kindsOf(flow.blocks));
    if (newlyOutdated.length > 0) {
      const activationIds = newlyOutdated.map(({ id }) => id);
      transaction.record('FlowOutdated', { botId: found.bot.id, flowId: flow.id, activationIds });
    }
    return made({ flow, newlyOutdated });
  });
}

function errorsOf(parsed: ParsedFlow): UserError[] {
  if (!parsed.ok) {
    return parsed.problems.map(({ path, message }) =>
      userError(
        UserErrorCode.FLOW_INVALID,
        `${message} Pass the flow as the builder exports it; the published one stays.`,
        [...FIELD, ...path],
      ),
    );
  }
  const size = Buffer.byteLength(parsed.canonical);
  if (size <= LARGEST_FLOW) return [];
  const message = `A flow has at most ${LARGEST_FLOW} bytes as JSON; this one has ${size}. The published one stays.`;
  return [userError(UserErrorCode.FLOW_INVALID, message, FIELD)];
}

async function nextVersion(
  context: ServiceContext,
  transaction: Transaction,
  bot: BotRow,
  content: Pick<FlowRow, 'canonicalHash' | 'blocks'>,
): Promise<FlowRow> {
  const latest = await transaction.first(FlowRow, sql`bot_id = ${bot.id}`, sql`version desc`);
  const flow: FlowRow = {
    id: newId('Flow'),
    contractId: bot.contractId,
    botId: bot.id,
    version: (latest?.version ?? 0) + 1,
    publishedAt: transaction.now,
    publishedById: context.viewer.agent?.id ?? null,
    publishedByKeyId: context.viewer.apiKey?.id ?? null,
    ...content,
  };
  await transaction.insert(FlowRow, flow);
  await transaction.change(BotRow, { publishedFlowId: flow.id }, sql`id = ${bot.id}`);
  return flow;
}

/**
 * Compares every activation of the bot with the flow's blocks. Disabled ones too, so that what they show is true, but
 * nobody is alerted of those.
 * @returns the enabled ones that were current before.
 */
async function markOutdated(
  transaction: Transaction,
  bot: BotRow,
  kinds: ReadonlyMap<string, FlowBlockKind>,
): Promise<TemplateActivationRow[]> {
  const rows = await transaction.find(TemplateActivationRow, {
    where: sql`bot_id = ${bot.id}`,
    orderBy: sql`id`,
  });
  const changed = rows.flatMap((before) => {
    const outdatedReason = outdatedReasonIn(kinds, before.returnBlockId);
    if (outdatedReason === before.outdatedReason) return [];
    const outdatedSince = outdatedReason === null ? null : (before.outdatedSince ?? transaction.now);
    return [{ before, after: { ...before, outdatedReason, outdatedSince, updatedAt: transaction.now } }];
  });
  // What is equal is written together: there are few different instants, and two reasons.
  const alike = groupedBy(
    changed,
    ({ after }) => `${after.outdatedReason ?? ''} ${after.outdatedSince ?? ''}`,
  );
  for (const [one, ...others] of alike.values()) {
    if (!one) continue;
    const { outdatedReason, outdatedSince, updatedAt } = one.after;
    await write(transaction, { outdatedReason, outdatedSince, updatedAt }, [one, ...others]);
  }
  return changed
    .filter(({ before }) => before.enabled && before.outdatedReason === null)
    .map(({ after }) => after);
}

const IDS_PER_STATEMENT = 500;

async function write(
  transaction: Transaction,
  changes: { outdatedReason: OutdatedReason | null; outdatedSince: number | null; updatedAt: number },
  rows: readonly { before: TemplateActivationRow }[],
): Promise<void> {
  for (let start = 0; start < rows.length; start += IDS_PER_STATEMENT) {
    const ids = rows.slice(start, start + IDS_PER_STATEMENT).map(({ before }) => before.id);
    await transaction.change(TemplateActivationRow, changes, sql`id in (${join(ids)})`);
  }
}

/** The flow that a bot has published; null without one, and where there is no such bot. */
export async function currentFlow(context: ServiceContext, botId: string): Promise<FlowRow | null> {
  authorize(context.viewer, 'flows.read');
  const bot = await see(context, 'Bot', botId);
  return bot && see(context, 'Flow', bot.publishedFlowId);
}

/** Enabled activations of the flow's bot whose return block this very version does not hold as a service block. */
export async function outdatedActivations(
  context: ServiceContext,
  flow: FlowRow,
): Promise<TemplateActivationRow[]> {
  const enabled = await context.loaders.batch('enabled activations of bot', flow.botId, async (botIds) => {
    const rows = await context.rows.find(TemplateActivationRow, {
      where: sql`enabled = 1 and bot_id in (${join([...botIds])})`,
      orderBy: sql`id`,
    });
    return groupedBy(rows, (row) => row.botId);
  });
  const kinds = kindsOf(flow.blocks);
  return (enabled ?? []).filter(({ returnBlockId }) => outdatedReasonIn(kinds, returnBlockId) !== null);
}

/** The block of the published flow where replies to an activation's template go on; null where it is gone. */
export async function returnBlockOf(
  context: ServiceContext,
  activation: TemplateActivationRow,
): Promise<FlowBlock | null> {
  const bot = await context.loaders.row(BotRow, activation.botId);
  if (bot === null || bot.publishedFlowId === null) return null;
  const flow = await context.loaders.row(FlowRow, bot.publishedFlowId);
  return flow && blockOf(flow, activation.returnBlockId);
}
