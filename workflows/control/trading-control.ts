import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { z } from 'zod';
import { faultsOf } from '../../contracts/config/faults.ts';
import { resumeRequestSchema } from '../../contracts/control.ts';
import { ErrorName } from '../../contracts/errors.ts';
import { kindOf } from '../../contracts/ids.ts';
import type { LatchMemory } from '../../domain/control/latch.ts';
import type { IntentId } from '../../domain/orders/ids.ts';
import { emergencyStop, resume, settled, state } from '../messages.ts';
import { rootOf } from '../root-of.ts';
import { type InputBeforeLatch, tradingControlBeforeLatch } from './before-latch.ts';
import { Latch } from './latch.ts';

const orderSchema = z.object({ symbol: z.string(), intentId: kindOf<IntentId>(z.string()) });
const stopSchema = z.object({ reason: z.string(), by: z.string(), requestId: z.string(), flatten: z.boolean() });

const RESUME_FORM = 'a resume is {"reason": "…", "by": "…", "expectedEpoch": the epoch of the halt that you saw}';

const booksSchema = z.object({
  account: z.string(),
  halted: z.boolean(),
  epoch: z.int(),
  reason: z.string(),
  by: z.string(),
  journalId: z.string(),
});

/** What does not keep to it is left out, field by field: the latch starts whatever it is given. */
const inputSchema = z
  .object({
    waiting: z.array(stopSchema).catch([]),
    seen: z.array(z.string()).catch([]),
    cancelled: z.array(orderSchema).catch([]),
    books: booksSchema.optional().catch(undefined),
    sell: z.object({ since: z.number() }).optional().catch(undefined),
    flattened: z.int().optional().catch(undefined),
    /** Events after which a run goes on in a new one, where that is before the server suggests it. */
    maxEvents: z.int().min(30).optional().catch(undefined),
  })
  .catch({ waiting: [], seen: [], cancelled: [] });

export type TradingControlInput = Partial<LatchMemory> & { maxEvents?: number };

/**
 * The kill switch's latch. A stop is accepted as a signal with no worker up, and carried out as soon as one is. Nothing that it is sent makes it
 * fail, and a request to cancel it is left unheard.
 */
export async function tradingControl(input: TradingControlInput): Promise<void> {
  if (!patched('latch')) return tradingControlBeforeLatch(input as unknown as InputBeforeLatch);
  return CancellationScope.nonCancellable(() => guard(input));
}

async function guard(input: unknown): Promise<void> {
  const { maxEvents, ...memory } = inputSchema.parse(input);
  // Nothing is believed of whoever starts one: only a run before this one has a memory.
  const isContinued = workflowInfo().continuedFromExecutionRunId !== undefined;
  const latch = new Latch(isContinued ? memory : { waiting: [], seen: [], cancelled: [] });

  // Before the first await: a stop that was sent while no worker was up is the first thing seen.
  setHandler(emergencyStop, (request: unknown) => latch.stop(request));
  setHandler(state, () => latch.state());
  setHandler(settled, () => answered(() => latch.settled()));
  setHandler(resume, (request) => answered(() => latch.resume(request)), {
    validator: (request: unknown) => {
      const { success, data } = resumeRequestSchema.safeParse(request);
      const refusal = success
        ? latch.refusal(data)
        : `${faultsOf(resumeRequestSchema, request).join('; ')}; ${RESUME_FORM}`;
      if (refusal !== undefined) throw ApplicationFailure.nonRetryable(refusal, ErrorName.invalidInput);
    },
  });

  const running = latch.run();
  await condition(() => isToLeave(maxEvents));
  await latch.leave(allHandlersFinished);
  await running;
  await continueAsNew<typeof tradingControl>({ ...latch.memory(), ...(maxEvents === undefined ? {} : { maxEvents }) });
}

function isToLeave(maxEvents: number | undefined): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || (maxEvents !== undefined && historyLength > maxEvents);
}

/** Any other error would fail the workflow task, for ever; and an activity's failure says what it was in its cause. */
async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await CancellationScope.nonCancellable(work);
  } catch (error) {
    const { message } = rootOf(error);
    throw ApplicationFailure.nonRetryable(message, ErrorName.refused);
  }
}
