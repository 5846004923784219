import { graphQl } from './ask';
import type { Contender } from './contender';
import type { Dataset } from './dataset';
import { toldIn, type Hearers } from './hearers';
import { Hearing } from './hearing';

const HEAR = 'subscription { presenceChanged { presence agent { id name } } }';
const SET = `mutation ($input: SetPresenceInput!) { setPresence(input: $input) { agent { id } } }`;

/** Events that all subscribers of a server hear, one after another. */
export interface Fanout {
  /** What one of them was told of the first event. */
  told: unknown;
  /** Deliveries in a second. */
  rate: number;
  /**
   * How many kB the server got for each subscription of the second half: what the first ones make it get once, such as
   * room for garbage, is no part of what each costs.
   */
  memoryOfEach: number;
}

/**
 * Opens sockets, and measures how events reach all who subscribe, and what a subscription costs that hears nothing.
 * @param hearers who are not there yet.
 */
export async function measureFanout(
  contender: Contender,
  hearers: Hearers,
  { agentToken, agentTokens }: Dataset,
  { sockets, seconds }: { sockets: number; seconds: number },
): Promise<Fanout> {
  let hearing: Hearing | null = null;
  let told: unknown = null;
  await hearers.listen(HEAR, (frame) => {
    told ??= toldIn(frame);
    hearing?.heard();
  });
  const countAll = (): number =>
    agentTokens.reduce((sum, _token, place) => sum + hearers.subscriptionsOf(place), 0);
  await hearers.open(sockets / 2);
  const [half, before] = [countAll(), contender.memory()];
  await hearers.open(sockets);
  const all = countAll();
  const memoryOfEach = (contender.memory() - before) / (all - half);
  let events = 0;
  const event = async (): Promise<void> => {
    events += 1;
    hearing = new Hearing(all);
    const presence = events % 2 === 0 ? 'ONLINE' : 'PAUSED';
    await contender.answer(graphQl(agentToken, SET, { input: { presence } }));
    await hearing.all;
  };
  for (let warm = 0; warm < 2; warm += 1) await event();
  const begun = performance.now();
  const first = events;
  while (performance.now() - begun < seconds * 1_000) await event();
  const rate = ((events - first) * all) / ((performance.now() - begun) / 1_000);
  return { told, rate, memoryOfEach };
}
