import { listOf, objectOf, textOf } from '../../channels/json';
import { HOUR, MINUTE, SECOND } from '../../clock';
import type { DeliveryFact } from '../deliveries/delivery-facts';
import { TEMPLATE_CATALOGUE } from '../sandbox/template-catalogue';
import type { DemoCustomer } from './demo-customers';
import { delay } from './message-facts';
import type { SeededRandom } from './seeded-random';

/** A customer's answer to a send, and the conversation that follows. */
export interface PlannedReply {
  readonly at: number;
  readonly text: string;
  /** How the customer answers: with the tap of a button, by quoting the message, or with just a text. */
  readonly by: 'BUTTON' | 'QUOTE' | 'TEXT';
  /** What the agent writes then. */
  readonly answer: string | null;
  readonly thanks: string | null;
  readonly closedAt: number;
}

interface Lines {
  replies: readonly string[];
  answers: readonly string[];
  thanks: readonly string[];
}

const LINES: Readonly<Record<DemoCustomer['language'], Lines>> = {
  pt_BR: {
    replies: [
      'Oi! Posso passar amanhã cedo?',
      'Obrigada por avisar!',
      'Quanto fica com lente antirreflexo?',
      'Perfeito 👍',
    ],
    answers: [
      'Pode sim, estamos aqui a partir das 9h.',
      'Que bom! Qualquer dúvida, é só chamar.',
      'Já verifiquei aqui: está tudo certo com o seu pedido.',
    ],
    thanks: ['Combinado, obrigada!', 'Ótimo, até lá.', 'Valeu!'],
  },
  es: {
    replies: ['¿Puedo ir el sábado?', 'Muchas gracias por avisar.', '¿Aceptan tarjeta?', 'Perfecto 👍'],
    answers: ['Claro que sí, abrimos de 9 a 19 h.', 'Con gusto. Aquí estamos para lo que necesite.'],
    thanks: ['Gracias, nos vemos.', 'De acuerdo.'],
  },
  en_US: {
    replies: [
      'Can I come by on Saturday?',
      'Thanks for letting me know!',
      'Do you take cards?',
      'Perfect 👍',
    ],
    answers: ['Of course, we are open from 9 to 7.', 'You are welcome. Anything else, just write.'],
    thanks: ['Great, see you then.', 'Thank you!'],
  },
};

/** The labels of the quick replies of a template. */
function quickRepliesOf(template: string): string[] {
  const row = TEMPLATE_CATALOGUE.find(({ name, language }) => `${name} ${language}` === template);
  const buttons = row?.components.flatMap(({ buttons: list }) => listOf(list).map(objectOf)) ?? [];
  return buttons.filter(({ type }) => type === 'QUICK_REPLY').map(({ text }) => textOf(text) ?? '');
}

/** Whether and how the customer answers a send of which these facts are known. @param given `latest`: all ends by then. */
export function planReply(
  given: {
    facts: readonly DeliveryFact[];
    template: string;
    language: DemoCustomer['language'];
    latest: number;
  },
  random: SeededRandom,
): PlannedReply | null {
  const reached = [...given.facts].reverse().find(({ word }) => word === 'read' || word === 'delivered');
  if (!reached || !random.happens(reached.word === 'read' ? 0.42 : 0.1)) return null;
  const at = reached.at + Math.ceil(delay(random, 20 * SECOND, 14 * HOUR) / SECOND) * SECOND;
  const closedAt = at + random.between(12, 55) * MINUTE;
  if (closedAt > given.latest) return null;
  const { replies, answers, thanks } = LINES[given.language];
  const labels = quickRepliesOf(given.template);
  const taps = labels.length > 0 && random.happens(0.6);
  const isAnswered = random.happens(0.3);
  return {
    at,
    text: random.pick(taps ? labels : replies),
    by: taps ? 'BUTTON' : random.happens(0.25) ? 'QUOTE' : 'TEXT',
    answer: isAnswered ? random.pick(answers) : null,
    thanks: isAnswered && random.happens(0.5) ? random.pick(thanks) : null,
    closedAt,
  };
}
