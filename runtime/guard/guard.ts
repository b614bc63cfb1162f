import type { Client } from '@temporalio/client';
import { ApplicationFailure, type Headers } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { ErrorName } from '../../contracts/errors.ts';
import { openActivities, PASS_HEADER, type Pass, UPDATE_PASS_HEADER, updateActivities } from '../../contracts/pass.ts';
import { createOrigins, type Origin } from './origin.ts';
import { digestOf, type Passes } from './passes.ts';

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

/** A signal with what its header holds; or a workflow that was started without one. */
export type Admission =
  | { kind: 'signal'; name: string; workflowId: string; pass: unknown }
  | { kind: 'start'; name: string; workflowId: string; runId: string };

/**
 * Holds every attempt of an activity against the pass that its workflow was started with: a pass of this workflow's own, or of the workflow at
 * the beginning of its chain of parents, as the server tells it. Whoever reaches the server may start what they like, and nothing comes of it.
 */
export function createGuard({ passes, client, refuses, allowedAt = async () => false }: GuardOptions): Guard {
  const originOf = createOrigins(client);

  /** Running when the secret was made, or a child of one that was. */
  const isOlder = async ({ startedAt, root }: Origin): Promise<boolean> => {
    if (startedAt < passes.since) return true;
    const first = await originOf(root.workflowId, root.runId).catch(() => undefined);
    return first !== undefined && first.startedAt < passes.since;
  };

  const refusal = async ({ activityType, headers, args, workflow }: Attempt): Promise<string | undefined> => {
    if (!refuses || openActivities.includes(activityType)) return undefined;
    if (!workflow) return `${activityType} was started on its own`;
    const pass = passes.read(headers[PASS_HEADER]);
    const { workflowId, runId, workflowType } = workflow;
    if (!pass || !isOwn(pass, workflowType, workflowId)) {
      const origin = await originOf(workflowId, runId);
      const isDescendant = pass !== undefined && isOf(pass, origin.root.workflowId) && origin.root.runId !== runId;
      if (!isDescendant && !(await isOlder(origin)))
        return `the workflow ${workflowId} was started by nobody of this installation`;
    }
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
          const words = await refusal({
            activityType,
            headers: input.headers,
            args: input.args,
            ...(workflowExecution ? { workflow: { ...workflowExecution, workflowType } } : {}),
          });
          if (words !== undefined) throw ApplicationFailure.nonRetryable(`Refused: ${words}`, ErrorName.foreign);
          return next(input);
        },
      },
    }),
    async admit(question) {
      const { kind, name, workflowId } = question;
      if (kind === 'start') {
        if (!refuses) return null;
        const { startedAt } = await originOf(workflowId, question.runId);
        return name === 'tradingCycle' && (await allowedAt(startedAt)) ? passes.mint('start', name, workflowId) : null;
      }
      const pass = passes.check(question.pass);
      if (pass?.kind === 'signal' && pass.name === name && pass.workflowId === workflowId) return pass;
      return refuses ? null : passes.mint('signal', name, workflowId);
    },
  };
}

/** Without a guard. */
export async function admitAll({ kind }: Admission): Promise<'unguarded' | null> {
  return kind === 'signal' ? 'unguarded' : null;
}

function isOwn(pass: Pass, workflowType: string, workflowId: string): boolean {
  return pass.name === workflowType && isOf(pass, workflowId);
}

/** A schedule adds the time to the id that its action names. */
function isOf({ kind, workflowId }: Pass, started: string): boolean {
  if (kind === 'start') return started === workflowId;
  return kind === 'schedule' && started.startsWith(`${workflowId}-`);
}
