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

const SET_FOR_MS = 170_000;
const USUAL_SECONDS = 30;
const RARER_SECONDS = 300;

/** Each 30 s is the interval of the configuration; what a person says of the schedule goes before it. */
let setAt = 0;
const rarer: Fault = {
  name: 'somebody sets the interval of cycles to 300 s (which is no fault)',
  kind: 'a person changes the schedule',
  tells: /^schedule\/cycles?|^cycle\/|^market\/|^health$|^Trading(CyclesStalled|MarketDataStale)/,
  isNone: true,
  async inject({ installation }) {
    await setInterval(installation, RARER_SECONDS);
    setAt = Date.now();
    setTimeout(() => void setInterval(installation, USUAL_SECONDS), SET_FOR_MS);
    return setAt + SET_FOR_MS;
  },
  async harm({ journal }) {
    const cycles = await journal.cycles.list('main', 20);
    const unasked = cycles.filter(({ startedAt }) => startedAt > setAt && startedAt < setAt + SET_FOR_MS);
    // One falls into the time anyhow where a whole 300 s are over in it.
    return unasked.length > 1 ? `${unasked.length} cycles ran that nobody asked for` : undefined;
  },
};

async function setInterval(installation: GameDayStack['installation'], seconds: number): Promise<void> {
  const { code, stderr } = await installation.sapphire('schedule', 'set', '--interval', String(seconds));
  if (code !== 0) throw new Error(`the schedule could not be set: ${stderr}`);
}

/** What people do by hand, past Sapphire. */
export const peopleFaults: readonly Fault[] = [
  rarer,
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
