import { DefaultFailureConverter } from '@temporalio/common';

/** Where payloads are encrypted, the words and the stack of a failure are a payload too: they name symbols, prices and limits. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
