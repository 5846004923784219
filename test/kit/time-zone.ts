/** Sets the time zone of this process, as the variable TZ does; what it gives back takes that back. */
export function setTimeZone(timeZone: string): () => void {
  // A test has a copy of the environment, which Node.js takes no zone from.
  const { env } = (globalThis as unknown as { loadOnce: NodeJS.Require }).loadOnce(
    'node:process',
  ) as NodeJS.Process;
  const before = env['TZ'];
  env['TZ'] = timeZone;
  return () => {
    if (before === undefined) delete env['TZ'];
    else env['TZ'] = before;
  };
}
