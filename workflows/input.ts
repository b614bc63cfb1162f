import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import type { z } from 'zod';
import { faultsOf } from '../contracts/config/faults.ts';
import { ErrorName } from '../contracts/errors.ts';
import { plainText } from '../contracts/text.ts';
import { unreadableEncoding } from '../contracts/unreadable.ts';

const DETAIL_BYTES = 600;

/**
 * What a workflow was started with, checked before anything else: an input that is not valid would else fail its task or an activity, which
 * are both tried again without end.
 *
 * @throws {ApplicationFailure} that ends the workflow, with each field that is not valid
 */
export function readInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const { success, data } = schema.safeParse(input);
  if (success) return data;
  const { workflowType } = workflowInfo();
  const faults = unreadableIn(input) ?? faultsOf(schema, input).join('; ');
  throw ApplicationFailure.nonRetryable(
    `The input of ${workflowType} is not valid. ${plainText(faults, DETAIL_BYTES)}. Correct it and start it again.`,
    ErrorName.invalidInput,
  );
}

function unreadableIn(input: unknown): string | undefined {
  const fields: [string, unknown][] = typeof input === 'object' && input !== null ? Object.entries(input) : [];
  for (const [name, value] of [['the whole', input], ...fields] as const) {
    const encoding = unreadableEncoding(value);
    if (encoding !== undefined)
      return `${name}: cannot be read in the encoding ${encoding}: send plain JSON, or with the key that the workers have`;
  }
  return undefined;
}
