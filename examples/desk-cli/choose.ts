import { bold, red } from './colours';
import type { Terminal } from './terminal';

/** Shows a numbered list; undefined where what was typed is no number of it. */
export function numbered<Item>(items: readonly Item[], answer: string): Item | undefined {
  return /^\d+$/.test(answer) ? items[Number(answer) - 1] : undefined;
}

export function list<Item>(terminal: Terminal, items: readonly Item[], label: (item: Item) => string): void {
  items.forEach((item, index) => terminal.print(`  ${bold(String(index + 1).padStart(2))}  ${label(item)}`));
}

/** Lets the person pick one of a list by its number. @throws Canceled, InputEnded */
export async function choose<Item>(
  terminal: Terminal,
  question: string,
  items: readonly Item[],
  label: (item: Item) => string,
): Promise<Item> {
  list(terminal, items, label);
  for (;;) {
    const chosen = numbered(items, await terminal.ask(question));
    if (chosen !== undefined) return chosen;
    terminal.print(red(`Type a number from 1 to ${items.length}, or /cancel.`));
  }
}
