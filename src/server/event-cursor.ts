import { Kind, type DocumentNode, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';
import type { ServiceContext } from '../services/context';

function selects(
  document: DocumentNode,
  selectionSet: SelectionSetNode,
  field: string,
  seen: Set<string>,
): boolean {
  return selectionSet.selections.some((selection) => {
    if (selection.kind === Kind.FIELD) return selection.name.value === field;
    if (selection.kind === Kind.INLINE_FRAGMENT)
      return selects(document, selection.selectionSet, field, seen);
    const name = selection.name.value;
    if (seen.has(name)) return false;
    seen.add(name);
    return document.definitions.some(
      (definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION &&
        definition.name.value === name &&
        selects(document, definition.selectionSet, field, seen),
    );
  });
}

/**
 * Reads the log's position for an operation that asks for `eventCursor`. It must come before anything else of the
 * operation is read: only then does what is read hold all that the log told up to there.
 */
export async function noteEventCursor(
  context: ServiceContext,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Promise<void> {
  if (!selects(document, operation.selectionSet, 'eventCursor', new Set())) return;
  context.eventCursor = await context.platform.eventLog.position(context.contractId);
}
