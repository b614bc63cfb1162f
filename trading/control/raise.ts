import type { ControlState, HaltRequest } from '../../stores/journal/books/control.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { atMost } from './at-most.ts';

/** The halt row alone, before what comes beside it. */
const FENCE_FIRST_MS = 1_000;

export interface HaltBooks {
  control: Pick<Journal['control'], 'raiseHalt'>;
}

/** A halt row that is being written. */
export interface Raising<B> {
  /** Undefined until the row is written, which is the fence. */
  fenced?: { books: B; control: ControlState };
  /** Why it could not be written. */
  fault?: unknown;
  /** Resolves once either is known; never rejects. */
  decided: Promise<void>;
}

/** Writes the halt row, which halts trading by itself: whatever else a stop does comes second, and waits for it no longer than it may. */
export function raiseHalt<B extends HaltBooks>(
  open: () => Promise<B>,
  request: HaltRequest,
  onFenced: (control: ControlState) => void = () => {},
): Raising<B> {
  const raising: Raising<B> = { decided: Promise.resolve() };
  const write = async (): Promise<void> => {
    try {
      const books = await open();
      const control = await books.control.raiseHalt(request);
      raising.fenced = { books, control };
      onFenced(control);
    } catch (fault) {
      raising.fault = fault;
    }
  };
  raising.decided = write();
  return raising;
}

/** A journal that somebody keeps locked holds up neither the signal nor what can be cancelled without it. */
export function headStart({ decided }: Raising<unknown>): Promise<void> {
  return atMost(FENCE_FIRST_MS, decided);
}
