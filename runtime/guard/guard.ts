import { isDeepStrictEqual } from 'node:util';
import type { Client } from '@temporalio/client';
import { ApplicationFailure, type Headers } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { ErrorName } from '../../contracts/errors.ts';
import { openActivities, PASS_HEADER, type Pass, UPDATE_PASS_HEADER, updateActivities } from '../../contracts/pass.ts';
import { isSuccessor, TaskQueue } from '../../contracts/task-queues.ts';
import { whileBeating } from '../while-beating.ts';
import { createOrigins, isStartedBy, type Origin } from './origin.ts';
import { digestOf, type Passes } from './passes.ts';

/** A pass is used for one start, at once; clocks of two machines may differ. */
const USED_WITHIN_MS = 60_000;
const REMEMBERED = 2_000;

export interface GuardOptions {
  passes: Passes;
  client: Client;
  /** Whether what bears no pass is refused. */
  refuses: boolean;
  /** Whether a person has allowed cycles to be started by hand at this time; UTC epoch milliseconds. */
  allowedAt?: (at: number) => Promise<boolean>;
}

/** An attempt of an activity, as its worker knows it. */
export interface Attempt {
  activityType: string;
  headers: Headers;
  args: readonly unknown[];
  /** Within a workflow task of our own workflow code. */
  isLocal?: boolean;
  workflow?: { workflowId: string; runId: string; workflowType: string };
}

export interface Guard {
  /** Why this attempt works for nobody of this installation; undefined where it does. */
  refusal(attempt: Attempt): Promise<string | undefined>;
  /** Around every attempt of every activity. */
  readonly activities: ActivityInterceptorsFactory;
  /** Asked by workflows, as a local activity. */
  admit(question: Admission): Promise<Pass | null>;
}

/** A workflow that was started without a pass. */
export interface Admission {
  workflowId: string;
  runId: string;
}

/**
 * Holds every attempt of an activity against the pass that its workflow was started with: a pass of this workflow's own, or of the workflow at
 * the beginning of its chain of parents, as the server tells it. Whoever reaches the server may start what they like, and nothing comes of it.
 */
export function createGuard({ passes, client, refuses, allowedAt = async () => false }: GuardOptions): Guard {
  const originOf = createOrigins(client);

  const shown = new Map<string, string>();

  /** The workflow at the beginning of the chain has to be the one that the pass was given to, on the queue that we serve. */
  const isOf = async (pass: Pass, { root }: Origin): Promise<boolean> => {
    if (shown.get(root.runId) === pass.mac) return true;
    const first = await originOf(root.workflowId, root.runId);
    const isOnQueue = first.taskQueue === pass.taskQueue || isSuccessor(first.taskQueue, pass.taskQueue);
    if (first.workflowType !== pass.name || !isOnQueue) return false;
    const isOwn =
      pass.kind === 'schedule'
        ? root.workflowId.startsWith(`${pass.workflowId}-`) && (await isStartedBy(client, pass.workflowId, first))
        : pass.kind === 'start' && isStartedWith(pass, first);
    if (isOwn) {
      if (shown.size >= REMEMBERED) shown.clear();
      shown.set(root.runId, pass.mac);
    }
    return isOwn;
  };

  /** Running when the secret was made, or a child of one that was. */
  const isOlder = async ({ startedAt, root }: Origin): Promise<boolean> => {
    if (startedAt < passes.since) return true;
    const first = await originOf(root.workflowId, root.runId).catch(() => undefined);
    return first !== undefined && first.startedAt < passes.since;
  };

  const refusal = async ({ activityType, headers, args, isLocal, workflow }: Attempt): Promise<string | undefined> => {
    if (!refuses) return undefined;
    if (!workflow) return `${activityType} was started on its own`;
    const { workflowId, runId, workflowType } = workflow;
    // Asked by our own workflow code, before it has a pass: within its task or, where its worker has no books, by a cycle on our queue for itself.
    if (activityType === 'admit') {
      if (isLocal) return undefined;
      const { taskQueue } = await originOf(workflowId, runId);
      const isOurs = taskQueue === TaskQueue.cycles && isDeepStrictEqual(args, [{ workflowId, runId }]);
      return isOurs ? undefined : 'admit was asked by another than a cycle for itself';
    }
    if (openActivities.includes(activityType) && workflowType === 'tradingControl') return undefined;
    const origin = await originOf(workflowId, runId);
    const pass = passes.read(headers[PASS_HEADER]);
    if (!(pass && (await isOf(pass, origin))) && !(await isOlder(origin)))
      return `the workflow ${workflowId} was started by nobody of this installation`;
    const update = updateActivities[activityType];
    if (update === undefined) return undefined;
    const asked = passes.read(headers[UPDATE_PASS_HEADER]);
    const isAsked =
      asked?.kind === 'update' &&
      asked.name === update &&
      asked.workflowId === workflowId &&
      asked.digest === digestOf(args);
    return isAsked ? undefined : `the update ${update} was sent by nobody of this installation`;
  };

  return {
    refusal,
    activities: ({ info }) => ({
      inbound: {
        async execute(input, next) {
          const { activityType, workflowExecution, workflowType = '' } = info;
          const attempt = {
            activityType,
            headers: input.headers,
            args: input.args,
            isLocal: info.isLocal,
            ...(workflowExecution ? { workflow: { ...workflowExecution, workflowType } } : {}),
          };
          // A server that is slow to answer would cost the try its heartbeat, and each try after it: it would never be refused.
          const words = await whileBeating(() => refusal(attempt));
          if (words !== undefined) throw ApplicationFailure.nonRetryable(`Refused: ${words}`, ErrorName.foreign);
          return next(input);
        },
      },
    }),
    async admit({ workflowId, runId }) {
      if (!refuses) return null;
      const { workflowType, taskQueue, startedAt } = await originOf(workflowId, runId);
      const isAllowed = workflowType === 'tradingCycle' && (await allowedAt(startedAt));
      return isAllowed
        ? passes.mint({ kind: 'start', name: workflowType, workflowId, taskQueue, at: startedAt })
        : null;
    },
  };
}

/** Without a guard nobody needs a pass. */
export async function admitNobody(): Promise<null> {
  return null;
}

/** One that was read out of a history is too old for another start. */
function isStartedWith({ workflowId, at = 0 }: Pass, first: Origin): boolean {
  return first.workflowId === workflowId && (first.isContinued || Math.abs(first.startedAt - at) <= USED_WITHIN_MS);
}
