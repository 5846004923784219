/**
 * What the page uses of `htm/preact/standalone.module.js`, which the server serves as `/sandbox/page/htm.js`: Preact,
 * its hooks, and `html`, which takes markup as a template literal. The package's own types need Preact's beside them.
 */
export interface VNode {
  readonly type: unknown;
  readonly props: Readonly<Record<string, unknown>>;
}
export type Child = VNode | string | number | boolean | null | undefined | readonly Child[];
export interface Reference<T> {
  current: T;
}

export function html(strings: TemplateStringsArray, ...values: unknown[]): VNode;
export function h(type: unknown, properties: object | null, ...children: Child[]): VNode;
export function render(tree: Child, parent: Element): void;

export function useState<T>(initial: T | (() => T)): [T, (next: T | ((now: T) => T)) => void];
/** What an effect returns, where it does, undoes it. */
export function useEffect(effect: () => void, dependencies?: readonly unknown[]): void;
export function useLayoutEffect(effect: () => void, dependencies?: readonly unknown[]): void;
export function useMemo<T>(make: () => T, dependencies: readonly unknown[]): T;
export function useRef<T>(initial: T): Reference<T>;
