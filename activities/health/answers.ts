import type { Client } from '@temporalio/client';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { TradingControlState } from '../../contracts/control.ts';
import type { ProtectionState } from '../../contracts/protection.ts';
import { plainText } from '../../contracts/text.ts';
import { protectWorkflowId, TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { type Observation, observed } from '../../domain/health/health.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { guardedHoldings } from '../../trading/health/books.ts';

/** What guards money and has not answered for so long is told of: that a workflow runs does not say that it works. */
export const SILENT_MS = 15_000;
const TIMEOUT_MS = 3_000;

/** Asks the workflows that guard money, and remembers when each last answered. */
export function createAnswerWatch(
  client: Client,
  journal: Pick<Journal, 'ledger'>,
  { account, symbols }: Pick<Configuration, 'account' | 'symbols'>,
  startedAt: number,
) {
  const answeredAt = new Map<string, number>();

  const ask = async <State>(
    workflowId: string,
    query: string,
  ): Promise<State | { silentMs: number; reason: string }> => {
    if (!answeredAt.has(workflowId)) answeredAt.set(workflowId, Math.max(startedAt, Date.now() - TIMEOUT_MS));
    try {
      const state = await client.withDeadline(Date.now() + TIMEOUT_MS, () =>
        client.workflow.getHandle(workflowId).query<State>(query),
      );
      answeredAt.set(workflowId, Date.now());
      return state;
    } catch (error) {
      const silentMs = Date.now() - (answeredAt.get(workflowId) ?? Date.now());
      return { silentMs, reason: plainText(error instanceof Error ? error.message : error, 200) };
    }
  };

  return {
    /** Whether trading control answers, and has carried out to the fence whatever it was sent. */
    async control(): Promise<Observation[]> {
      const component = `control/${account}`;
      const state = await ask<TradingControlState>(TRADING_CONTROL_ID, 'state');
      if ('silentMs' in state) {
        if (state.silentMs < SILENT_MS) return [observed(component)];
        const detail = `the stop's latch has not answered for ${seconds(state.silentMs)}: ${state.reason}`;
        return [{ component, code: 'control.silent', detail }];
      }
      const waitingMs = state.waitingSince === undefined ? 0 : Date.now() - state.waitingSince;
      if (waitingMs < SILENT_MS) return [observed(component)];
      const detail = `a stop has waited for its fence for ${seconds(waitingMs)}: ${state.trouble.join('; ')}`;
      return [{ component, code: 'control.silent', detail: plainText(detail, 500) }];
    },

    /** Whether the exits of each holding answer. Those that do not run at all are another incident. */
    async exits(): Promise<Observation[]> {
      const held = await guardedHoldings(journal, account, symbols);
      const silent = await Promise.all(
        held.map(async (symbol) => {
          const state = await ask<ProtectionState>(protectWorkflowId(account, symbol), 'protection');
          const isSilent = 'silentMs' in state && state.silentMs >= SILENT_MS;
          return isSilent ? [`${symbol} for ${seconds(state.silentMs)} (${state.reason})`] : [];
        }),
      );
      const words = silent.flat().join('; ');
      const detail = plainText(`exits do not answer: ${words}`, 500);
      return [observed(`exits/${account}`, words !== '' && { code: 'exits.silent', detail })];
    },
  };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
