import {
  ApplicationFailure,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { ResumeRequest, TradingControlState } from '../../contracts/control.ts';

type Resumable = Pick<TradingControlState, 'halted' | 'epoch' | 'reason' | 'by'> & { runs: number };

interface Leaving {
  runs: number;
  epoch: number;
  /** Whether the first run has resumed before it goes on without an answer. */
  carriedOut: boolean;
  by?: string;
}

const resume = defineUpdate<Resumable, [Pick<ResumeRequest, 'by'>]>('resume');

/** A latch whose first run goes on in the next one with the update that it took unanswered. */
export async function leaving({ runs, epoch, carriedOut, by = '' }: Leaving): Promise<void> {
  let state: Resumable = { runs, halted: epoch === 3, epoch, reason: 'feed is back', by };
  let isAsked = false;
  setHandler(defineQuery<Resumable>('state'), () => state);
  setHandler(
    resume,
    async (request: Pick<ResumeRequest, 'by'>): Promise<Resumable> => {
      isAsked = true;
      if (runs === 0) await condition(() => false);
      state = { ...state, halted: false, epoch: state.epoch + 1, by: request.by };
      return state;
    },
    {
      validator: (_request: unknown) => {
        if (!state.halted) throw ApplicationFailure.nonRetryable('trading is not halted');
      },
    },
  );
  await condition(() => isAsked && runs === 0);
  await sleep(50);
  await continueAsNew<typeof leaving>({ runs: 1, epoch: carriedOut ? 4 : 3, carriedOut, by: carriedOut ? 'ann' : '' });
}
