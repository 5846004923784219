/** Templates as the provider lists them: one with two blanks in text, one without any, one for marketing. */
export const LISTED_TEMPLATES = [
  {
    id: '900000000000001',
    name: 'order_update',
    language: 'pt_BR',
    status: 'APPROVED',
    category: 'UTILITY',
    components: [
      {
        type: 'BODY',
        text: 'Olá {{1}}, seu pedido {{2}} chegou.',
        example: { body_text: [['Carla', '42']] },
      },
      { type: 'BUTTONS', buttons: [{ type: 'QUICK_REPLY', text: 'Obrigada' }] },
    ],
  },
  {
    id: '900000000000002',
    name: 'hello',
    language: 'en_US',
    status: 'APPROVED',
    category: 'UTILITY',
    components: [{ type: 'BODY', text: 'Hello, this is the shop.' }],
  },
  {
    id: '900000000000003',
    name: 'sale',
    language: 'pt_BR',
    status: 'APPROVED',
    category: 'MARKETING',
    components: [{ type: 'BODY', text: 'Tudo com {{1}} de desconto.', example: { body_text: [['10%']] } }],
  },
];
