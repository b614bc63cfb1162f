import { type Client, WorkflowNotFoundError } from '@temporalio/client';
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
/** A look waits so long for an answer. One that comes later, as of a slow Temporal, is heard all the same: slow is not silent. */
const PATIENCE_MS = 3_000;

interface Silence {
  silentMs: number;
  reason: string;
  /** Temporal answers nothing itself, which is told of it: of the workflow nothing is known. */
  isUnknown: boolean;
}

/** Asks the workflows that guard money, and remembers when each last answered. */
export function createAnswerWatch(
  client: Client,
  journal: Pick<Journal, 'ledger'>,
  { account, symbols }: Pick<Configuration, 'account' | 'symbols'>,
  startedAt: number,
) {
  const heard = new Map<string, { at: number; state?: unknown }>();

  const ask = async <State>(workflowId: string, query: string): Promise<State | Silence> => {
    if (!heard.has(workflowId)) heard.set(workflowId, { at: Math.max(startedAt, Date.now() - PATIENCE_MS) });
    const handle = client.workflow.getHandle(workflowId);
    const answer = client
      .withDeadline(Date.now() + SILENT_MS, () => handle.query<State>(query))
      .then((state) => void heard.set(workflowId, { at: Date.now(), state }));
    const failure = await within(PATIENCE_MS, answer);
    const last = heard.get(workflowId);
    const silentMs = Date.now() - (last?.at ?? startedAt);
    if (last?.state !== undefined && (failure === undefined || silentMs < SILENT_MS)) return last.state as State;
    const reason = plainText(failure instanceof Error ? failure.message : failure, 200);
    if (silentMs < SILENT_MS) return { silentMs, reason, isUnknown: false };
    // Needs no worker, as an answer of the workflow does.
    const ofTemporal = await within(
      PATIENCE_MS,
      client.withDeadline(Date.now() + PATIENCE_MS, () => handle.describe()),
    );
    return { silentMs, reason, isUnknown: ofTemporal !== undefined && !(ofTemporal instanceof WorkflowNotFoundError) };
  };

  return {
    /** Whether trading control answers, and has carried out to the fence whatever it was sent. */
    async control(): Promise<Observation[]> {
      const component = `control/${account}`;
      const state = await ask<TradingControlState>(TRADING_CONTROL_ID, 'state');
      if ('silentMs' in state) {
        if (state.isUnknown) return [];
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
      const answers = await Promise.all(
        held.map(async (symbol) => ({
          symbol,
          state: await ask<ProtectionState>(protectWorkflowId(account, symbol), 'protection'),
        })),
      );
      const silences = answers.flatMap(({ symbol, state }) =>
        'silentMs' in state && state.silentMs >= SILENT_MS ? [{ symbol, ...state }] : [],
      );
      const silent = silences.filter(({ isUnknown }) => !isUnknown);
      if (silent.length === 0 && silences.length > 0) return [];
      const words = silent
        .map(({ symbol, silentMs, reason }) => `${symbol} for ${seconds(silentMs)} (${reason})`)
        .join('; ');
      const detail = plainText(`exits do not answer: ${words}`, 500);
      return [observed(`exits/${account}`, words !== '' && { code: 'exits.silent', detail })];
    },
  };
}

/** How the work failed, or that it takes longer; undefined where it was done. */
async function within(ms: number, work: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Error>((resolve) => {
    timer = setTimeout(() => resolve(new Error(`no answer within ${ms / 1_000} s`)), ms);
  });
  const end = work.then(
    () => undefined,
    (error: unknown) => error,
  );
  try {
    return await Promise.race([end, late]);
  } finally {
    clearTimeout(timer);
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
