// @ts-check

const TIME = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const WEEKDAY = new Intl.DateTimeFormat('en', { weekday: 'long' });
const DATE = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'long', year: 'numeric' });
const SHORT_DATE = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short' });
const DAY = 86_400_000;

/** @param {number} at */
const midnight = (at) => new Date(at).setHours(0, 0, 0, 0);

/** @param {number} at */
const daysAgo = (at) => Math.round((midnight(Date.now()) - midnight(at)) / DAY);

/**
 * The time of day: 14:05.
 * @param {number} at
 */
export const timeOfDay = (at) => TIME.format(at);

/**
 * The day as a separator names it: Today, Yesterday, Monday, 3 November 2026.
 * @param {number} at
 */
export function dayName(at) {
  const days = daysAgo(at);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return days > 1 && days < 7 ? WEEKDAY.format(at) : DATE.format(at);
}

/**
 * As short as a list needs it: 14:05, Yesterday, Nov 3.
 * @param {number} at
 */
export function shortTime(at) {
  const days = daysAgo(at);
  if (days === 0) return timeOfDay(at);
  return days === 1 ? 'Yesterday' : SHORT_DATE.format(at);
}
