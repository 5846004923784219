import type { Clock } from '../clock';
import type { Viewer } from '../services/access/viewer';
import { callerId } from '../services/access/viewer';

/** Milliseconds for which an answer is given to others: it tells of things as they were when it was made. */
const SHARED_FOR = 500;

/** What an event is answered to, besides its caller: what is the same in all of it has the same answer. */
export interface Question {
  /** The text of the operation, and which one of it. */
  readonly document: string;
  readonly operationName: string | null;
  readonly variables: unknown;
}

/** An answer as it is sent. */
export interface Answer {
  readonly text: string;
  /** Whether it may be given to others who have the same rights: one with errors tells of its own request. */
  readonly isForAll: boolean;
}

/** The answers to one event, by rights and question. */
interface Told {
  readonly answers: Map<string, Promise<Answer>>;
  readonly until: number;
}

/**
 * Answers to events that many hear: made once for all of one role of one contract who ask the same, where making it
 * looked at nothing of the caller but that role. Answers of machines are each key's own.
 */
export class SharedAnswers {
  /** Of the latest events, the oldest first. */
  private readonly told = new Map<object, Told>();

  constructor(private readonly clock: Clock) {}

  /**
   * The answer to one event.
   * @param event its place and its facts as this caller hears them: the same object, where others hear the same.
   * @param question from `questionOf`.
   * @param make answers it for the viewer that it is given.
   */
  async to(
    event: object,
    question: string,
    viewer: Viewer,
    make: (viewer: Viewer) => Promise<Answer>,
  ): Promise<string> {
    const { answers } = this.toldOf(event);
    const key = `${viewer.contractId} ${rightsOf(viewer)} ${question}`;
    const begun = answers.get(key);
    if (begun) {
      const known = await begun.catch(() => null);
      return known?.isForAll ? known.text : (await make(viewer)).text;
    }
    const answer = this.answer(viewer, make);
    answers.set(key, answer);
    return (await answer).text;
  }

  private toldOf(event: object): Told {
    const now = this.clock.elapsed();
    for (const [oldest, { until }] of this.told) {
      if (until > now) break;
      this.told.delete(oldest);
    }
    const told = this.told.get(event) ?? { answers: new Map(), until: now + SHARED_FOR };
    this.told.set(event, told);
    return told;
  }

  private async answer(viewer: Viewer, make: (viewer: Viewer) => Promise<Answer>): Promise<Answer> {
    const watched = watch(viewer);
    const { text, isForAll } = await make(watched.viewer);
    return { text, isForAll: isForAll && !watched.isPersonal() };
  }
}

/** A question's part of what an answer is known by. */
export function questionOf({ document, operationName, variables }: Question): string {
  return JSON.stringify([document, operationName, variables]);
}

function rightsOf(viewer: Viewer): string {
  return viewer.agent ? viewer.agent.role : callerId(viewer);
}

/** The viewer, and whether anything of the person was looked at but the role. */
function watch(viewer: Viewer): { viewer: Viewer; isPersonal: () => boolean } {
  if (!viewer.agent) return { viewer, isPersonal: () => false };
  let isPersonal = false;
  const agent = new Proxy(viewer.agent, {
    get(target, property, receiver): unknown {
      if (property !== 'role') isPersonal = true;
      return Reflect.get(target, property, receiver) as unknown;
    },
    ownKeys(target): ArrayLike<string | symbol> {
      isPersonal = true;
      return Reflect.ownKeys(target);
    },
  });
  return { viewer: { ...viewer, agent }, isPersonal: () => isPersonal };
}
