import type { Price } from '../money/money.ts';
import type { ProtectionSettings } from './protection.ts';

/** What a person set for one holding: null takes a barrier away, what is missing stays as it is configured. */
export interface OwnExits {
  /** A fraction of the average cost, or a price. */
  stopLoss?: number | { price: Price } | null;
  takeProfit?: number | { price: Price } | null;
  /** A fraction of the highest price since the entry. */
  trailingStop?: number | null;
  /** UTC epoch milliseconds. */
  closesAt?: number | null;
}

/**
 * The exits of a holding: its own where a person set them, else as configured. Undefined where there are none at all.
 *
 * @param closing whether somebody asked that it is sold
 */
export function exitSettings(
  configured: ProtectionSettings | undefined,
  own: OwnExits = {},
  closing = false,
): ProtectionSettings | undefined {
  const { stopLoss, takeProfit, trailingStop, closesAt } = own;
  const given: ProtectionSettings = {
    ...(stopLoss === undefined ? ofBarrier(configured, 'stopLoss') : priced('stopLoss', 'stopPrice', stopLoss)),
    ...(takeProfit === undefined
      ? ofBarrier(configured, 'takeProfit')
      : priced('takeProfit', 'targetPrice', takeProfit)),
    ...(trailingStop === undefined
      ? ofBarrier(configured, 'trailingStop')
      : trailingStop === null
        ? {}
        : { trailingStop }),
    ...(closesAt === undefined ? ofBarrier(configured, 'timeLimitMinutes') : closesAt === null ? {} : { closesAt }),
    ...(closing ? { closing } : {}),
  };
  return configured === undefined && Object.keys(given).length === 0 ? undefined : given;
}

function ofBarrier(
  configured: ProtectionSettings | undefined,
  key: 'stopLoss' | 'takeProfit' | 'trailingStop' | 'timeLimitMinutes',
): ProtectionSettings {
  return configured?.[key] === undefined ? {} : { [key]: configured[key] };
}

function priced(
  share: 'stopLoss' | 'takeProfit',
  price: 'stopPrice' | 'targetPrice',
  own: number | { price: Price } | null,
): ProtectionSettings {
  if (own === null) return {};
  return typeof own === 'number' ? { [share]: own } : { [price]: own.price };
}
