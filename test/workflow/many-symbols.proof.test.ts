import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CycleRecord, CycleSummary } from '../../contracts/cycle.ts';
import { seatIds, seatRow } from '../../domain/signals/seats.ts';
import { manySymbols } from '../support/many-symbols.ts';
import { expectBooksEqualExchange } from '../support/proof.ts';
import { type Rig, replayThenClose, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';

const SYMBOLS = 50;
/** A payload may have 2 MB, a history 50 MB; a snapshot once an agent would be some 6 MB. */
const MAX_HISTORY_BYTES = 2_000_000;

let environment: TestWorkflowEnvironment;
let rig: Rig;
beforeAll(async () => {
  environment = await startDevServer();
  const { symbols, paperExchange } = manySymbols(SYMBOLS);
  rig = await startRig(environment, {
    configuration: { symbols, paperBalance: '100000', risk: { maxOrdersPerMinute: 100 } },
    exchange: paperExchange,
    withIngestor: true,
  });
});
afterAll(() => environment?.teardown());

let cycles = 0;
async function cycle(): Promise<{ record: CycleRecord; bytes: number; events: number }> {
  cycles += 1;
  const handle = await rig.start('tradingCycle', `cycle/test/many-${cycles}`, {});
  const { cycleId } = (await handle.result()) as CycleSummary;
  const record = await rig.journal.cycles.find(cycleId);
  if (!record) throw new Error('the cycle left no record');
  const { historyLength, historySize } = await handle.describe();
  return { record, events: historyLength, bytes: historySize ?? 0 };
}

const opinionsOf = ({ answers }: CycleRecord) => answers.flatMap(({ opinions }) => opinions);

describe(`a cycle of ${SYMBOLS} symbols`, () => {
  it('hears every agent on every symbol, orders what it decides, and stays small', { timeout: 120_000 }, async () => {
    const { record, bytes, events } = await cycle();
    console.log(record.summary, { bytes, events, ms: record.finishedAt - record.startedAt });
    expect(record.outcome).toBe('COMPLETED');
    const always = seatIds.filter((id) => seatRow(id).takesPart !== 'when_asked');
    expect(record.answers.map(({ agentId }) => agentId)).toEqual(expect.arrayContaining(always));
    expect(opinionsOf(record).filter(({ kind }) => kind === 'signal')).toHaveLength(record.answers.length * SYMBOLS);
    expect(record.consensus?.symbols).toHaveLength(SYMBOLS);
    expect(record.orders.map(({ state }) => state)).toEqual(record.plan?.legs.map(() => 'filled'));
    expect(record.orders.length).toBeGreaterThan(1);
    expect(bytes).toBeLessThan(MAX_HISTORY_BYTES);
    await expectBooksEqualExchange(rig);
  });

  it('abstains, and decides nothing, where the snapshot is gone', { timeout: 120_000 }, async () => {
    const { buffer } = rig;
    const { keep } = buffer;
    buffer.keep = async () => undefined;
    const { record } = await cycle();
    buffer.keep = keep;
    expect(new Set(opinionsOf(record).map((each) => each.kind === 'abstention' && each.reason))).toEqual(
      new Set(['no_snapshot']),
    );
    expect(JSON.stringify(record.answers)).toContain('does not lie in the market buffer');
    expect(record.orders).toEqual([]);
  });

  it('replays', { timeout: 120_000 }, async () => {
    const replayed = await replayThenClose(rig);
    expect(replayed.filter(({ workflowType }) => workflowType === 'tradingCycle')).toHaveLength(cycles);
  });
});
