import type { JsonObject } from '../../channels/channel';

/** A template as the Cloud API lists it: one row of `GET /{business account}/message_templates`. */
export interface CatalogueTemplate {
  readonly id: string;
  readonly name: string;
  readonly language: string;
  readonly status: 'APPROVED' | 'PENDING' | 'PAUSED' | 'REJECTED';
  readonly category: 'UTILITY' | 'MARKETING' | 'AUTHENTICATION';
  readonly components: JsonObject[];
  /** Left out: POSITIONAL. */
  readonly parameter_format?: 'POSITIONAL' | 'NAMED';
  /** `date` in seconds since 1970. */
  readonly quality_score?: { readonly score: 'GREEN' | 'YELLOW' | 'RED' | 'UNKNOWN'; readonly date: number };
  /** `NONE` where there is none. */
  readonly rejected_reason?: string;
}

const footer = (text: string): JsonObject => ({ type: 'FOOTER', text });
const buttons = (...list: JsonObject[]): JsonObject => ({ type: 'BUTTONS', buttons: list });
const quickReply = (text: string): JsonObject => ({ type: 'QUICK_REPLY', text });
const GREEN = { score: 'GREEN', date: 1_767_225_600 } as const;

/**
 * What every sandbox number's business account lists: the templates of Lumiveja, an optician that does not exist,
 * with something of each kind that WhatsApp knows. Addresses end in `.example`; telephone numbers are of ranges
 * that are given to nobody.
 */
