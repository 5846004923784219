import { QueueRuleProperty, QueueRuleRelation } from '../../entities/enums';
import { fold } from '../text-folding';

/** One condition of a queue, as an admin wrote it. */
export interface QueueRuleCondition {
  property: QueueRuleProperty;
  relation: QueueRuleRelation;
  values: readonly string[];
}

/** What rules are held against: the customer's message and what is known of the contact; null where it is missing. */
export type QueueRuleFacts = Readonly<Record<QueueRuleProperty, string | null>>;

/** A queue as far as the choice among queues looks at it. */
export interface RuledQueue {
  position: number;
  rules: readonly QueueRuleCondition[];
}

/** Whether a queue with these rules takes the customer: it has rules, and all of them hold (DOMAIN.md 31). */
export function queueTakes(rules: readonly QueueRuleCondition[], facts: QueueRuleFacts): boolean {
  return rules.length > 0 && rules.every((rule) => ruleHolds(rule, facts));
}

/**
 * The first queue, by position, that takes the customer; null when the default queue has to. Queues of equal position
 * are tried in the order given.
 */
export function firstMatchingQueue<Queue extends RuledQueue>(
  queues: readonly Queue[],
  facts: QueueRuleFacts,
): Queue | null {
  const inOrder = [...queues].sort((left, right) => left.position - right.position);
  return inOrder.find((queue) => queueTakes(queue.rules, facts)) ?? null;
}

function ruleHolds(rule: QueueRuleCondition, facts: QueueRuleFacts): boolean {
  const actual = fold(facts[rule.property] ?? '');
  const values = rule.values.map(fold);
  switch (rule.relation) {
    case QueueRuleRelation.EQUALS:
      return values.includes(actual);
    case QueueRuleRelation.NOT_EQUALS:
      return !values.includes(actual);
    case QueueRuleRelation.CONTAINS:
      return values.some((value) => actual.includes(value));
    case QueueRuleRelation.NOT_CONTAINS:
      return !values.some((value) => actual.includes(value));
  }
}
