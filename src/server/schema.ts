import 'reflect-metadata';
import { defaultFieldResolver, type GraphQLSchema } from 'graphql';
import { DatabaseLost } from '../database/connection';
import { ALL_RESOLVERS } from '../resolvers/all';
import { buildApiSchema } from '../schema/build';
import type { RequestContext } from './request-context';

let built: GraphQLSchema | null = null;

/** The schema of the API, built once in the life of the process: it depends on nothing but the code. */
export function apiSchema(): GraphQLSchema {
  built ??= withoutWaitingInVain(buildApiSchema(ALL_RESOLVERS));
  return built;
}

/**
 * Mutations of one document run one after the other: where the database was lost during one, those after it are not
 * begun, so that who asked is not kept waiting by each in turn.
 */
function withoutWaitingInVain(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const { resolve = defaultFieldResolver } = field;
    field.resolve = (source, given, context: RequestContext, info) => {
      if (context.hasMutated && context.platform.store.engine.isLost)
        throw new DatabaseLost(`The database was lost before ${field.name} began`);
      context.hasMutated = true;
      return resolve(source, given, context, info);
    };
  }
  return schema;
}
