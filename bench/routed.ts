import type { Contender } from './contender';
import type { Dataset } from './dataset';
import { toldIn, type Hearers } from './hearers';
import { Hearing } from './hearing';
import { Line, paceOfWork } from './load';
import { reportOf } from './operations';

/** What a message goes through at the provider once that has taken it: each is an event of its own. */
const STEPS = ['sent', 'delivered', 'read'];

const HEAR = 'subscription { sendStatusChanged { status send { id } } }';
const SEND = /"send":\{"id":"([^"]+)"/;

/** Events that only the subscriptions of one agent hear, while those of all the others are there too. */
export interface Routed {
  /** What one of them was told of the first event. */
  told: unknown;
  /** Events in a second that had reached all subscriptions of their agent. */
  rate: number;
}

/**
 * Measures how fast events reach the one agent that they are for. What causes them are the provider's reports on
 * messages; who is told is the agent who sent the message.
 * @param hearers who are there already.
 */
export async function measureRouted(
  contender: Contender,
  hearers: Hearers,
  dataset: Dataset,
  { seconds }: { seconds: number },
): Promise<Routed> {
  const { accepted } = dataset;
  const hearings = new Map<string, Hearing>();
  let told: unknown = null;
  await hearers.listen(HEAR, (frame) => {
    told ??= toldIn(frame);
    const hearing = hearings.get(SEND.exec(frame.toString('latin1'))?.[1] ?? '');
    if (!hearing) throw new Error(`A subscriber was told what is not for it: ${frame.toString()}`);
    hearing.heard();
  });
  const line = new Line(contender);
  let events = 0;
  const event = async (): Promise<void> => {
    const send = accepted[events % accepted.length];
    const status = STEPS[Math.floor(events / accepted.length)];
    if (!send || status === undefined) throw new Error('There are no more sends to report on');
    events += 1;
    const hearing = new Hearing(hearers.subscriptionsOf(send.hearer));
    hearings.set(send.id, hearing);
    const report = { id: `wamid.${events}`, status, biz_opaque_callback_data: send.id };
    await Promise.all([line.ask(reportOf(dataset, report)), hearing.all]);
    hearings.delete(send.id);
  };
  try {
    await event();
    await paceOfWork(event, seconds / 4);
    const { rate } = await paceOfWork(event, seconds);
    return { told, rate };
  } finally {
    await line.close();
  }
}
