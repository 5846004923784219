import fc from 'fast-check';
import { QueueRuleProperty, QueueRuleRelation } from '../../src/entities/enums';
import {
  firstMatchingQueue,
  queueTakes,
  type QueueRuleCondition,
  type QueueRuleFacts,
} from '../../src/services/tickets/queue-rules';
import { fold } from '../../src/services/text-folding';

const facts: QueueRuleFacts = {
  MESSAGE: 'Olá, quero falar com a ÁREA de Cobrança',
  CONTACT_NAME: 'José da Conceição',
  CONTACT_EMAIL: null,
  CONTACT_PHONE: '+5511987654321',
};

function rule(
  relation: keyof typeof QueueRuleRelation,
  property: keyof typeof QueueRuleProperty,
  ...values: string[]
): QueueRuleCondition {
  return { relation: QueueRuleRelation[relation], property: QueueRuleProperty[property], values };
}

describe('queueTakes', () => {
  it.each<[string, QueueRuleCondition, boolean]>([
    ['equals, other case and accents', rule('EQUALS', 'CONTACT_NAME', 'JOSE DA CONCEICAO'), true],
    ['equals, any of several', rule('EQUALS', 'CONTACT_NAME', 'Maria', 'josé da conceição'), true],
    ['equals, a part only', rule('EQUALS', 'CONTACT_NAME', 'José'), false],
    [
      'not equals, one of several equal',
      rule('NOT_EQUALS', 'CONTACT_NAME', 'Maria', 'jose da conceicao'),
      false,
    ],
    ['not equals, none equal', rule('NOT_EQUALS', 'CONTACT_NAME', 'Maria', 'José'), true],
    ['contains, other case and accents', rule('CONTAINS', 'MESSAGE', 'vendas', 'area de cobranca'), true],
    ['contains, none', rule('CONTAINS', 'MESSAGE', 'vendas', 'suporte'), false],
    ['not contains, one contained', rule('NOT_CONTAINS', 'MESSAGE', 'vendas', 'COBRANÇA'), false],
    ['not contains, none contained', rule('NOT_CONTAINS', 'MESSAGE', 'vendas'), true],
    ['a missing property is empty', rule('EQUALS', 'CONTACT_EMAIL', ''), true],
    ['a missing property equals nothing else', rule('EQUALS', 'CONTACT_EMAIL', 'null'), false],
    ['a missing property contains nothing', rule('CONTAINS', 'CONTACT_EMAIL', '@'), false],
    ['a missing property is not anything', rule('NOT_CONTAINS', 'CONTACT_EMAIL', '@'), true],
    ['characters of patterns mean themselves', rule('CONTAINS', 'CONTACT_PHONE', '.*'), false],
  ])('%s', (_name, condition, expected) => {
    expect(queueTakes([condition], facts)).toBe(expected);
  });

  it('needs every rule, and at least one', () => {
    const holds = rule('CONTAINS', 'MESSAGE', 'cobranca');
    const fails = rule('CONTAINS', 'MESSAGE', 'vendas');
    expect(queueTakes([], facts)).toBe(false);
    expect(queueTakes([holds, holds], facts)).toBe(true);
    expect(queueTakes([holds, fails], facts)).toBe(false);
  });
});

describe('firstMatchingQueue', () => {
  const holds = [rule('CONTAINS', 'MESSAGE', 'cobranca')];
  const fails = [rule('CONTAINS', 'MESSAGE', 'vendas')];

  it('takes the first by position, not by the order given', () => {
    const queues = [
      { name: 'default', position: 0, rules: [] },
      { name: 'late', position: 3, rules: holds },
      { name: 'sales', position: 1, rules: fails },
      { name: 'early', position: 2, rules: holds },
    ];
    expect(firstMatchingQueue(queues, facts)?.name).toBe('early');
    expect(queues.map((queue) => queue.name)).toEqual(['default', 'late', 'sales', 'early']);
  });

  it('takes the one given first among equal positions', () => {
    const queues = [
      { name: 'one', position: 1, rules: holds },
      { name: 'two', position: 1, rules: holds },
    ];
    expect(firstMatchingQueue(queues, facts)?.name).toBe('one');
  });

  it('leaves the rest to the default queue', () => {
    expect(firstMatchingQueue([{ position: 0, rules: [] }], facts)).toBeNull();
    expect(firstMatchingQueue([], facts)).toBeNull();
  });
});

describe('fold', () => {
  it('takes composed and decomposed accents for the same', () => {
    expect(fold('Ação')).toBe('acao');
    expect(fold('Ac\u0327a\u0303o')).toBe('acao');
  });

  it('keeps what only looks like an accent', () => {
    expect(fold('が')).not.toBe(fold('か'));
    expect(fold('कि')).not.toBe(fold('क'));
    expect(fold('각').includes(fold('가'))).toBe(false);
  });

  it('does nothing to what is folded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(fold(fold(text))).toBe(fold(text));
      }),
    );
  });
});
