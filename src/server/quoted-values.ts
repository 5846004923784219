import { GraphQLError } from 'graphql';

/** ` at "input.cloudApi"`, with which the place of a variable's value ends. */
const PLACE = / at "[\w.[\]]+"$/;
const INVALID_VARIABLE = /^(Variable "\$\w+" got invalid value) /;
const INVALID_LITERAL = /^(Expected value of type "[^"]+"), found /;
/** A scalar's own words about what it was given; a syntax error's about a string it came upon. */
const QUOTES = [
  /(cannot represent [^:]*value): [\s\S]*$/,
  /((?:found|Unexpected) (?:Block)?String) "[\s\S]*$/,
];

/** What the first error within an error says; it is the end of what the error itself says. */
function reasonIn(error: GraphQLError): string {
  for (let one: unknown = error.originalError; one instanceof Error;) {
    if (error.message.endsWith(`; ${one.message}`)) return one.message;
    one = one instanceof GraphQLError ? one.originalError : undefined;
  }
  return '';
}

function withoutValueAtFault(error: GraphQLError): string {
  const { message } = error;
  const reason = reasonIn(error);
  const head = reason === '' ? message : message.slice(0, -`; ${reason}`.length);
  const [, variable] = INVALID_VARIABLE.exec(head) ?? [];
  if (variable !== undefined) return `${variable}${PLACE.exec(head)?.[0] ?? ''}; ${reason}`;
  const [, literal] = INVALID_LITERAL.exec(head) ?? [];
  return literal === undefined ? message : `${literal}${reason === '' ? '.' : `; ${reason}`}`;
}

/**
 * What is wrong with a request, without the values in it: these may be secrets, such as a channel's credentials of which
 * one was left out, and errors end up in the logs of those who call.
 */
export function withoutQuotedValues(error: GraphQLError): string {
  return QUOTES.reduce((text, quote) => text.replace(quote, '$1.'), withoutValueAtFault(error));
}
