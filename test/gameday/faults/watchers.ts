import { setTimeout as sleep } from 'node:timers/promises';
import type { GameDayStack } from '../stack.ts';
import { type Fault, pidOf, processTells, until } from './fault.ts';
import { stranger, takePort } from './strangers.ts';

const SQUATTED_MS = 75_000;

/** @returns what gives it back */
async function squat(stack: GameDayStack, name: 'prometheus' | 'alertmanager'): Promise<() => void> {
  process.kill(-pidOf(stack, name), 'SIGKILL');
  return takePort(stranger(), stack.installation.ports[name]);
}

const FIRES_WITHIN_MS = 180_000;

/** What fires goes on while Prometheus is away: whoever is told meanwhile that it is over is told a lie. */
const prometheusSquatted: Fault = {
  name: 'a stranger answers in the place of Prometheus (200 to everything), while a model is away',
  kind: 'Prometheus is squatted',
  tells: processTells('prometheus'),
  // Of the model.
  pages: /^TradingCircuitBreakerOpen$/,
  async prepare({ model, receiver }) {
    const from = Date.now();
    model.mode = 'away';
    const isTold = (): boolean => receiver.notices.some(({ at, status }) => at > from && status === 'firing');
    while (!isTold() && Date.now() < from + FIRES_WITHIN_MS) await sleep(500);
  },
  async inject(stack) {
    const free = await squat(stack, 'prometheus');
    setTimeout(() => {
      free();
      stack.model.mode = 'well';
    }, SQUATTED_MS);
    return Date.now() + SQUATTED_MS;
  },
  harm({ receiver }, injectedAt) {
    const { notices } = receiver;
    const firing = notices.filter(({ at, status }) => status === 'firing' && at > injectedAt - FIRES_WITHIN_MS);
    if (!firing.some(({ at }) => at < injectedAt))
      return 'nothing fired before it: that nothing was called off is no proof';
    const lies = notices.filter(
      ({ status, at }) => status === 'resolved' && at > injectedAt && at < injectedAt + SQUATTED_MS,
    );
    return lies.length === 0
      ? undefined
      : `called off while nobody looked: ${lies.map(({ alert }) => alert).join(', ')}`;
  },
};

const alertmanagerSquatted = until(
  {
    name: 'a stranger answers in the place of Alertmanager (200 to everything)',
    kind: 'Alertmanager is squatted',
    tells: processTells('alertmanager'),
  },
  SQUATTED_MS,
  (stack) => squat(stack, 'alertmanager'),
);

export const watcherFaults: readonly Fault[] = [prometheusSquatted, alertmanagerSquatted];
