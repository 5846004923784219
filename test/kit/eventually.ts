const PATIENCE = 10_000;
/** Milliseconds between two questions: asking takes the machine from what is waited for, so that it is asked less and less often. */
const SHORTEST_PAUSE = 10;
const LONGEST_PAUSE = 100;

/** Asks again until the answer is what is waited for; the answer then. Rejects with the last one after 10 seconds. */
export async function eventually<Answer>(
  ask: () => Answer | Promise<Answer>,
  isIt: (answer: Answer) => boolean,
  patience = PATIENCE,
): Promise<Answer> {
  const end = Date.now() + patience;
  for (let pause = SHORTEST_PAUSE; ; pause = Math.min(LONGEST_PAUSE, pause * 1.25)) {
    const answer = await ask();
    if (isIt(answer)) return answer;
    if (Date.now() > end)
      throw new Error(`Waited ${patience} ms in vain; the last answer was ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
