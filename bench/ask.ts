/** A request over HTTP. */
export interface Ask {
  path: string;
  headers: Record<string, string>;
  body: string;
}

export const graphQl = (token: string, query: string, variables: Record<string, unknown>): Ask => ({
  path: '/graphql',
  headers: {
    'content-type': 'application/json',
    accept: 'application/json',
    authorization: `Bearer ${token}`,
  },
  body: JSON.stringify({ query, variables }),
});
