import type { CycleRecord } from '../../contracts/cycle.ts';
import { cycleLine } from '../views/cycle-view.ts';
import { whyLines } from '../views/cycle-why.ts';
import type { Lines } from './output.ts';
import { toneOf } from './tones.ts';

/** A cycle as the screen of `npm start` and `status` show it: what it did, and below why it did not. */
export function cycleLines(record: CycleRecord, currency: string, before = ''): Lines {
  const { text, shorter } = cycleLine(record, currency);
  const [line = '', ...fewer] = [text, ...shorter].map((words) => `${before}${words}`);
  const tone = record.outcome === 'COMPLETED' ? undefined : toneOf(record.outcome);
  return [{ text: line, shorter: fewer, tone }, ...whyLines(record).map((why) => `  ${why}`)];
}
