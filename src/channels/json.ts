import type { JsonObject } from './channel';

/** Reading JSON of which nothing may be taken for granted: what is not of the asked kind is as good as absent. */

/** The value as an object, or null (also for lists). */
export function asObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

/** Whether lists and objects stand within each other on more than so many levels. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

/** The value as an object, empty where it is none. */
export function objectOf(value: unknown): JsonObject {
  return asObject(value) ?? {};
}

/** The value as a list, empty where it is none. */
export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/**
 * The value as text that is not empty; numbers count as their digits, since providers change their minds about
 * ids. NUL characters go: PostgreSQL cannot store them.
 */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value !== 'string') return undefined;
  const text = value.includes('\0') ? value.replaceAll('\0', '') : value;
  return text === '' ? undefined : text;
}

/** The value as a number, also where it came as digits; null where it is none. */
export function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  return typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : null;
}
