import { DAY, HOUR, MINUTE, SECOND } from '../../clock';
import { DEMO_CUSTOMERS, STOPPED_MARKETING, type DemoCustomer } from './demo-customers';
import { PAUSED_LATER } from './demo-desk';
import type { DemoName } from './demo-people';
import type { DeliveryFact } from '../deliveries/delivery-facts';
import { planReply, type PlannedReply } from './reply-plan';
import { factsOfMessage, type Fate } from './message-facts';
import type { SeededRandom } from './seeded-random';

/** One send of the demo's last two weeks, before anything of it is stored. */
export interface PlannedSend {
  readonly at: number;
  readonly agent: DemoName;
  readonly customer: DemoCustomer;
  /** Name and language, as `templateKey` has it. */
  readonly template: string;
  readonly providerMessageId: string;
  /** What is known of it by now, in the order of time. */
  readonly facts: readonly DeliveryFact[];
  readonly reply: PlannedReply | null;
}

/** When things happen, in milliseconds before now. */
export const AGO = {
  beginning: 15 * DAY,
  /** WhatsApp pauses a template. */
  pause: 2 * DAY,
  /** Gabriela leaves. */
  leaving: 5 * DAY,
  /** The second publication. */
  publication: 3 * DAY,
  /** From here on, customers of the scenes take no part in the rest. */
  scenes: 30 * HOUR,
  /** Some agents go away, or are away from their desks. */
  presences: 190 * MINUTE,
} as const;

const DAYS = 14;
/** Brasília has no summer time. */
const LOCAL = -3 * HOUR;
const PAUSE_BETWEEN_SENDS = 20 * HOUR;

/** By the hour of the local day at which it begins: how busy it is. */
const HOURS = [4, 8, 10, 9, 5, 6, 9, 9, 7, 4].map((weight, index) => ({ hour: 9 + index, weight }));

interface Sender {
  name: DemoName;
  weight: number;
  language: DemoCustomer['language'];
  /** How long before now the last send of this agent is. */
  untilAgo: number;
}

const SENDERS: readonly Sender[] = [
  { name: 'Bruno Teixeira', weight: 32, language: 'pt_BR', untilAgo: 20 * MINUTE },
  { name: 'Camila Duarte', weight: 24, language: 'pt_BR', untilAgo: AGO.presences + 5 * MINUTE },
  { name: 'Gabriela Moura', weight: 14, language: 'pt_BR', untilAgo: AGO.leaving + HOUR },
  { name: 'Ana Ribeiro', weight: 4, language: 'pt_BR', untilAgo: 20 * MINUTE },
  { name: 'Diego Salas', weight: 15, language: 'es', untilAgo: AGO.presences + 5 * MINUTE },
  { name: 'Emma Novak', weight: 11, language: 'en_US', untilAgo: AGO.presences + 5 * MINUTE },
];

interface Choice {
  template: string;
  weight: number;
  marketing?: true;
  /** How long before now it was last sendable. */
  untilAgo?: number;
}

const CHOICES: Readonly<Record<DemoCustomer['language'], readonly Choice[]>> = {
  pt_BR: [
    { template: 'continue_conversation pt_BR', weight: 26 },
    { template: 'order_ready pt_BR', weight: 22 },
    { template: 'eye_exam_confirmation pt_BR', weight: 18 },
    { template: 'delivery_on_the_way pt_BR', weight: 10 },
    { template: 'invoice_available pt_BR', weight: 8 },
    { template: 'new_collection pt_BR', weight: 9, marketing: true },
    { template: 'satisfaction_survey pt_BR', weight: 7, marketing: true, untilAgo: AGO.publication + HOUR },
    { template: `${PAUSED_LATER} pt_BR`, weight: 8, untilAgo: AGO.pause },
  ],
  es: [
    { template: 'order_ready es', weight: 45 },
    { template: 'eye_exam_directions es', weight: 35 },
    { template: 'birthday_coupon es', weight: 20, marketing: true },
  ],
  en_US: [
    { template: 'order_ready en_US', weight: 50 },
    { template: 'eye_exam_follow_up en_US', weight: 50 },
  ],
};