export const TEMPLATE_CATALOGUE: readonly CatalogueTemplate[] = [
  {
    id: '700000000000101',
    name: 'continue_conversation',
    language: 'pt_BR',
    status: 'APPROVED',
    category: 'UTILITY',
    parameter_format: 'NAMED',
    components: [
      {
        type: 'BODY',
        text: 'Olá, {{customer_name}}! Aqui é {{agent_name}}, da Ótica Lumiveja. Ficamos de dar um retorno sobre {{subject}} e já temos uma resposta. Podemos continuar por aqui?',
        example: {
          body_text_named_params: [
            { param_name: 'customer_name', example: 'Carla' },
            { param_name: 'agent_name', example: 'Bruno' },
            { param_name: 'subject', example: 'a troca da armação' },
          ],
        },
      },
      footer('Ótica Lumiveja'),
      buttons(quickReply('Podemos, sim'), quickReply('Agora não')),
    ],
    quality_score: GREEN,
    rejected_reason: 'NONE',
  },
  {
    id: '700000000000102',
    name: 'order_ready',
    language: 'pt_BR',
    status: 'APPROVED',
    category: 'UTILITY',
    parameter_format: 'POSITIONAL',
    components: [
      {
        type: 'HEADER',
        format: 'TEXT',
        text: 'Pedido {{1}} pronto',
        example: { header_text: ['4172'] },
      },
      {
        type: 'BODY',
        text: 'Olá, {{1}}! Seus óculos já estão prontos na nossa loja da {{2}}. Guardamos o pedido por 30 dias e o ajuste na hora da retirada é por nossa conta.',
        example: { body_text: [['Carla', 'Rua das Acácias, 120']] },
      },
      footer('Ótica Lumiveja · segunda a sábado, das 9h às 19h'),
      buttons(quickReply('Passo hoje'), quickReply('Quero receber em casa')),
    ],
    quality_score: GREEN,
    rejected_reason: 'NONE',
  },
  {
    id: '700000000000103',
    name: 'order_ready',
    language: 'es',
    status: 'APPROVED',
    category: 'UTILITY',
    parameter_format: 'POSITIONAL',
    components: [
      {
        type: 'HEADER',
        format: 'TEXT',
        text: 'Pedido {{1}} listo',
        example: { header_text: ['4173'] },
      },
      {
        type: 'BODY',
        text: 'Hola, {{1}}: tus lentes ya están listos en nuestra tienda de {{2}}. Guardamos tu pedido 30 días y el ajuste al recogerlos va por nuestra cuenta.',
        example: { body_text: [['Lucía', 'calle de los Fresnos 45']] },
      },
      footer('Óptica Lumiveja · lunes a sábado, de 9 a 19 h'),
      buttons(quickReply('Paso hoy'), quickReply('Prefiero envío a casa')),
    ],
    quality_score: GREEN,
    rejected_reason: 'NONE',
  },
  {
    id: '700000000000104',
    name: 'order_ready',
    language: 'en_US',
    status: 'APPROVED',
    category: 'UTILITY',
    parameter_format: 'POSITIONAL',
    components: [
      {
        type: 'HEADER',
        format: 'TEXT',
        text: 'Order {{1}} is ready',
        example: { header_text: ['4174'] },
      },
      {
        type: 'BODY',
        text: 'Hi {{1}}, your glasses are waiting for you at our store on {{2}}. We keep them for 30 days, and the fitting when you pick them up is on us.',
        example: { body_text: [['Grace', 'Alder Street 12']] },
      },
      footer('Lumiveja Opticians · Monday to Saturday, 9 am to 7 pm'),
      buttons(quickReply('I will come by today'), quickReply('Please ship them')),
    ],
    quality_score: GREEN,
    rejected_reason: 'NONE',
  },
  {
    id: '700000000000105',
    name: 'eye_exam_confirmation',
    language: 'pt_BR',
    status: 'APPROVED',
    category: 'UTILITY',
    parameter_format: 'NAMED',
    components: [
      { type: 'HEADER', format: 'TEXT', text: 'Confirme seu exame de vista' },
      {
        type: 'BODY',
        text: 'Olá, {{customer_name}}! Seu exame com {{doctor}} está marcado para {{day}}, às {{hour}}.\n\nTraga seus óculos atuais e, se usar lentes de contato, venha sem elas. Podemos contar com você?',
        example: {
          body_text_named_params: [
            { param_name: 'customer_name', example: 'Rafael' },
            { param_name: 'doctor', example: 'a Dra. Helena Prado' },
            { param_name: 'day', example: 'quinta-feira, 12 de março' },
            { param_name: 'hour', example: '14h30' },
          ],
        },
      },
      footer('Ótica Lumiveja · exames de vista'),
      buttons(quickReply('Confirmo'), quickReply('Quero remarcar'), quickReply('Preciso cancelar')),
    ],
    quality_score: GREEN,
    rejected_reason: 'NONE',
  },
  {
    id: '700000000000106',
    name: 'eye_exam_directions',
    language: 'es',
    status: 'APPROVED',
    category: 'UTILITY',
    parameter_format: 'POSITIONAL',
    components: [
      { type: 'HEADER', format: 'LOCATION' },
      {
        type: 'BODY',
        text: 'Hola, {{1}}: te esperamos {{2}} para tu examen de la vista. Aquí tienes cómo llegar; hay estacionamiento en la entrada de atrás.',
        example: { body_text: [['Lucía', 'mañana a las 10:30']] },
      },
      buttons(quickReply('Ahí estaré'), quickReply('Necesito otra fecha')),
    ],
    quality_score: GREEN,
    rejected_reason: 'NONE',
  },
  {
    id: '700000000000107',
    name: 'eye_exam_follow_up',
    language: 'en_US',
    status: 'APPROVED',
    category: 'UTILITY',
    parameter_format: 'NAMED',
    components: [
      {
        type: 'BODY',
        text: 'Hi {{customer_name}}, it has been two weeks since your eye exam with {{doctor}}. Are you getting used to your new lenses? If anything feels off, answer this message or call us: a check takes ten minutes.',
        example: {
          body_text_named_params: [
            { param_name: 'customer_name', example: 'Grace' },
            { param_name: 'doctor', example: 'Dr. Prado' },
          ],
        },
      },
      footer('Lumiveja Opticians'),
      buttons(quickReply('All good'), {
        type: 'PHONE_NUMBER',
        text: 'Call the store',
        phone_number: '+12025550190',
      }),
    ],
    quality_score: GREEN,
    rejected_reason: 'NONE',
  },
  {
    id: '700000000000108',
    name: 'delivery_on_the_way',
    language: 'pt_BR',
    status: 'APPROVED',
    category: 'UTILITY',
    parameter_format: 'POSITIONAL',
    components: [
      {
        type: 'BODY',
        text: 'Boa notícia, {{1}}! O pedido {{2}} saiu para entrega e chega até {{3}}. Acompanhe o trajeto pelo botão abaixo.',
        example: { body_text: [['Carla', '4172', 'as 18h de hoje']] },
      },
      footer('Ótica Lumiveja'),
      buttons({
        type: 'URL',
        text: 'Acompanhar entrega',
        url: 'https://lumiveja.example/entrega/{{1}}',
        example: ['https://lumiveja.example/entrega/LV4172BR'],
      }),
    ],
    quality_score: GREEN,
    rejected_reason: 'NONE',
  },
  {
    id: '700000000000109',
    name: 'invoice_available',
    language: 'pt_BR',
    status: 'APPROVED',
    category: 'UTILITY',
    parameter_format: 'NAMED',
    components: [
      {
        type: 'HEADER',
        format: 'DOCUMENT',
        example: { header_handle: ['https://media.lumiveja.example/nota-fiscal-4172.pdf'] },
      },
      {
        type: 'BODY',
        text: 'Olá, {{customer_name}}! Segue a nota fiscal do pedido {{order_number}}, no valor de {{amount}}. Ela também serve como certificado de garantia das lentes.',
        example: {
          body_text_named_params: [
            { param_name: 'customer_name', example: 'Carla' },
            { param_name: 'order_number', example: '4172' },
            { param_name: 'amount', example: 'R$ 689,90' },
          ],
        },
      },
      buttons(quickReply('Tenho uma dúvida')),
    ],
    quality_score: { score: 'YELLOW', date: 1_767_225_600 },
    rejected_reason: 'NONE',
  },
  {
    id: '700000000000110',
    name: 'new_collection',
    language: 'pt_BR',
    status: 'APPROVED',
    category: 'MARKETING',
    parameter_format: 'POSITIONAL',
    components: [
      {
        type: 'HEADER',
        format: 'IMAGE',
        example: { header_handle: ['https://media.lumiveja.example/colecao-aurora.jpg'] },
      },
      {
        type: 'BODY',
        text: '{{1}}, a coleção *Aurora* chegou: armações leves em acetato reciclado, em doze cores.\n\nQuem já é cliente tem {{2}} de desconto na primeira semana.',
        example: { body_text: [['Carla', '15%']] },
      },
      footer('Para não receber novidades, responda SAIR'),
      buttons(
        {
          type: 'URL',
          text: 'Ver a coleção',
          url: 'https://lumiveja.example/aurora?cliente={{1}}',
          example: ['https://lumiveja.example/aurora?cliente=8841'],
        },
        quickReply('Quero experimentar'),
      ),
    ],
    quality_score: GREEN,
    rejected_reason: 'NONE',
  },
  {
    id: '700000000000111',
    name: 'birthday_coupon',
    language: 'es',
    status: 'APPROVED',
    category: 'MARKETING',
    parameter_format: 'NAMED',
    components: [
      { type: 'HEADER', format: 'TEXT', text: '¡Feliz cumpleaños!' },
      {
        type: 'BODY',
        text: 'Hola, {{customer_name}}: hoy celebramos contigo. Tienes {{discount}} de descuento en cualquier armazón hasta el {{last_day}}. Muestra este código en la tienda o úsalo en línea.',
        example: {
          body_text_named_params: [
            { param_name: 'customer_name', example: 'Lucía' },
            { param_name: 'discount', example: '20%' },
            { param_name: 'last_day', example: '31 de marzo' },
          ],
        },
      },
      footer('Para no recibir promociones, responde BAJA'),
      buttons(
        { type: 'COPY_CODE', text: 'Copiar código', example: 'CUMPLE20' },
        { type: 'URL', text: 'Ver armazones', url: 'https://lumiveja.example/armazones' },
      ),
    ],
    quality_score: GREEN,
    rejected_reason: 'NONE',
  },
  {
    id: '700000000000112',
    name: 'contact_lens_refill',
    language: 'en_US',
    status: 'APPROVED',
    category: 'MARKETING',
    parameter_format: 'POSITIONAL',
    components: [
      {
        type: 'HEADER',
        format: 'VIDEO',
        example: { header_handle: ['https://media.lumiveja.example/refill-in-a-minute.mp4'] },
      },
      {
        type: 'BODY',
        text: 'Hi {{1}}, by our count your contact lenses last until {{2}}. Shall we set a new box aside for you? Your prescription is on file, so it takes one tap.',
        example: { body_text: [['Grace', 'next Friday']] },
      },
      footer('To stop these offers, answer STOP'),
      buttons(quickReply('Yes, please'), quickReply('Not yet')),
    ],
    quality_score: GREEN,
    rejected_reason: 'NONE',
  },
  {
    id: '700000000000113',
    name: 'satisfaction_survey',
    language: 'pt_BR',
    status: 'APPROVED',
    category: 'MARKETING',
    components: [
      {
        type: 'BODY',
        text: 'Queremos atender cada vez melhor. Em uma palavra, como foi sua última visita à Ótica Lumiveja?',
      },
      buttons(quickReply('Ótima'), quickReply('Boa'), quickReply('Pode melhorar')),
    ],
    quality_score: { score: 'UNKNOWN', date: 1_767_225_600 },
    rejected_reason: 'NONE',
  },
  {
    id: '700000000000114',
    name: 'installment_reminder',
    language: 'pt_BR',
    status: 'PAUSED',
    category: 'UTILITY',
    parameter_format: 'POSITIONAL',
    components: [
      {
        type: 'BODY',
        text: 'Olá, {{1}}. A parcela {{2}} da sua compra vence em {{3}}. Se já pagou, desconsidere este aviso.',
        example: { body_text: [['Carla', '2 de 5', '10 de março']] },
      },
      buttons(quickReply('Já paguei'), quickReply('Preciso de outro prazo')),
    ],
    quality_score: { score: 'RED', date: 1_767_225_600 },
    rejected_reason: 'NONE',
  },
  {
    id: '700000000000115',
    name: 'last_chance_sale',
    language: 'es',
    status: 'REJECTED',
    category: 'UTILITY',
    parameter_format: 'POSITIONAL',
    components: [
      {
        type: 'BODY',
        text: '¡{{1}}, ÚLTIMAS HORAS! Todo con {{2}} de descuento, solo hoy.',
        example: { body_text: [['Lucía', '50%']] },
      },
    ],
    rejected_reason: 'TAG_CONTENT_MISMATCH',
  },
  {
    id: '700000000000116',
    name: 'progressive_lens_trial',
    language: 'en_US',
    status: 'PENDING',
    category: 'MARKETING',
    parameter_format: 'NAMED',
    components: [
      {
        type: 'BODY',
        text: 'Hi {{customer_name}}, would you like to try progressive lenses for 30 days, with your money back if they are not for you?',
        example: { body_text_named_params: [{ param_name: 'customer_name', example: 'Grace' }] },
      },
      buttons(quickReply('Tell me more')),
    ],
    rejected_reason: 'NONE',
  },
  {
    id: '700000000000117',
    name: 'sign_in_code',
    language: 'pt_BR',
    status: 'APPROVED',
    category: 'AUTHENTICATION',
    components: [
      {
        type: 'BODY',
        text: 'Seu código de acesso é *{{1}}*. Por segurança, não o compartilhe.',
        add_security_recommendation: true,
        example: { body_text: [['482913']] },
      },
      { type: 'FOOTER', text: 'Este código expira em 10 minutos.', code_expiration_minutes: 10 },
      buttons({
        type: 'URL',
        text: 'Copiar código',
        url: 'https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}',
        example: ['https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp482913'],
      }),
    ],
    quality_score: GREEN,
    rejected_reason: 'NONE',
  },
];
