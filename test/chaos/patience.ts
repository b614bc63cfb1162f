import type { Journal } from '../../stores/journal/port.ts';
import { until } from './wait.ts';

const PATIENCE_MS = 60_000;

/** The books of a server that comes and goes: each method is idempotent, and asked again until it is answered. */
export function patient(journal: Journal): Journal {
  const wrap = <T extends object>(target: T, path: string): T =>
    new Proxy(target, {
      get: (_target, name) => {
        const value: unknown = Reflect.get(target, name);
        const words = `${path}.${String(name)}`;
        if (typeof value === 'function') {
          return (...given: unknown[]) =>
            until(words, PATIENCE_MS, async () => ({ answer: await Reflect.apply(value, target, given) })).then(
              ({ answer }) => answer as unknown,
            );
        }
        return typeof value === 'object' && value !== null ? wrap(value, words) : value;
      },
    });
  return wrap(journal, 'journal');
}
