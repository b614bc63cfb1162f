import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { type Pass, passSchema } from '../../contracts/pass.ts';

export interface Passes {
  /** UTC epoch milliseconds at which the secret was made; 0 where it does not say. */
  readonly since: number;
  mint(pass: Omit<Pass, 'mac'>): Pass;
  /** What a header holds, where it is a pass of this installation. Never throws. */
  read(header: Payload | null | undefined): Pass | undefined;
  /** The same of a header that was decoded. */
  check(value: unknown): Pass | undefined;
}

/** @param secret of the installation. One that was made here begins with the time at which it was made. */
export function createPasses(secret: string): Passes {
  const macOf = ({ kind, name, workflowId, taskQueue, at, digest }: Omit<Pass, 'mac'>): string =>
    createHmac('sha256', secret)
      .update(JSON.stringify([kind, name, workflowId, taskQueue ?? '', at ?? 0, digest ?? '']))
      .digest('hex');
  const check = (value: unknown): Pass | undefined => {
    const { success, data } = passSchema.safeParse(value);
    if (!success) return undefined;
    const [given, own] = [Buffer.from(data.mac), Buffer.from(macOf(data))];
    return given.length === own.length && timingSafeEqual(given, own) ? data : undefined;
  };
  return {
    since: Number(/^(\d{13})-/.exec(secret)?.[1] ?? 0),
    mint: (pass) => ({ ...pass, mac: macOf(pass) }),
    read: (header) => check(valueOf(header)),
    check,
  };
}

/** Undefined of what cannot be read. */
function valueOf(header: Payload | null | undefined): unknown {
  try {
    return header ? defaultPayloadConverter.fromPayload(header) : undefined;
  } catch {
    return undefined;
  }
}

export function digestOf(args: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(args)).digest('hex');
}

export function headerOf(pass: Pass): Payload {
  return defaultPayloadConverter.toPayload(pass);
}
