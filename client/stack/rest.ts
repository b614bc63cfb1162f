import { knownSecrets } from '../../runtime/configuration/secrets.ts';
import { connectClient } from '../../runtime/temporal.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { finishDeciding, pauseForStop } from '../controls/planned-stop.ts';
import { sentenceOf } from '../controls/words.ts';
import type { Stack } from './start.ts';
import { within } from './within.ts';

const CONNECT_MS = 3_000;
/** Of all of it, whatever hangs. */
const REST_MS = 20_000;

/**
 * Before a stop that somebody asked for: no cycle begins any more, what decides comes to its end or to where it can rest, and nobody takes the end
 * of the others for a fault. Never rejects, and takes no longer than some seconds: whatever cannot be done is said, and the stop goes on.
 *
 * Where others go on with these books they have the schedule, and all of it is theirs.
 */
export async function restBeforeStop(
  stack: Pick<Stack, 'books' | 'temporal' | 'stopLooking'>,
  journal: Pick<Journal, 'stacks'>,
  account: string,
  onProgress: (message: string) => void,
): Promise<void> {
  const rest = async (): Promise<void> => {
    const { claim } = stack.books;
    const others = (await journal.stacks.list()).filter(({ fence, leftMs }) => fence !== claim.fence && leftMs > 0);
    if (others.length > 0) return;
    const client = await connectClient(stack.temporal, knownSecrets(), CONNECT_MS);
    try {
      await pauseForStop(client, account);
      await finishDeciding(client, (seconds) => onProgress(`waiting for the cycle that runs, ${seconds} s at most …`));
    } finally {
      await client.connection.close();
    }
  };
  const resting = rest().catch((error: unknown) =>
    onProgress(`A cycle may be cut off by this stop, and go on with the next start: ${sentenceOf(error)}`),
  );
  await Promise.all([within(REST_MS, resting), stack.stopLooking()]);
}
