import { registerEnumType } from 'type-graphql';

/** Registers an enum; that a value goes without its meaning is an error of types. */
export function describeEnum<Values extends Record<string, string>>(
  values: Values,
  name: string,
  description: string,
  meanings: Record<keyof Values, string>,
): void {
  const entries = Object.entries<string>(meanings).map(([value, meaning]) => [
    value,
    { description: meaning },
  ]);
  const valuesConfig = Object.fromEntries(entries) as Record<keyof Values, { description: string }>;
  registerEnumType(values, { name, description, valuesConfig });
}
