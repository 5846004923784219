/** Where this server serves the sandbox's Cloud API: below it, paths and payloads are the Graph API's. */
export const SANDBOX_GRAPH_PATH = '/sandbox/graph/v23.0';
