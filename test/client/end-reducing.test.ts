import { describe, expect, it } from 'vitest';
import { endReducing } from '../../client/controls/resume.ts';
import { via } from '../../contracts/audit.ts';
import type { ControlBook, ControlState } from '../../stores/journal/books/control.ts';

const reducing: ControlState = {
  tradingState: 'reducing',
  epoch: 3,
  reason: 'Drawdown: limit 9400, value 9399',
  changedBy: 'risk',
  changedAt: 1_000,
  liveEnabled: false,
};

/** Books that took the request, or that have moved on. */
function books(after: ControlState | undefined, now: ControlState) {
  const asked: unknown[] = [];
  const control: Pick<ControlBook, 'endReducing' | 'read'> = {
    endReducing: async (request) => {
      asked.push(request);
      return after;
    },
    read: async () => now,
  };
  return { asked, journal: { control: control as ControlBook } };
}

describe('the end of reducing by a person', () => {
  const request = { reason: 'looked at it', by: 'ann', expectedEpoch: 3 };

  it('is asked for the epoch that was seen, by whom and through which door', async () => {
    const active = { ...reducing, tradingState: 'active' as const };
    const { journal, asked } = books(active, active);
    expect(await endReducing(journal, 'main', request, via.os('ann'))).toBe(active);
    expect(asked).toEqual([{ account: 'main', ...request, via: 'os:ann' }]);
  });

  it('is refused where a stop came after the look, with what it is now', async () => {
    const { journal } = books(undefined, { ...reducing, tradingState: 'halted', epoch: 4 });
    await expect(endReducing(journal, 'main', request, via.os('ann'))).rejects.toMatchObject({
      code: 'StaleEpoch',
      message: 'Not resumed: trading is halted at epoch 4 by now, and not what was looked at under 3.',
    });
  });
});
