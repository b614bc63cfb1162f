import {
  ApplicationFailure,
  condition,
  defineSignal,
  proxyActivities,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';

const { act } = proxyActivities<{ act(): Promise<void> }>({ startToCloseTimeout: '10s' });

export async function works(): Promise<void> {
  await act();
}

export async function waits(): Promise<void> {
  let isOver = false;
  setHandler(defineSignal('end'), () => {
    isOver = true;
  });
  await condition(() => isOver);
}

export async function fails(): Promise<void> {
  throw ApplicationFailure.nonRetryable('as it is to');
}

/** Another command at its replay than at first: it is to have left the cache by then. */
export async function wavers(): Promise<void> {
  if (workflowInfo().unsafe.isReplaying) await act();
  await sleep('3s');
}
