import type { Api } from './api';
import { bold, dim } from './colours';
import type { Choice } from './choose-template';
import {
  CheckSendDocument,
  type CheckSendInput,
  type DeskPreviewFragment,
  type TemplateParameterInput,
} from './operations.generated';
import { blankOf, describe } from './refusals';
import type { Terminal } from './terminal';

type Blank = Choice['template']['parameters'][number];

const HINTS: Partial<Record<Blank['type'], string>> = {
  IMAGE: 'https address of a picture',
  VIDEO: 'https address of a video',
  DOCUMENT: 'https address of a file',
  LOCATION: 'latitude,longitude,name,address',
  URL_SUFFIX: 'end of the address',
};

/** Shows a message as the customer would see it. */
export function showPreview(
  terminal: Terminal,
  { header, body, footer, buttons }: DeskPreviewFragment,
): void {
  const taps = buttons.length > 0 ? [buttons.map((button) => `[${button}]`).join(' ')] : [];
  for (const part of [header && bold(header), body, footer && dim(footer), ...taps]) {
    for (const line of part?.split('\n') ?? []) terminal.print(`  ${dim('│')} ${line}`);
  }
}

function question({ key, type, required, example }: Blank): string {
  const hints = [HINTS[type], example && `e.g. ${example}`, required ? null : 'Enter leaves it out'];
  const about = hints.filter((hint) => hint != null).join('; ');
  return `${bold(key)}${about === '' ? '' : ` (${about})`}`;
}

/** Asks for one blank until the server has nothing against its value; shows the text as it fills. */
async function fill(api: Api, terminal: Terminal, blank: Blank, input: CheckSendInput): Promise<string> {
  const others = (input.parameters ?? []).filter(({ key }) => key !== blank.key);
  for (;;) {
    const value = await terminal.ask(question(blank));
    if (value === '' && !blank.required) return value;
    const parameters = [...others, { key: blank.key, value }];
    const { checkSend } = await api.run(CheckSendDocument, { input: { ...input, parameters } });
    const refusals = (checkSend?.userErrors ?? []).filter((refusal) => blankOf(refusal) === others.length);
    if (refusals.length === 0) {
      if (checkSend?.preview) showPreview(terminal, checkSend.preview);
      return value;
    }
    refusals.forEach((refusal) => terminal.print(describe(refusal)));
  }
}

/**
 * Third step: what stands in the blanks.
 * @param only the keys of the blanks to ask for again; all by default.
 */
export async function fillBlanks(
  api: Api,
  terminal: Terminal,
  { template }: Choice,
  input: CheckSendInput,
  only: ReadonlySet<string> | null = null,
): Promise<TemplateParameterInput[]> {
  let parameters = [...(input.parameters ?? [])];
  for (const blank of template.parameters) {
    // What a tapped button tells programs is not for a person to fill in.
    if (blank.type === 'PAYLOAD' && !blank.required) continue;
    if (only && !only.has(blank.key)) continue;
    const value = await fill(api, terminal, blank, { ...input, parameters });
    parameters = parameters.filter(({ key }) => key !== blank.key);
    if (value !== '') parameters.push({ key: blank.key, value });
  }
  return parameters;
}
