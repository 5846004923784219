import { TemplateParameterType } from '../../src/entities/enums';
import type { JsonObject, ParameterFormat } from '../../src/channels/channel';
import { parseElement, parseWebhook } from '../../src/channels/cloud-api/webhooks';
import { publicPayloads as payloads, publicWebhooks as webhooks } from '../kit/public-payloads';
import { checkParameters, isSupported, parametersOf, preview } from '../../src/channels/template-content';

/** What each must be: kind, and for messages type and whether it may open a ticket. */
const EXPECTED: [RegExp, string[]][] = [
  [/^webhook_group_/, ['ignored']],
  [/^webhook_system_message$/, ['number-changed']],
  [/^webhook_reaction_message$/, ['message reaction']],
  [/^webhook_unsupported_message$/, ['message unsupported']],
  [/^webhook_text_message/, ['message text +']],
  [/^webhook_contact_sharing_message$/, ['message contacts +']],
  [/^webhook_interactive_/, ['message interactive +']],
  [/^webhook_(button|image|location|order)_message$/, ['message $1 +']],
  [/^account_update /, ['ignored']],
  [/^callback_button button$/, ['message interactive +']],
  [/^callback_button quick_reply/, ['message button +']],
  [/^callback_selection /, ['message interactive +']],
  [/^deleted_message revoke$/, ['message revoke']],
  [/^edited_message image$/, ['message edit']],
  [/^message (media_with_url|image)$/, ['message image +']],
  [/^message voice$/, ['message audio +']],
  [/^message (?:static|animated)_sticker$/, ['message sticker +']],
  [/^message (?:un)?reaction/, ['message reaction']],
  [/^message (?:current|chosen)_location$/, ['message location +']],
  [/^message unsupported/, ['message unsupported']],
  [/^message (?:reply|forwarded|forwarded_many_times|referral)$/, ['message text +']],
  [/^message interactive_message_with_err$/, ['message interactive +', 'ignored']],
  [/^message (text|video|document|audio|contacts|order)$/, ['message $1 +']],
  [/^message_status group$/, ['ignored']],
  [/^message_status with_tracker$/, ['status sent']],
  [/^message_status (.+)$/, ['status $1']],
  [/^outgoing_message /, ['echo']],
  [/^system phone_number_change$/, ['number-changed']],
  [/^system identity_change$/, ['message system']],
  [/^template_category_update /, ['template-category']],
  [/^template_components_update /, ['template-components']],
  [/^template_quality_update /, ['template-quality']],
  [/^template_status_update /, ['template-status']],
  [/^user_marketing_preferences /, ['marketing-preference false']],
];

function expectedFor(name: string): string[] | undefined {
  for (const [pattern, kinds] of EXPECTED) {
    const found = pattern.exec(name);
    if (found) {
      const type = found[1] === 'media_with_url' ? 'image' : (found[1] ?? '');
      return kinds.map((kind) => kind.replace('$1', type));
    }
  }
  return undefined;
}

const templates = [
  ...payloads(
    'meta-openapi',
    (file) => file.startsWith('template_create_'),
    (content) => 'components' in content,
  ),
  ...payloads(
    'pywa',
    (file) => /^template_(authentication|buttons|carousel|limited_time_offer)\.json$/.test(file),
    () => false,
  ),
  ...payloads(
    'meta-openapi',
    (file) => file === 'template_get_example_response.json',
    () => true,
  ),
  ...payloads(
    'meta-openapi',
    (file) => file === 'templates_list_example_response.json',
    () => true,
  ).flatMap(({ content }) =>
    (content['data'] as JsonObject[]).map((one, at) => ({ name: `templates_list ${at}`, content: one })),
  ),
];

/** The keys of their blanks; where they cannot be filled, what stands in the way. */
const TEMPLATES: [RegExp, string[] | RegExp][] = [
  [/authentication_template|^template_authentication|create_catalog_template/, /one-time passwords|OTP/],
  [/flow_template/, /FLOW/],
  [/multi_product|abandoned_cart$/, /MPM/],
  [/^template_carousel/, /CAROUSEL/],
  [/^template_limited_time_offer/, /LIMITED_TIME_OFFER/],
  [/abandoned_cart_offer/, /PRODUCT/],
  [/intro_catalog_offer/, /CATALOG/],
  [/document_header|order_confirmation/, ['header.document', 'body.1', 'body.2']],
  [/image_header/, ['header.image', 'body.1', 'body.2', 'body.3', 'button.1.url']],
  [/location_header|order_delivery_update/, ['header.location', 'body.1', 'body.2', 'button.0.payload']],
  [
    /text_header|seasonal_promotion/,
    ['header.1', 'body.1', 'body.2', 'body.3', 'button.0.payload', 'button.1.payload'],
  ],
  [/coupon_code/, ['body.1', 'body.2', 'button.0.payload', 'button.1.code']],
  [/template_get|templates_list 1/, ['body.1', 'body.2', 'button.0.payload']],
  [/templates_list 0/, []],
];

test('the payloads are all expected to be something', () => {
  expect(webhooks.filter(({ name }) => expectedFor(name) === undefined).map(({ name }) => name)).toEqual([]);
  expect(
    templates.filter(({ name }) => !TEMPLATES.some(([pattern]) => pattern.test(name))).map((one) => one.name),
  ).toEqual([]);
  expect(webhooks.length === 0 || webhooks.length > 50).toBe(true);
});

for (const { name, content } of webhooks) {
  test(`webhook ${name}`, () => {
    const items = parseWebhook(content);
    const told = items.map((item) => {
      if (item.kind === 'message') return `message ${item.type}${item.opensTicket ? ' +' : ''}`;
      if (item.kind === 'status') return `status ${item.status}`;
      return item.kind === 'marketing-preference' ? `${item.kind} ${item.optedOut}` : item.kind;
    });
    expect(told).toEqual(expectedFor(name));
    for (const item of items) expect(parseElement(JSON.parse(JSON.stringify(item.payload)))).toEqual(item);
  });
}

for (const { name, content } of templates) {
  test(`template ${name}`, () => {
    const components = content['components'] as JsonObject[];
    const format: ParameterFormat = content['parameter_format'] === 'NAMED' ? 'NAMED' : 'POSITIONAL';
    const expected = TEMPLATES.find(([pattern]) => pattern.test(name))![1];
    const support = isSupported(components);
    expect(preview(components, []).buttons.every((label) => label !== '')).toBe(true);
    if (expected instanceof RegExp) {
      expect(support).toEqual({ supported: false, reason: expect.stringMatching(expected) as string });
      return;
    }
    expect(support).toEqual({ supported: true });
    const parameters = parametersOf(components, format);
    expect(parameters.map(({ key }) => key)).toEqual(expected);
    const given = parameters.map(({ key, type }) => ({
      key,
      value:
        type === TemplateParameterType.LOCATION
          ? '1,2'
          : key.startsWith('header.') && type !== TemplateParameterType.TEXT
            ? 'https://a.example/x.pdf'
            : 'Z',
    }));
    expect(checkParameters(components, format, given)).toEqual([]);
    expect(JSON.stringify(preview(components, given))).not.toMatch(/\{\{\d/);
  });
}
