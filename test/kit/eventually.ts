const PATIENCE = 10_000;
const PAUSE = 10;

/** Asks again until the answer is what is waited for; the answer then. Rejects with the last one after 10 seconds. */
export async function eventually<Answer>(
  ask: () => Answer | Promise<Answer>,
  isIt: (answer: Answer) => boolean,
  patience = PATIENCE,
): Promise<Answer> {
  const end = Date.now() + patience;
  for (;;) {
    const answer = await ask();
    if (isIt(answer)) return answer;
    if (Date.now() > end)
      throw new Error(`Waited ${patience} ms in vain; the last answer was ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}
