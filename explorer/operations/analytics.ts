import byAgent from './analytics/by-agent.graphql';
import byDay from './analytics/by-day.graphql';
import byTemplate from './analytics/by-template.graphql';
import incrementalPull from './analytics/incremental-pull.graphql';
import { ready, type Group } from './ready-operation';

const DAY = 86_400_000;

/** The first instant of the day, 13 days ago: with today, 14 days. */
const twoWeeksAgo = (): string => {
  const today = new Date();
  const midnight = new Date(today.getFullYear(), today.getMonth(), today.getDate());
  return new Date(midnight.getTime() - 13 * DAY).toISOString();
};

const timeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

export const ANALYTICS: Group = {
  title: 'Analyse',
  about: 'Statistics, and pulling the sends into a warehouse.',
  role: 'ADMIN',
  operations: [
    ready(byDay, () => ({ createdFrom: twoWeeksAgo(), timeZone: timeZone() })),
    ready(byTemplate, () => ({ createdFrom: twoWeeksAgo() })),
    ready(byAgent, () => ({ createdFrom: twoWeeksAgo() })),
    ready(incrementalPull, () => ({ changedAfter: null, after: null })),
  ],
};