const FATES: readonly { fate: Fate; weight: number }[] = [
  { fate: 'READ', weight: 62 },
  { fate: 'DELIVERED', weight: 20 },
  { fate: 'SENT', weight: 4 },
  { fate: 'READ_AFTER_RETRY', weight: 3 },
  { fate: 'UNREACHABLE', weight: 4 },
  { fate: 'PROVIDER_UNAVAILABLE', weight: 1 },
  { fate: 'NEVER_ANSWERED', weight: 1 },
  { fate: 'WITHDRAWN', weight: 2 },
];

/** The instants of the last two weeks at which somebody sends: in working hours, in the order of time. */
function instantsOfWork(now: number, random: SeededRandom): number[] {
  const today = Math.floor((now + LOCAL) / DAY) * DAY;
  const instants: number[] = [];
  for (let day = DAYS; day >= 0; day -= 1) {
    const midnight = today - day * DAY;
    const weekday = new Date(midnight).getUTCDay();
    const sends =
      weekday === 0 ? random.between(3, 5) : weekday === 6 ? random.between(9, 13) : random.between(19, 25);
    for (let index = 0; index < sends; index += 1) {
      const { hour } = random.weighted(HOURS);
      instants.push(midnight - LOCAL + hour * HOUR + random.between(0, HOUR / SECOND - 1) * SECOND);
    }
  }
  return instants.filter((at) => at < now - 20 * MINUTE).sort((one, other) => one - other);
}

/** An id as WhatsApp gives them. */
export function messageId(random: SeededRandom): string {
  const bytes = Uint8Array.from({ length: 24 }, () => random.between(0, 255));
  return `wamid.${Buffer.from(bytes).toString('base64')}`;
}

function fateOf(
  { marketing, template }: Choice,
  customer: DemoCustomer,
  ago: number,
  random: SeededRandom,
): Fate {
  if (marketing && customer.name === STOPPED_MARKETING) return 'STOPPED_MARKETING';
  if (template.startsWith(PAUSED_LATER) && ago < AGO.pause + DAY) return 'TEMPLATE_PAUSED';
  if (marketing && random.happens(0.08)) return 'RESTRICTED';
  // What takes an hour to fail must have failed by now.
  if (ago < 2 * HOUR) return random.pick(['READ', 'READ', 'DELIVERED']);
  return random.weighted(FATES).fate;
}

/**
 * Who sends what to whom, and what becomes of it: as it could have happened under the rules, so that nobody is
 * written to while in a conversation, nor after having asked not to be.
 */
export function planSends(now: number, random: SeededRandom): PlannedSend[] {
  const freeAt = new Map<string, number>();
  const stopped = new Set<string>();
  const sends: PlannedSend[] = [];
  for (const at of instantsOfWork(now, random)) {
    const ago = now - at;
    const sender = random.weighted(SENDERS.filter(({ untilAgo }) => ago > untilAgo));
    const free = DEMO_CUSTOMERS.filter(
      ({ name, language, part }) =>
        language === sender.language &&
        (part === 'HISTORY' || (part === 'SCENE' && ago > AGO.scenes)) &&
        (freeAt.get(name) ?? 0) <= at,
    );
    if (free.length === 0) continue;
    const customer = random.pick(free);
    const choice = random.weighted(
      CHOICES[sender.language].filter(
        ({ untilAgo = 0, marketing }) => ago > untilAgo && !(marketing && stopped.has(customer.name)),
      ),
    );
    const fate = fateOf(choice, customer, ago, random);
    if (fate === 'STOPPED_MARKETING') stopped.add(customer.name);
    const providerMessageId = messageId(random);
    const facts = factsOfMessage(fate, at, random, providerMessageId).filter(
      ({ receivedAt }) => receivedAt <= now,
    );
    const latest = now - AGO.presences;
    const reply = planReply({ facts, template: choice.template, language: sender.language, latest }, random);
    const { template } = choice;
    sends.push({ at, agent: sender.name, customer, template, providerMessageId, facts, reply });
    freeAt.set(customer.name, Math.max(at + PAUSE_BETWEEN_SENDS, reply?.closedAt ?? 0));
  }
  return sends;
}
