import { expect, it } from 'vitest';
import { z } from 'zod';
import { until } from '../paper-exchange/harness.ts';
import { end, type Installation, makeInstallation } from '../support/installation.ts';

const cyclesSchema = z.object({ cycles: z.array(z.looseObject({ fills: z.array(z.unknown()) })) });
const ordersSchema = z.array(z.looseObject({ purpose: z.string(), state: z.string() }));
const restoredSchema = z.looseObject({ control: z.looseObject({ epoch: z.int() }) });

/** How many fills so many cycles brought. */
async function trade(installation: Installation, cycles: number): Promise<number> {
  const { code, stdout, stderr } = await installation.startAndWait('--cycles', String(cycles), '--exit', '--json');
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  const run = cyclesSchema.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
  return run.cycles.reduce((sum, { fills }) => sum + fills.length, 0);
}

it('a backup that is older than the last trade is restored, agrees by itself, trades on, and can be gone back from', {
  timeout: 1_200_000,
}, async () => {
  const installation = await makeInstallation();
  const json = async (...args: string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await installation.sapphire(...args, '--json');
    expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  };
  await trade(installation, 1);
  const { folder } = z.looseObject({ folder: z.string() }).parse(await json('backup'));
  expect(await trade(installation, 3)).toBeGreaterThan(0);
  const restored = restoredSchema.parse(await json('restore', folder, '--yes'));
  const running = installation.start();
  const ended = end(running);
  try {
    await until(
      async () => ((await installation.sapphire('reconcile', '--json')).code === 0 ? true : undefined),
      300_000,
    );
    const orders = ordersSchema.parse(await json('orders'));
    expect(orders.filter(({ purpose }) => purpose === 'recovered').length).toBeGreaterThan(0);
    await json('resume', '--epoch', String(restored.control.epoch), '--reason', 'books and exchange agree');
    expect((await installation.sapphire('restore', '--back', '--yes')).code).toBe(5);
  } finally {
    // As a terminal's Ctrl-C reaches the whole group: npm's own process passes none on.
    process.kill(-(running.pid ?? 0), 'SIGINT');
    await ended;
  }
  const back = restoredSchema.parse(await json('restore', '--back', '--yes'));
  expect(back.control.epoch).toBeGreaterThan(restored.control.epoch + 900_000);
});
