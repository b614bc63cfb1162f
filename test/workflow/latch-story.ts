import { expect } from 'vitest';
import { tagged } from '../../domain/money/tagged.ts';
import type { IntentId } from '../../domain/orders/ids.ts';
import type { LatchScene } from './latch-rig.ts';

/** What the latch has to hold, whatever happens between two of its awaits. `latch-mutants.ts` names for each bug the story that finds it. */
export type Story = (scene: LatchScene) => Promise<void>;

export const refusal = (words: RegExp) => ({ cause: { message: expect.stringMatching(words) } });

export const open = { symbol: 'BTC/USDT', intentId: tagged<IntentId>('sph1-1') };

export async function halt({ stop, until }: LatchScene): Promise<void> {
  await stop('first');
  await until(({ quiet }) => quiet);
}

export async function beginHalted(scene: LatchScene, input: object = {}): Promise<void> {
  await scene.begin(input);
  await halt(scene);
}
