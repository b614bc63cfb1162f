import { describe, expect, it } from 'vitest';
import type { CycleSummary } from '../../contracts/cycle.ts';
import { orderWorkflowId } from '../../contracts/workflow-ids.ts';
import { missionAgentIds } from '../../domain/signals/agents.ts';
import { historySizeOf } from '../support/history-size.ts';
import { manySymbols } from '../support/many-symbols.ts';
import { replayThenClose, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';
import { modelWords } from '../support/words.ts';

/** Numbers of symbols, the smallest first; `npm run bench -- history` asks for more. */
const counts = (process.env['HISTORY_SYMBOLS'] ?? '2,6').split(',').map(Number);
const MAX_BYTES = 60_000;
const MAX_BYTES_A_SYMBOL = 4_250;
/** What an order adds: its leg in the plan, and the start and end of its workflow. */
const MAX_BYTES_AN_ORDER = 3_500;
const MAX_BYTES_OF_ORDER = 5_000;

/** Cycles of so many symbols, on which all six agents hold a view at length: one that orders each of them, and one that orders none. */
async function cyclesOf(count: number) {
  const environment = await startDevServer();
  const { symbols, paperExchange } = manySymbols(count);
  const rig = await startRig(environment, {
    agents: missionAgentIds,
    configuration: { symbols, paperBalance: '100000', risk: { maxOrdersPerMinute: 100 } },
    exchange: paperExchange,
    withIngestor: true,
  });
  const cycle = async (expectedReturn: number, ordered: number) => {
    rig.views.current = { expectedReturn, ...modelWords };
    const handle = await rig.start('tradingCycle', `cycle/test/${count}-${expectedReturn}`, {});
    const { cycleId } = (await handle.result()) as CycleSummary;
    const record = await rig.journal.cycles.find(cycleId);
    if (!record) throw new Error('the cycle left no record');
    const signals = record.answers.flatMap(({ opinions }) => opinions).filter(({ kind }) => kind === 'signal');
    expect(signals).toHaveLength(missionAgentIds.length * count);
    expect(signals[0]).toMatchObject(modelWords);
    expect(record.consensus?.symbols).toHaveLength(count);
    expect(record.orders).toHaveLength(ordered);
    const orders = record.orders.map(({ legId }) =>
      historySizeOf(rig.client.workflow.getHandle(orderWorkflowId(legId))),
    );
    return { ...(await historySizeOf(handle)), orders: (await Promise.all(orders)).map(({ bytes }) => bytes) };
  };
  const ordering = await cycle(0.01, count);
  const idle = await cycle(0, 0);
  await replayThenClose(rig);
  await environment.teardown();
  const asJson = { ordering: ordering.jsonBytes, idle: idle.jsonBytes };
  return { ordering: ordering.bytes, idle: idle.bytes, orders: ordering.orders, asJson };
}

describe('what a cycle leaves in Temporal', () => {
  it('is bounded by its symbols, however much each agent says', { timeout: 600_000 }, async () => {
    const measured: ({ symbols: number } & Awaited<ReturnType<typeof cyclesOf>>)[] = [];
    for (const symbols of counts) {
      const cycles = await cyclesOf(symbols);
      console.log(JSON.stringify({ symbols, ...cycles }));
      measured.push({ symbols, ...cycles });
    }
    for (const { symbols, idle, ordering, orders } of measured) {
      const bound = MAX_BYTES + Math.max(0, symbols - 2) * (MAX_BYTES_A_SYMBOL + MAX_BYTES_AN_ORDER);
      expect(ordering, `${symbols} symbols, each ordered`).toBeLessThan(bound);
      expect(idle).toBeLessThan(ordering);
      expect((ordering - idle) / symbols).toBeLessThan(MAX_BYTES_AN_ORDER);
      expect(Math.max(...orders)).toBeLessThan(MAX_BYTES_OF_ORDER);
    }
    const [few, more] = [measured[0], measured.at(-1)];
    if (!few || !more || few === more) throw new Error('two numbers of symbols are needed');
    expect((more.idle - few.idle) / (more.symbols - few.symbols)).toBeLessThan(MAX_BYTES_A_SYMBOL);
  });
});
