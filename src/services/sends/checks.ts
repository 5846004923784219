import { checkParameters, preview, type TemplatePreview } from '../../channels/template-content';
import type { Rows } from '../../database/rows';
import { BotRow } from '../../entities/bot';
import type { ContactRow } from '../../entities/contact';
import { TemplateCategory, UserErrorCode } from '../../entities/enums';
import type { TemplateRow } from '../../entities/template';
import type { TemplateActivationRow } from '../../entities/template-activation';
import type { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { badInput } from '../../problems';
import { authorize } from '../access/access';
import type { ServiceContext } from '../context';
import { connectedChannels, eligibilityErrors, NO_ROUTE, routesOf, standingOf } from '../desk/eligibility';
import { userError, type UserError } from '../outcome';
import { checkRecipient, readRecipient, type RecipientRequest } from './recipient-checks';
import { namedTemplate, sendableTemplateErrors } from '../templates/sendable-templates';
import type { Viewer } from '../access/viewer';

/** More blanks than any template has. */
const MOST_PARAMETERS = 500;

/** What somebody wants to send, as far as it is filled in. */
export interface SendRequest {
  botId: string;
  templateId: string;
  recipient?: RecipientRequest | null;
  parameters?: readonly { key: string; value: string }[] | null;
}

/** All that the checks found: every refusal, and the things that the request names. */
export interface CheckedSend {
  errors: UserError[];
  bot: BotRow | null;
  channel: WhatsAppChannelRow | null;
  template: TemplateRow | null;
  activation: TemplateActivationRow | null;
  /** The contact as it is; null where a new number becomes one. */
  contact: ContactRow | null;
  /** The recipient's number, where it was given as one. */
  phone: string | null;
  preview: TemplatePreview | null;
}

/** Who asked earlier: neither presence nor what the sender sees of the contact matters then. */
export interface EarlierSender {
  agentId: string;
}

/** Every check that stands before a send, all at once (DOMAIN.md 18). Nothing is changed. */
export async function checkRequest(
  rows: Rows,
  sender: Viewer | EarlierSender,
  request: SendRequest,
): Promise<CheckedSend> {
  const parameters = request.parameters ?? [];
  if (parameters.length > MOST_PARAMETERS) {
    throw badInput(`\`parameters\` holds ${parameters.length} values: at most ${MOST_PARAMETERS} are taken.`);
  }
  const { botId, templateId } = request;
  const earlier = 'agentId' in sender ? sender : null;
  const viewer = 'agentId' in sender ? null : sender;
  const own = connectedChannels(rows, [botId]);
  const [bot, named, standing, recipientNamed] = await Promise.all([
    rows.byId(BotRow, botId),
    namedTemplate(rows, botId, templateId),
    standingOf(rows, earlier?.agentId ?? viewer?.agent?.id ?? null, [botId]),
    readRecipient(rows, viewer, request.recipient ?? {}),
    own,
  ]);
  const route = (bot && (await routesOf(rows, [bot], own)).get(bot.id)) ?? NO_ROUTE;
  const channel = route.sending;
  const { template } = named;
  const marketing = template?.category === TemplateCategory.MARKETING;
  const recipient = await checkRecipient(rows, recipientNamed, { channel, marketing });
  const eligibility = bot
    ? eligibilityErrors(standing, bot, route, { presence: viewer !== null, field: BOT_FIELD })
    : [noBot()];
  const templateErrors =
    bot || !template ? sendableTemplateErrors(named, channel?.id ?? null, TEMPLATE_FIELD) : [];
  return {
    errors: [
      ...eligibility,
      ...templateErrors,
      ...recipient.errors,
      ...(template ? parameterErrors(template, parameters) : []),
    ],
    bot,
    channel,
    template,
    activation: named.activation,
    contact: recipient.contact,
    phone: recipient.phone,
    preview: template && preview(template.components, parameters),
  };
}

/** What `checkSend` answers. */
export interface SendChecked {
  ok: boolean;
  preview: TemplatePreview | null;
  userErrors: UserError[];
}

/** The checks of a send and its preview, on what is filled in so far; stores nothing. */
export async function checkSend(context: ServiceContext, input: SendRequest): Promise<SendChecked> {
  authorize(context.viewer, 'sends.read');
  const { errors, preview: shown } = await checkRequest(context.rows, context.viewer, input);
  return { ok: errors.length === 0, preview: shown, userErrors: errors };
}

const BOT_FIELD = ['input', 'botId'];
const TEMPLATE_FIELD = ['input', 'templateId'];

function noBot(): UserError {
  return userError(UserErrorCode.NOT_FOUND, 'There is no such bot: name one that `bots` lists.', BOT_FIELD);
}

function parameterErrors(
  template: TemplateRow,
  parameters: readonly { key: string; value: string }[],
): UserError[] {
  const problems = checkParameters(template.components, template.parameterFormat, parameters);
  return problems.map(({ key, code, message }) => {
    const index = parameters.findIndex((parameter) => parameter.key === key);
    const part = code === 'PARAMETER_UNKNOWN' ? 'key' : 'value';
    const field = ['input', 'parameters', ...(index < 0 ? [] : [String(index), part])];
    return userError(
      UserErrorCode[code],
      code === 'PARAMETER_INVALID' ? `The blank ${key}: ${message}` : message,
      field,
    );
  });
}
