import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { withoutRetry } from '../../activities/without-retry.ts';
import { ErrorName, UserError } from '../../contracts/errors.ts';
import { SnapshotMissing } from '../../stores/market-buffer/snapshots.ts';

const codes = [ErrorName.invalidInput, ErrorName.snapshotMissing];
const away = new UserError('JournalBusy', 'the journal is away');
const broken = new TypeError('a fault');

describe('an activity that would be refused again', () => {
  it.each([
    [new UserError(ErrorName.invalidInput, 'X/Y is not configured'), 'InvalidInput'],
    [new SnapshotMissing('it is gone'), 'SnapshotMissing'],
  ])('ends for good, under the code of %s', async (fault, type) => {
    const failure = await withoutRetry(codes, Promise.reject(fault)).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type, message: fault.message, nonRetryable: true });
  });

  it.each([away, broken])('is tried again after %s', async (fault) => {
    await expect(withoutRetry(codes, Promise.reject(fault))).rejects.toBe(fault);
  });
});
