import { DefaultLogger } from '@temporalio/worker';
import type { Logger } from './logger.ts';

/** What the SDK warns of at each start of a worker that is meant to have activities alone: one of each agent, and that of the books. */
const MEANT = 'No workflows registered, not polling for workflow tasks';

/** The SDK's warnings and errors as lines of ours. */
export function sdkLogger(logger: Pick<Logger, 'debug' | 'warn' | 'error'>): DefaultLogger {
  return new DefaultLogger('WARN', ({ level, message, meta }) => {
    if (message === MEANT) logger.debug(meta ?? {}, message);
    else logger[level === 'ERROR' ? 'error' : 'warn'](meta ?? {}, message);
  });
}
