import { Context } from '@temporalio/activity';

const BEAT_MS = 700;

/** Beats while the work goes on, so that the death of this process is noticed within the heartbeat timeout and not at the end of the try. */
export async function whileBeating<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
