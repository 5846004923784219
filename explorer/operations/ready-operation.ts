/** Asks the API as whoever is signed in. */
export type Ask = <Data>(query: string, variables?: object) => Promise<Data>;

/** What the variables of an operation are made from when it is opened. */
export interface Opening {
  ask: Ask;
  /** The latest cursor that a subscription of this page saw. */
  lastCursor: string | null;
}

/** An operation that runs as it is. */
export interface ReadyOperation {
  /** The first line of its text. */
  title: string;
  text: string;
  /** Fills in its variables by what the contract holds at this moment. */
  variables?: (opening: Opening) => object | Promise<object>;
}

export interface Group {
  title: string;
  about: string;
  /** Who it is for, where not everybody. */
  role: 'ADMIN' | 'AGENT' | null;
  operations: readonly ReadyOperation[];
}

/** There is nothing yet that the operation could be filled in with: the message says what to do first. */
export class NothingToChoose extends Error {
  override name = 'NothingToChoose';
}

/** An operation from its text, which begins with its title as a comment. */
export function ready(text: string, variables?: ReadyOperation['variables']): ReadyOperation {
  const [firstLine = ''] = text.split('\n');
  return { title: firstLine.replace(/^#\s*/, ''), text, ...(variables && { variables }) };
}
