import type { DemoCustomer } from './demo-customers';
import type { SeededRandom } from './seeded-random';

type Values = Readonly<Record<string, string>>;

/** What fills the blanks of each template of the catalogue that agents of the demo send. */
const VALUES: Readonly<Record<string, (customer: string, agent: string, random: SeededRandom) => Values>> = {
  'continue_conversation pt_BR': (customer, agent, random) => ({
    'body.customer_name': customer,
    'body.agent_name': agent,
    'body.subject': random.pick([
      'a troca da armação',
      'o orçamento das lentes',
      'a garantia',
      'a sua receita',
    ]),
  }),
  'order_ready pt_BR': (customer, _agent, random) => ({
    'header.1': orderNumber(random),
    'body.1': customer,
    'body.2': random.pick(['Rua das Acácias, 120', 'Praça do Relógio, 8']),
  }),
  'order_ready es': (customer, _agent, random) => ({
    'header.1': orderNumber(random),
    'body.1': customer,
    'body.2': random.pick(['calle de los Fresnos 45', 'avenida del Faro 210']),
  }),
  'order_ready en_US': (customer, _agent, random) => ({
    'header.1': orderNumber(random),
    'body.1': customer,
    'body.2': random.pick(['Alder Street 12', 'Harbour Road 3']),
  }),
  'eye_exam_confirmation pt_BR': (customer, _agent, random) => ({
    'body.customer_name': customer,
    'body.doctor': random.pick(['a Dra. Helena Prado', 'o Dr. Marcos Vidal']),
    'body.day': random.pick(['segunda-feira', 'quarta-feira', 'quinta-feira', 'sábado']),
    'body.hour': random.pick(['9h30', '11h', '14h30', '16h']),
  }),
  'eye_exam_directions es': (customer, _agent, random) => ({
    'header.location': '19.4326,-99.1332,Óptica Lumiveja,calle de los Fresnos 45',
    'body.1': customer,
    'body.2': random.pick(['mañana a las 10:30', 'el jueves a las 16:00', 'el sábado a las 9:00']),
  }),
  'eye_exam_follow_up en_US': (customer, _agent, random) => ({
    'body.customer_name': customer,
    'body.doctor': random.pick(['Dr. Prado', 'Dr. Vidal']),
  }),
  'delivery_on_the_way pt_BR': (customer, _agent, random) => {
    const order = orderNumber(random);
    return {
      'body.1': customer,
      'body.2': order,
      'body.3': random.pick(['as 18h de hoje', 'amanhã ao meio-dia']),
      'button.0.url': `LV${order}BR`,
    };
  },
  'invoice_available pt_BR': (customer, _agent, random) => {
    const order = orderNumber(random);
    return {
      'header.document': `https://media.lumiveja.example/nota-fiscal-${order}.pdf`,
      'body.customer_name': customer,
      'body.order_number': order,
      'body.amount': `R$ ${random.between(180, 980)},90`,
    };
  },
  'new_collection pt_BR': (customer, _agent, random) => ({
    'header.image': 'https://media.lumiveja.example/colecao-aurora.jpg',
    'body.1': customer,
    'body.2': random.pick(['10%', '15%']),
    'button.0.url': String(random.between(8_000, 8_999)),
  }),
  'birthday_coupon es': (customer, _agent, random) => ({
    'body.customer_name': customer,
    'body.discount': '20%',
    'body.last_day': random.pick(['último día del mes', 'próximo domingo']),
    'button.0.code': 'CUMPLE20',
  }),
  'satisfaction_survey pt_BR': () => ({}),
  'installment_reminder pt_BR': (customer, _agent, random) => ({
    'body.1': customer,
    'body.2': `${random.between(2, 4)} de 5`,
    'body.3': random.pick(['três dias', 'uma semana']),
  }),
};

function orderNumber(random: SeededRandom): string {
  return String(random.between(4_100, 4_900));
}

const firstName = (name: string): string => name.split(' ')[0] ?? name;

/** The blanks of a template filled in for a customer. */
export function parametersFor(
  templateKey: string,
  customer: DemoCustomer,
  agentName: string,
  random: SeededRandom,
): { key: string; value: string }[] {
  const values = VALUES[templateKey]?.(firstName(customer.name), firstName(agentName), random);
  if (!values) throw new Error(`Nothing is known to fill the template ${templateKey} with`);
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}
