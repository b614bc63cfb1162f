import type { Journal } from '../../stores/journal/port.ts';

/** Whether a selling that was ordered under this epoch still is: a resume ends it, a later stop does not. */
export async function isSellingOrdered(
  { control }: { control: Pick<Journal['control'], 'read'> },
  account: string,
  epoch: number,
): Promise<boolean> {
  const now = await control.read(account);
  return now.epoch === epoch || now.tradingState === 'halted';
}
