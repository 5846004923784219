import type { Api } from './api';
import { list, numbered } from './choose';
import { dim, yellow } from './colours';
import { SendableTemplatesDocument, type SendableTemplatesQuery } from './operations.generated';
import { describe } from './refusals';
import { Canceled, type Terminal } from './terminal';

type Template = NonNullable<SendableTemplatesQuery['templates']>['nodes'][number];
type Bot = Template['activations'][number]['bot'];

/** A template, and the bot that sends it: the same template may be enabled on several. */
export interface Choice {
  readonly template: Template;
  readonly bot: Bot;
}

function choices(templates: readonly Template[]): Choice[] {
  return templates.flatMap((template) =>
    template.activations
      .filter(({ sendable, bot }) => sendable && bot.sendEligibility.allowed)
      .map(({ bot }) => ({ template, bot })),
  );
}

/** Why nothing can be sent: what every bot that has a template says, each reason once. */
function reasons(templates: readonly Template[]): string[] {
  const bots = templates.flatMap(({ activations }) => activations.map(({ bot }) => bot));
  return [...new Set(bots.flatMap((bot) => bot.sendEligibility.reasons.map((reason) => describe(reason))))];
}

/** How much of its text tells a template from its neighbours in the list. */
const BEGINNING = 60;

function label({ template, bot }: Choice): string {
  const text = template.preview.body.replaceAll('\n', ' ');
  const beginning = text.length > BEGINNING ? `${text.slice(0, BEGINNING)}…` : text;
  return `${template.name} ${dim(`${template.language}, ${bot.name}`)}  ${beginning}`;
}

/** First step: which template, of those that this person may send now. @throws Canceled where there is none. */
export async function chooseTemplate(api: Api, terminal: Terminal): Promise<Choice> {
  for (let search: string | null = null; ;) {
    const { templates } = await api.run(SendableTemplatesDocument, { search });
    const found = choices(templates?.nodes ?? []);
    if (found.length === 0 && search === null) {
      reasons(templates?.nodes ?? []).forEach((reason) => terminal.print(reason));
      terminal.print(yellow('There is no template that you may send now.'));
      throw new Canceled();
    }
    if (found.length === 0) terminal.print(yellow('No template is called anything like that.'));
    list(terminal, found, label);
    const answer = await terminal.ask('Which template? Its number, or part of its name; /cancel goes back.');
    const chosen = numbered(found, answer);
    if (chosen) return chosen;
    search = answer === '' ? null : answer;
  }
}
