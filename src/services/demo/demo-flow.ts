type Block = Readonly<Record<string, unknown>>;

/** The blocks that hand over to people. */
export const SERVICE_BLOCKS = {
  orders: 'desk:7f0c2a4e-5b1d-4c38-9a67-1e2d3c4b5a01',
  exams: 'desk:7f0c2a4e-5b1d-4c38-9a67-1e2d3c4b5a02',
  billing: 'desk:7f0c2a4e-5b1d-4c38-9a67-1e2d3c4b5a03',
  /** Gone in the second publication. */
  survey: 'desk:7f0c2a4e-5b1d-4c38-9a67-1e2d3c4b5a04',
} as const;

const MENU = 'b7a1c3d5-0f2e-4a6b-8c9d-2e4f6a8b0c01';
const HOURS = 'b7a1c3d5-0f2e-4a6b-8c9d-2e4f6a8b0c02';
const ORDER_NUMBER = 'b7a1c3d5-0f2e-4a6b-8c9d-2e4f6a8b0c03';
const ORDER_STATUS = 'b7a1c3d5-0f2e-4a6b-8c9d-2e4f6a8b0c04';
const GOODBYE = 'b7a1c3d5-0f2e-4a6b-8c9d-2e4f6a8b0c05';

const says = (text: string): Block => ({
  action: {
    type: 'SendMessage',
    settings: { type: 'text/plain', content: text },
    $title: 'Send text',
  },
});
const waits = (variable: string): Block => ({
  input: { bypass: false, variable, $invalid: false, validation: null },
});
const when = (stateId: string, ...values: string[]): Block => ({
  stateId,
  conditions: [{ source: 'input', comparison: 'contains', values }],
  $invalid: false,
});

interface Parts {
  title: string;
  content?: readonly Block[];
  entering?: readonly Block[];
  conditions?: readonly Block[];
  otherwise: string;
  place: readonly [left: number, top: number];
  root?: boolean;
}

function block(id: string, parts: Parts): Record<string, Block> {
  const { title, content = [], entering = [], conditions = [], otherwise, place, root } = parts;
  const [left, top] = place;
  return {
    [id]: {
      id,
      ...(root && { root }),
      $title: title,
      $tags: [],
      $position: { left: `${left}px`, top: `${top}px` },
      $contentActions: content,
      $enteringCustomActions: entering,
      $leavingCustomActions: [],
      $conditionOutputs: conditions,
      $defaultOutput: { stateId: otherwise, $invalid: false },
      $invalidContentActions: false,
      $invalidOutputs: false,
    },
  };
}

function serviceBlock(id: string, title: string, place: readonly [number, number]): Record<string, Block> {
  return block(id, {
    title,
    entering: [
      { type: 'ForwardToDesk', $title: 'Hand over to people', settings: { deskStateVersion: '3.0.0' } },
    ],
    conditions: [when('fallback', 'fail')],
    otherwise: GOODBYE,
    place,
  });
}

function flowWith(more: { greeting: string; survey: boolean }): Record<string, unknown> {
  return {
    flow: {
      ...block('onboarding', {
        title: 'Start',
        content: [waits('content')],
        otherwise: 'welcome',
        place: [40, 40],
        root: true,
      }),
      ...block('welcome', {
        title: 'Welcome',
        content: [says(more.greeting)],
        otherwise: MENU,
        place: [40, 200],
      }),
      ...block(MENU, {
        title: 'Menu',
        content: [says('1 · Meu pedido\n2 · Exame de vista\n3 · Nota fiscal e pagamento'), waits('choice')],
        conditions: [
          when(ORDER_NUMBER, '1', 'pedido', 'order'),
          when(SERVICE_BLOCKS.exams, '2', 'exame', 'exam'),
          when(SERVICE_BLOCKS.billing, '3', 'nota', 'pagamento', 'invoice'),
          ...(more.survey ? [when(SERVICE_BLOCKS.survey, 'opinião', 'avaliar')] : []),
          when(HOURS, 'horário', 'aberto'),
        ],
        otherwise: 'fallback',
        place: [40, 360],
      }),
      ...block(HOURS, {
        title: 'Opening hours',
        content: [says('Abrimos de segunda a sábado, das 9h às 19h.')],
        otherwise: MENU,
        place: [320, 360],
      }),
      ...block(ORDER_NUMBER, {
        title: 'Ask for the order',
        content: [says('Qual é o número do seu pedido?'), waits('orderNumber')],
        otherwise: ORDER_STATUS,
        place: [320, 520],
      }),
      ...block(ORDER_STATUS, {
        title: 'Look the order up',
        entering: [
          {
            type: 'ProcessHttp',
            $title: 'Order service',
            settings: {
              method: 'GET',
              uri: 'https://orders.lumiveja.example/{{orderNumber}}',
              responseBodyVariable: 'order',
            },
          },
        ],
        content: [
          says('Seu pedido está assim: {{order@status}}. Quer falar com alguém?'),
          waits('wantsPeople'),
        ],
        conditions: [when(SERVICE_BLOCKS.orders, 'sim', 'quero', 'yes')],
        otherwise: GOODBYE,
        place: [600, 520],
      }),
      ...serviceBlock(SERVICE_BLOCKS.orders, 'Service: orders', [880, 520]),
      ...serviceBlock(SERVICE_BLOCKS.exams, 'Service: eye exams', [320, 680]),
      ...serviceBlock(SERVICE_BLOCKS.billing, 'Service: billing', [320, 840]),
      ...(more.survey && serviceBlock(SERVICE_BLOCKS.survey, 'Service: opinions', [320, 1000])),
      ...block(GOODBYE, {
        title: 'Goodbye',
        content: [says('Obrigado por falar com a Ótica Lumiveja. Até logo!')],
        otherwise: 'onboarding',
        place: [880, 840],
      }),
      ...block('fallback', {
        title: 'Not understood',
        content: [says('Não entendi. Pode escolher uma das opções?')],
        otherwise: MENU,
        place: [40, 680],
      }),
      ...block('error', { title: 'Error', otherwise: 'onboarding', place: [40, 840] }),
    },
    globalActions: {
      id: 'global-actions',
      $enteringCustomActions: [],
      $leavingCustomActions: [
        { type: 'TrackEvent', $title: 'Count visits', settings: { category: 'blocks' } },
      ],
    },
  };
}

/** What the builder exported when active messaging was set up. */
export const FIRST_FLOW = flowWith({ greeting: 'Olá! Aqui é a Ótica Lumiveja.', survey: true });

/** What was published later: a new greeting, and without the block for opinions, so that one template's way back is gone. */
export const SECOND_FLOW = flowWith({
  greeting: 'Olá! Aqui é a Ótica Lumiveja. Como podemos ajudar?',
  survey: false,
});
