import { ApplicationFailure } from '@temporalio/common';
import { UserError } from '../contracts/errors.ts';

/** Ends the activity for good, with the error's code as the failure's type, where trying again would be refused again: for these codes. */
export async function withoutRetry<T>(codes: readonly string[], work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof UserError) || !codes.includes(error.code)) throw error;
    throw ApplicationFailure.nonRetryable(error.message, error.code);
  }
}
