import type { Observation } from '../../domain/health/health.ts';
import type { Stack } from '../../stores/journal/books/stacks.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { type BooksClaim, describeStack } from './claim.ts';

const LOOK_MS = 5_000;
/** What goes on is told again, so that a person is called when it lasts. */
const AGAIN_MS = 60_000;

/** What one stack says of the others: the first of those that joined and died, those that joined that there is no first. */
export function observeStacks(stacks: readonly Stack[], { kind, fence }: BooksClaim['claim']): Observation {
  const others = stacks.filter((stack) => stack.fence !== fence);
  if (kind === 'joined') {
    const component = 'stacks/first';
    if (others.some((stack) => stack.kind === 'first' && stack.leftMs > 0)) return { component, detail: 'ok' };
    const detail = `nobody does housekeeping: ${others
      .filter((stack) => stack.kind === 'first')
      .map((stack) => `${describeStack(stack)} was not heard of any more`)
      .concat('"npm start" on its machine, or on another, takes it up again')
      .join('; ')}`;
    return { component, code: 'stack.no_first', detail };
  }
  const component = 'stacks/joined';
  const silent = others.filter((stack) => stack.kind === 'joined' && stack.leftMs <= 0);
  if (silent.length === 0) return { component, detail: 'ok' };
  return {
    component,
    code: 'stack.silent',
    detail: `not heard of any more, and its work is done by the others: ${silent.map(describeStack).join('; ')}`,
  };
}

/** Says when other stacks of these books are missing. Returns a function that ends it. */
export function watchStacks(
  { stacks }: Pick<Journal, 'stacks'>,
  claim: BooksClaim['claim'],
  tell: (observation: Observation) => void,
): () => void {
  let known = '';
  let toldAt = 0;
  // What those that joined have said while there was none.
  if (claim.kind === 'first') tell({ component: 'stacks/first', detail: 'ok' });
  const look = async (): Promise<void> => {
    const observation = observeStacks(await stacks.list(), claim);
    const said = JSON.stringify(observation);
    const isDue = observation.code !== undefined && performance.now() - toldAt > AGAIN_MS;
    if (said === known && !isDue) return;
    known = said;
    toldAt = performance.now();
    tell(observation);
  };
  // Of books that cannot be read the claim on them tells.
  const timer = setInterval(() => void look().catch(() => {}), LOOK_MS);
  return () => clearInterval(timer);
}
