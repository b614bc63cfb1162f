import { expect } from 'vitest';
import { decimal } from '../../domain/money/money.ts';
import type { Rig } from './rig.ts';

/** The invariant of rest: balances equal to the last unit, nothing reserved, no open order. */
export async function expectBooksEqualExchange({ journal, trading }: Pick<Rig, 'journal' | 'trading'>): Promise<void> {
  const balances = await journal.ledger.balances('main');
  const booked = balances
    .map(({ asset, free, reserved, dust }) => [asset, decimal(free).plus(reserved).plus(dust).toFixed()] as const)
    .filter(([, total]) => total !== '0');
  expect(Object.fromEntries(booked)).toEqual(await trading.balances());
  expect(balances.filter(({ reserved }) => reserved !== '0')).toEqual([]);
  expect(await trading.openOrders()).toEqual([]);
}

/** Orders of the account in the exchange's own log. */
export async function exchangeLog({
  exchange,
}: Pick<Rig, 'exchange'>): Promise<{ clientOrderId: string; status: string }[]> {
  const { body } = await exchange.admin('GET', '/admin/log?account=main');
  return (body as { orders: { clientOrderId: string; status: string }[] }).orders;
}
