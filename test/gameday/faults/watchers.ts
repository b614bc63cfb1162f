import { setTimeout as sleep } from 'node:timers/promises';
import type { GameDayStack } from '../stack.ts';
import { type Fault, pidOf, processTells, until } from './fault.ts';
import { stranger, takePort } from './strangers.ts';

const SQUATTED_MS = 75_000;

/** @returns what gives it back */
async function squat(stack: GameDayStack, name: string, port: number): Promise<() => void> {
  process.kill(-pidOf(stack, name), 'SIGKILL');
  return takePort(stranger(), port);
}

const FIRES_WITHIN_MS = 180_000;
let giveBack = (): void => {};

/** What fires goes on while Prometheus is away: whoever is told meanwhile that it is over is told a lie. */
const prometheusSquatted: Fault = {
  name: 'a stranger answers in the place of Prometheus (200 to everything), while an alert fires',
  kind: 'Prometheus is squatted',
  tells: /^process\/prometheus$|^TradingPrometheusDown$/,
  // Of the coordinator, which cannot start.
  pages: /^TradingSystemDown$/,
  async prepare(stack) {
    const from = Date.now();
    giveBack = await squat(stack, 'mcp-coordinator', stack.installation.ports.coordinator);
    const isTold = (): boolean =>
      stack.receiver.notices.some(({ at, alert }) => at > from && alert === 'TradingSystemDown');
    while (!isTold() && Date.now() < from + FIRES_WITHIN_MS) await sleep(500);
  },
  async inject(stack) {
    const leave = await squat(stack, 'prometheus', stack.installation.ports.prometheus);
    setTimeout(() => {
      leave();
      giveBack();
    }, SQUATTED_MS);
    return Date.now() + SQUATTED_MS;
  },
  harm({ receiver }, injectedAt) {
    const { notices } = receiver;
    const fired = notices.some(
      ({ at, status }) => status === 'firing' && at < injectedAt && at > injectedAt - FIRES_WITHIN_MS,
    );
    if (!fired) return 'nothing fired before it: that nothing was called off is no proof';
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
  (stack) => squat(stack, 'alertmanager', stack.installation.ports.alertmanager),
);

export const watcherFaults: readonly Fault[] = [prometheusSquatted, alertmanagerSquatted];
