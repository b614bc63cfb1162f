import { describe, expect, it } from 'vitest';
import type { CycleSummary } from '../../contracts/cycle.ts';
import { orderWorkflowId } from '../../contracts/workflow-ids.ts';
import { missionAgentIds } from '../../domain/signals/agents.ts';
import { historySizeOf } from '../support/history-size.ts';
import { manySymbols } from '../support/many-symbols.ts';
import { replayThenClose, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';
import { modelWords } from '../support/words.ts';

const FEW = 2;
const MORE = 6;
const MAX_BYTES = 60_000;
const MAX_BYTES_A_SYMBOL = 4_000;
/** What an order adds: its leg in the plan, and the start and end of its workflow. */
const MAX_BYTES_AN_ORDER = 3_500;
const MAX_BYTES_OF_ORDER = 8_000;

/** Cycles of so many symbols, on which all six agents hold a view at length: one that orders each of them, and one that orders none. */
async function cyclesOf(count: number): Promise<{ ordering: number; idle: number; orders: number[] }> {
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
    return {
      bytes: (await historySizeOf(handle)).bytes,
      orders: (await Promise.all(orders)).map(({ bytes }) => bytes),
    };
  };
  const ordering = await cycle(0.01, count);
  const idle = await cycle(0, 0);
  await replayThenClose(rig);
  await environment.teardown();
  return { ordering: ordering.bytes, idle: idle.bytes, orders: ordering.orders };
}

describe('what a cycle leaves in Temporal', () => {
  it('is bounded by its symbols, however much each agent says', { timeout: 180_000 }, async () => {
    const few = await cyclesOf(FEW);
    const more = await cyclesOf(MORE);
    console.log({ few, more });
    expect(few.ordering).toBeLessThan(MAX_BYTES);
    expect(few.idle).toBeLessThan(few.ordering);
    const further = MORE - FEW;
    expect((more.idle - few.idle) / further).toBeLessThan(MAX_BYTES_A_SYMBOL);
    expect((more.ordering - more.idle) / MORE).toBeLessThan(MAX_BYTES_AN_ORDER);
    expect(more.ordering).toBeLessThan(MAX_BYTES + further * MAX_BYTES_A_SYMBOL);
    expect(Math.max(...few.orders, ...more.orders)).toBeLessThan(MAX_BYTES_OF_ORDER);
  });
});
