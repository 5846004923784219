import {
  isAbstractType,
  isObjectType,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import type { Asked } from '../services/access/asked';

const known = new WeakMap<DocumentNode, Asked>();

/**
 * What a document asks for, in all its operations and fragments: whether a directive leaves some of it out is not looked
 * at. What is asked of an interface is asked of all its types.
 */
export function askedIn(schema: GraphQLSchema, document: DocumentNode): Asked {
  const before = known.get(document);
  if (before) return before;
  const asked = new Map<string, Set<string>>();
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      Field: ({ name: { value: field } }) => {
        const parent = types.getParentType();
        if (!parent || field.startsWith('__')) return;
        const objects = isAbstractType(parent) ? schema.getPossibleTypes(parent) : [parent];
        for (const { name } of objects.filter(isObjectType)) {
          const fields = asked.get(name) ?? new Set();
          asked.set(name, fields.add(field));
        }
      },
    }),
  );
  known.set(document, asked);
  return asked;
}
