import { FlowBlockKind, OutdatedReason, UserErrorCode } from '../../entities/enums';
import type { FlowRow } from '../../entities/flow';
import { userError, type UserError } from '../outcome';

export type FlowBlock = FlowRow['blocks'][number];

export function blockOf(flow: FlowRow, blockId: string): FlowBlock | null {
  return flow.blocks.find((block) => block.blockId === blockId) ?? null;
}

/** Why a block can be no return block, by the blocks of a flow; null where it can (domain rule 13). */
export function outdatedReasonIn(
  kinds: ReadonlyMap<string, FlowBlockKind>,
  blockId: string,
): OutdatedReason | null {
  const kind = kinds.get(blockId);
  if (kind === undefined) return OutdatedReason.BLOCK_REMOVED;
  return kind === FlowBlockKind.SERVICE ? null : OutdatedReason.BLOCK_NOT_SERVICE;
}

export function kindsOf(blocks: readonly FlowBlock[]): Map<string, FlowBlockKind> {
  return new Map(blocks.map(({ blockId, kind }) => [blockId, kind]));
}

/** What keeps replies from returning to this block of the published flow (domain rule 9). */
export function returnBlockErrors(flow: FlowRow, blockId: string): UserError[] {
  const field = ['input', 'returnBlockId'];
  switch (outdatedReasonIn(kindsOf(flow.blocks), blockId)) {
    case null:
      return [];
    case OutdatedReason.BLOCK_REMOVED:
      return [
        userError(
          UserErrorCode.RETURN_BLOCK_NOT_FOUND,
          'The published flow of the bot has no block with this id: name a service block of it, or publish the flow that has the block first.',
          field,
        ),
      ];
    case OutdatedReason.BLOCK_NOT_SERVICE:
      return [
        userError(
          UserErrorCode.RETURN_BLOCK_NOT_SERVICE,
          'This block does not hand over to people, so that no reply can return to it: name a service block, whose id begins with `desk:`.',
          field,
        ),
      ];
  }
}
