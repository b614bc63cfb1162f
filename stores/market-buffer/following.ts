import { statSync } from 'node:fs';
import type { Outbox } from '../journal/books/outbox.ts';
import type { MarketBuffer } from './market-buffer.ts';

interface Opened {
  /** Of the file that lies at the path; undefined while it is being opened. */
  identity: string | undefined;
  buffer: Promise<MarketBuffer>;
}

/**
 * The buffer in the file that lies at its path now. One that cannot be opened fails what needs it, and is tried again by the next question: no
 * process ends by it. One that was moved away is left for the new one, which the other processes read and write.
 */
export function followFile(file: string, open: () => Promise<MarketBuffer>): MarketBuffer {
  let opened: Opened | undefined;

  const identify = async (opening: Opened): Promise<void> => {
    try {
      await opening.buffer;
      opening.identity = identityOf(file);
    } catch {
      // Whoever asked hears of it.
      if (opened === opening) opened = undefined;
    }
  };

  const openAnew = (): Promise<MarketBuffer> => {
    opened = { identity: undefined, buffer: open() };
    void identify(opened);
    return opened.buffer;
  };

  const current = (): Promise<MarketBuffer> => {
    if (opened === undefined) return openAnew();
    // While it is open its number is nobody else's, even where it has no name any more.
    if (opened.identity === undefined || opened.identity === identityOf(file)) return opened.buffer;
    void close(opened);
    return openAnew();
  };

  const outbox = async (): Promise<Outbox> => (await current()).outbox;
  return {
    outbox: {
      append: async (...told) => (await outbox()).append(...told),
      after: async (...range) => (await outbox()).after(...range),
      stored: async (...range) => (await outbox()).stored(...range),
      trim: async (...range) => (await outbox()).trim(...range),
      trimmedThrough: async () => (await outbox()).trimmedThrough(),
      lastSequence: async () => (await outbox()).lastSequence(),
    },
    record: async (...seen) => (await current()).record(...seen),
    keep: async (snapshot) => (await current()).keep(snapshot),
    kept: async (sha256) => (await current()).kept(sha256),
    newest: async () => (await current()).newest(),
    close: async () => {
      if (opened) await close(opened);
      opened = undefined;
    },
  };
}

async function close({ buffer }: Opened): Promise<void> {
  await buffer.then(
    (open) => open.close(),
    () => undefined,
  );
}

function identityOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found ? `${found.dev}/${found.ino}` : 'none';
}
