import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { ErrorName } from '../../contracts/errors.ts';

/** Activities whose first argument names the account. */
const byName: readonly string[] = ['heldSymbols', 'pausedBy', 'readGuard', 'reconcileAccount', 'scoreDueSignals'];

/** The account that an attempt is for, where its arguments say it and it is none of ours. */
export function foreignAccount(activityType: string, args: readonly unknown[], account: string): unknown {
  const named = args.flatMap((arg, place): unknown[] => {
    if (typeof arg === 'object' && arg !== null && 'account' in arg) return [arg.account];
    return place === 0 && byName.includes(activityType) ? [arg] : [];
  });
  return named.find((one) => one !== account);
}

/** One process works for one account: a workflow that was started for another one gets nothing done. */
export function ownAccountAlone(account: string): ActivityInterceptorsFactory {
  return ({ info: { activityType } }) => ({
    inbound: {
      async execute(input, next) {
        const other = foreignAccount(activityType, input.args, account);
        if (other === undefined) return next(input);
        const words = `${activityType} is for the account ${JSON.stringify(other)}, and this system trades ${account} alone`;
        throw ApplicationFailure.nonRetryable(words, ErrorName.foreign);
      },
    },
  });
}
