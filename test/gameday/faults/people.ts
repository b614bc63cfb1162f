import { isRunning } from '../../../activities/reconcile/missing.ts';
import {
  healthScheduleId,
  protectWorkflowId,
  reconcileScheduleId,
  TRADING_CONTROL_ID,
} from '../../../contracts/workflow-ids.ts';
import { decimal } from '../../../domain/money/money.ts';
import { loadSecrets } from '../../../runtime/configuration/secrets.ts';
import { until } from '../../paper-exchange/harness.ts';
import { signedCall } from '../../paper-exchange/signing.ts';
import type { GameDayStack } from '../stack.ts';
import type { Fault } from './fault.ts';

/** The models change their mind each 45 seconds. */
const HELD_WITHIN_MS = 180_000;

async function holdings({ journal }: GameDayStack) {
  return (await journal.ledger.positions('main')).filter(({ quantity }) => !decimal(quantity).isZero());
}

/** Something is held, and exits watch over all of it. */
async function areProtected(stack: GameDayStack): Promise<boolean> {
  const running = (await holdings(stack)).map(({ symbol }) =>
    isRunning(stack.client, protectWorkflowId('main', symbol)),
  );
  return running.length > 0 && (await Promise.all(running)).every(Boolean);
}

/** What people do by hand, past Sapphire. */
export const peopleFaults: readonly Fault[] = [
  {
    name: 'somebody terminates the protective exits',
    kind: 'protective exits are gone',
    tells: /^protection\/main$|^workflows\/main$/,
    async prepare(stack) {
      await until(async () => ((await areProtected(stack)) ? true : undefined), HELD_WITHIN_MS);
    },
    async inject(stack) {
      const { client } = stack;
      for (const { symbol } of await holdings(stack))
        await client.workflow.getHandle(protectWorkflowId('main', symbol)).terminate('game day');
      return Date.now();
    },
  },
  {
    name: 'somebody terminates the latch of the emergency stop',
    kind: 'the emergency stop is gone',
    tells: /^workflows\/main$/,
    async inject({ client }) {
      await client.workflow.getHandle(TRADING_CONTROL_ID).terminate('game day');
      return Date.now();
    },
  },
  {
    name: 'somebody deletes the schedule of reconciliation',
    kind: 'a schedule is gone',
    tells: /^schedule\/reconcile\/main$/,
    async inject({ client }) {
      await client.schedule.getHandle(reconcileScheduleId('main')).delete();
      return Date.now();
    },
  },
  {
    name: 'somebody deletes the schedule of health',
    kind: 'nobody looks any more',
    tells: /^workflows\/main$|^health$|^TradingHealthLookStale$/,
    async inject({ client }) {
      await client.schedule.getHandle(healthScheduleId('main')).delete();
      return Date.now();
    },
  },
  {
    name: 'somebody else sends an order on the account',
    kind: 'an order is not ours',
    tells: /^trading\/main$|^books\/main$|^TradingHalted$|^TradingBooksDiffer$/,
    async inject({ installation }) {
      const { paperApiKey: apiKey = '', paperSecret: secret = '' } = loadSecrets();
      const rest = `http://127.0.0.1:${installation.ports.exchange}/api/v3`;
      const account = { name: 'main', apiKey, secret, created: false, urls: { rest, ws: '', wsApi: '' } };
      const wish = {
        symbol: 'BTCUSDT',
        side: 'BUY',
        type: 'LIMIT',
        timeInForce: 'GTC',
        quantity: '0.001',
        price: '20000',
      };
      await signedCall(account, 'POST', '/order', {
        ...wish,
        newClientOrderId: `gameday-${Date.now()}`,
      });
      return Date.now();
    },
  },
];
