import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createLoopCheck } from '../../../runtime/telemetry/event-loop.ts';

const BEGIN = Date.UTC(2026, 0, 1);
let waited: number;
let loop: ReturnType<typeof createLoopCheck>;

beforeEach(() => {
  vi.useFakeTimers({ now: BEGIN, toFake: ['Date', 'performance', 'setInterval', 'clearInterval'] });
  waited = 0;
  loop = createLoopCheck(() => waited);
});
afterEach(() => {
  loop.close();
  vi.useRealTimers();
});

/** Time passes, and no timer of this loop runs meanwhile. */
function block(ms: number): void {
  const clock = Date.now();
  vi.setSystemTime(clock + ms);
  const at = performance.now();
  vi.spyOn(performance, 'now').mockReturnValueOnce(at + ms);
  vi.advanceTimersToNextTimer();
}

const pass = (ms: number): unknown => vi.advanceTimersByTime(ms);

it('an event loop that is free for half a second of each three does not work', () => {
  for (let round = 0; round < 3; round += 1) {
    block(2_500);
    pass(500);
  }
  expect(() => loop.check()).not.toThrow();
  block(2_500);
  pass(500);
  block(2_500);
  expect(() => loop.check()).toThrow(/^the event loop stood still \d times, for \d+ of the last 20 s$/);
});

it('one that waited for a processor meanwhile is not to blame', () => {
  for (let round = 0; round < 8; round += 1) {
    waited += 2_400;
    block(2_500);
    pass(500);
  }
  expect(() => loop.check()).not.toThrow();
});

it('nor is one that stood still once, however long, as where the machine slept', () => {
  block(600_000);
  pass(500);
  expect(() => loop.check()).not.toThrow();
});

it('what is over is over', () => {
  for (let round = 0; round < 6; round += 1) {
    block(2_500);
    pass(500);
  }
  expect(() => loop.check()).toThrow();
  pass(21_000);
  expect(() => loop.check()).not.toThrow();
});
