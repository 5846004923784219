import 'reflect-metadata';
import type { GraphQLSchema } from 'graphql';
import { ALL_RESOLVERS } from '../resolvers/all';
import { buildApiSchema } from '../schema/build';

let built: GraphQLSchema | null = null;

/** The schema of the API, built once in the life of the process: it depends on nothing but the code. */
export function apiSchema(): GraphQLSchema {
  built ??= buildApiSchema(ALL_RESOLVERS);
  return built;
}
