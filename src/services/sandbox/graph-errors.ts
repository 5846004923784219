/** An error as the Graph API tells it. */
export interface GraphError {
  code: number;
  subcode?: number;
  /** What went wrong with this very request. */
  details?: string;
}

/**
 * What Meta calls its errors.
 * Source: "Cloud API error codes" (developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes).
 */
const TITLES: ReadonlyMap<number, string> = new Map([
  [0, 'AuthException'],
  [1, 'API Unknown'],
  [2, 'API Service'],
  [3, 'API Method'],
  [4, 'API Too Many Calls'],
  [10, 'Permission Denied'],
  [100, 'Invalid parameter'],
  [190, 'Invalid OAuth access token'],
  [368, 'Temporarily blocked for policies violations'],
  [80007, 'Rate limit issues'],
  [130429, 'Rate limit hit'],
  [130472, "User's number is part of an experiment"],
  [130497, 'Business account is restricted from messaging users in this country'],
  [131000, 'Something went wrong'],
  [131005, 'Access denied'],
  [131008, 'Required parameter is missing'],
  [131009, 'Parameter value is not valid'],
  [131016, 'Service unavailable'],
  [131021, 'Recipient cannot be sender'],
  [131026, 'Message undeliverable'],
  [131030, 'Recipient phone number not in allowed list'],
  [131031, 'Business account has been locked'],
  [131037, 'Display name approval is needed'],
  [131042, 'Business eligibility payment issue'],
  [131045, 'Incorrect certificate'],
  [131047, 'Re-engagement message'],
  [131048, 'Spam rate limit hit'],
  [131049, 'This message was not delivered to maintain healthy ecosystem engagement'],
  [131050, 'User has stopped receiving marketing messages from this business'],
  [131051, 'Unsupported message type'],
  [131052, 'Media download error'],
  [131053, 'Media upload error'],
  [131056, '(Business Account, Consumer Account) pair rate limit hit'],
  [131057, 'Business account is in maintenance mode'],
  [132000, 'Number of parameters does not match the expected number of params'],
  [132001, 'Template name does not exist in the translation'],
  [132005, 'Translated text too long'],
  [132007, 'Template format character policy violated'],
  [132012, 'Parameter format does not match format in the created template'],
  [132015, 'Template is paused'],
  [132016, 'Template is disabled'],
  [132068, 'Flow is blocked'],
  [132069, 'Flow is throttled'],
  [133004, 'Server temporarily unavailable'],
  [133010, 'Phone number not registered'],
  [135000, 'Generic user error'],
]);

/** The HTTP statuses of Meta's page; what it does not name comes with 400. */
const STATUSES: ReadonlyMap<number, number> = new Map([
  [0, 401],
  [190, 401],
  [3, 403],
  [10, 403],
  [368, 403],
  [131005, 403],
  [130497, 403],
  [131031, 403],
  [132001, 404],
  [131000, 500],
  [131057, 500],
  [2, 503],
  [131016, 503],
  [133004, 503],
]);

export function titleOfGraphError(code: number): string {
  return TITLES.get(code) ?? 'Unknown error';
}

/** The status and the body with which the Graph API answers an error. */
export function graphErrorAnswer({ code, subcode, details }: GraphError): { status: number; body: object } {
  const error = {
    message: `(#${code}) ${titleOfGraphError(code)}`,
    type: 'OAuthException',
    code,
    ...(subcode !== undefined && { error_subcode: subcode }),
    ...(details !== undefined && { error_data: { messaging_product: 'whatsapp', details } }),
    fbtrace_id: 'AsandboxAsandboxAsandb',
  };
  return { status: STATUSES.get(code) ?? 400, body: { error } };
}
