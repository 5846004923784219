/** Has the next part made while one is used, so that the database and whoever uses the parts are not waited for in turn. */
export async function* oneAhead<Part>(parts: AsyncGenerator<Part, void>): AsyncGenerator<Part, void> {
  let next = parts.next();
  try {
    for (let part = await next; part.done !== true; part = await next) {
      next = parts.next();
      // What fails is told when its turn comes, and to nobody where no more parts are wanted.
      next.catch(() => undefined);
      yield part.value;
    }
  } finally {
    await parts.return();
  }
}
