import { DAY, HOUR, MINUTE } from '../../clock';
import type { ContactRow } from '../../entities/contact';
import type { DemoConversations, Scene, Writing } from './demo-conversations';
import { DEMO_CUSTOMERS } from './demo-customers';
import type { DemoName } from './demo-people';
import { factsOfMessage } from './message-facts';
import type { SeededRandom } from './seeded-random';
import { messageId, type PlannedSend } from './send-plan';

/** The demo's customers, by phone number. */
export type Contacts = ReadonlyMap<string, ContactRow>;

/** @throws Error where the demo has no such customer. */
export function contactNamed(contacts: Contacts, name: string): ContactRow {
  const found = [...contacts.values()].find((contact) => contact.name === name);
  if (!found) throw new Error(`The demo has no customer called ${name}`);
  return found;
}

/** Customers who wrote first, in the last two weeks. */
export function visits(conversations: DemoConversations, contacts: Contacts, now: number): Scene[] {
  const visit = (name: string, ago: number, text: string, answer: string) =>
    conversations.visit(contactNamed(contacts, name), now - ago, { text, answer });
  return [
    ...visit(
      'Otávio Bastos',
      11 * DAY,
      'Bom dia! Preciso da segunda via da nota fiscal.',
      'Bom dia! Envio em um minuto.',
    ),
    ...visit('Vicente Paiva', 8 * DAY, 'Quero marcar um exame de vista.', 'Claro! Temos quinta às 10h.'),
    ...visit('Pilar Cisneros', 6 * DAY, '¿Tienen lugar para un examen mañana?', 'Sí, a las 16:00.'),
    ...visit(
      'Wanda Freire',
      4 * DAY,
      'Vocês consertam armação quebrada?',
      'Consertamos sim, traga quando puder.',
    ),
  ];
}

/** A send of today that is part of a scene. */
function sceneSend(
  random: SeededRandom,
  now: number,
  given: { name: string; agent: DemoName; template: string; ago: number },
): PlannedSend {
  const customer = DEMO_CUSTOMERS.find(({ name }) => name === given.name);
  if (!customer) throw new Error(`The demo has no customer called ${given.name}`);
  const at = now - given.ago;
  const providerMessageId = messageId(random);
  const facts = factsOfMessage('READ', at, random, providerMessageId).filter(
    ({ receivedAt }) => receivedAt <= at + 20 * MINUTE,
  );
  return {
    at,
    agent: given.agent,
    customer,
    template: given.template,
    providerMessageId,
    facts,
    reply: null,
  };
}

/** What a newcomer finds going on: one conversation of each kind. */
export function present(
  conversations: DemoConversations,
  contacts: Contacts,
  { now, random }: { now: number; random: SeededRandom },
): { sends: PlannedSend[]; scenes: Scene[] } {
  const send = (name: string, agent: DemoName, template: string, ago: number): PlannedSend =>
    sceneSend(random, now, { name, agent, template, ago });
  const sends = {
    bruno: send('Carla Menezes', 'Bruno Teixeira', 'continue_conversation pt_BR', 50 * MINUTE),
    diego: send('Lucía Fernández', 'Diego Salas', 'order_ready es', 5 * HOUR),
    emma: send('Grace Whitfield', 'Emma Novak', 'eye_exam_follow_up en_US', 4 * HOUR),
    camila: send('Rafael Antunes', 'Camila Duarte', 'eye_exam_confirmation pt_BR', 3.5 * HOUR),
    // Nobody has answered these yet.
    order: send('Beatriz Nogueira', 'Bruno Teixeira', 'order_ready pt_BR', 95 * MINUTE),
    invoice: send('Caio Prates', 'Bruno Teixeira', 'invoice_available pt_BR', 40 * MINUTE),
    delivery: send('Daniela Couto', 'Ana Ribeiro', 'delivery_on_the_way pt_BR', 2 * HOUR),
    lenses: send('Adam Pritchard', 'Emma Novak', 'order_ready en_US', 6 * HOUR),
  };
  const written = (
    person: { phone: string; name: string },
    ago: number,
    text: string,
    writing?: Writing,
  ): Scene => ({ at: now - ago, act: () => conversations.writes(person, now - ago, text, writing) });
  const tapping = ({ providerMessageId }: PlannedSend): Writing => ({
    quoted: providerMessageId,
    tapped: true,
  });
  const customer = (name: string) => ({ name, phone: contactNamed(contacts, name).phone ?? '' });
  const { bruno, diego, emma, camila } = sends;
  const scenes: Scene[] = [
    written(bruno.customer, 28 * MINUTE, 'Podemos, sim', tapping(bruno)),
    {
      at: now - 26 * MINUTE,
      act: () =>
        conversations.answers(
          contactNamed(contacts, 'Carla Menezes'),
          'Oi, Carla! A armação nova chegou. Quer passar hoje para ajustar?',
        ),
    },
    written(bruno.customer, 6 * MINUTE, 'Quero! Até que horas vocês ficam?'),
    written(diego.customer, 2 * HOUR, '¿Puedo recoger los lentes el domingo?'),
    written(emma.customer, 70 * MINUTE, 'They feel great, but the left side slips a little.', {
      quoted: emma.providerMessageId,
    }),
    written(camila.customer, 25 * MINUTE, 'Quero remarcar', tapping(camila)),
    written(customer('Otávio Bastos'), 30 * MINUTE, 'O boleto deste mês ainda não chegou.'),
    written(customer('Pilar Cisneros'), 18 * MINUTE, '¿Puedo cambiar mi examen al viernes?'),
    written(customer('Wanda Freire'), 12 * MINUTE, 'Preciso da nota fiscal para o reembolso do plano.'),
    // Nobody at the desk has met her before.
    written({ phone: '+5511900000140', name: 'Quitéria' }, 9 * MINUTE, 'Oi! Vocês abrem no feriado?'),
  ];
  return { sends: Object.values(sends), scenes };
}
