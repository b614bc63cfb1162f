import { beforeEach, describe, expect, it } from 'vitest';
import { NotWorking } from '../../runtime/telemetry/not-working.ts';
import { createProgress, type Kept, type Link } from '../../workers/progress.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const workflows: Kept = { name: 'workflows of control', moved: 0, waiting: 0, polls: 0, isFull: false };
const activities: Kept = { name: 'activities of control', moved: 0, received: 0, polls: 0, isFull: false };

let progress: ReturnType<typeof createProgress>;
beforeEach(() => {
  progress = createProgress();
});

/** At so many seconds after the begin. */
function sample(second: number, kept: Partial<Kept> & Pick<Kept, 'name'>, link: Link = 'answers'): void {
  const base = kept.name === workflows.name ? workflows : activities;
  const at = second * 1_000;
  progress.note({ at: BEGIN + at, ticks: at, link, queues: [{ ...base, ...kept }] });
}

const trouble = (): NotWorking | undefined => {
  try {
    progress.check();
    return undefined;
  } catch (error) {
    if (error instanceof NotWorking) return error;
    throw error;
  }
};

function every3s(from: number, to: number, kept: Partial<Kept> & Pick<Kept, 'name'>, link?: Link): void {
  for (let second = from; second <= to; second += 3) sample(second, { ...kept, polls: second }, link);
}

describe('a worker does no work', () => {
  it('when it holds tasks of workflows for ten seconds and ends none', () => {
    every3s(0, 3, workflows);
    every3s(6, 12, { ...workflows, waiting: 1 });
    expect(trouble()).toBeUndefined();
    every3s(15, 18, { ...workflows, waiting: 1 });
    expect(trouble()).toMatchObject({
      message: 'for 15 s tasks of workflows of control were brought and none is worked at',
      since: BEGIN + 3_000,
    });
    every3s(21, 21, { ...workflows, moved: 1, waiting: 1 });
    expect(trouble()).toBeUndefined();
  });

  it('when polls bring tasks to activities and none begins', () => {
    every3s(0, 3, { ...activities, received: 5, moved: 9 });
    every3s(6, 18, { ...activities, received: 6, moved: 9 });
    expect(trouble()?.message).toContain('tasks of activities of control were brought');
  });

  it('when none of its polls comes to an end, whatever waits', () => {
    for (let second = 0; second <= 78; second += 3) sample(second, { ...workflows, polls: 7 });
    expect(trouble()).toBeUndefined();
    sample(81, { ...workflows, polls: 7 });
    expect(trouble()).toMatchObject({
      message: 'for 81 s no poll of workflows of control came to an end',
      since: BEGIN,
    });
  });

  it('when its connection is dead though another one is answered', () => {
    every3s(0, 3, workflows);
    every3s(6, 15, workflows, 'dead');
    expect(trouble()).toBeUndefined();
    every3s(18, 18, workflows, 'dead');
    expect(trouble()).toMatchObject({ since: BEGIN + 6_000, message: expect.stringContaining('is dead') });
    every3s(21, 21, workflows);
    expect(trouble()).toBeUndefined();
  });
});

describe('a worker is not to blame', () => {
  it('that has nothing to do', () => {
    every3s(0, 300, { ...activities, received: 4, moved: 4 });
    expect(trouble()).toBeUndefined();
  });

  it('that ends one task after the other', () => {
    for (let second = 0; second < 60; second += 3) {
      sample(second, { ...workflows, waiting: 2, moved: second, polls: second });
      expect(trouble()).toBeUndefined();
    }
  });

  it('that works at as much as it may', () => {
    for (let second = 0; second < 120; second += 3) sample(second, { ...activities, received: second, isFull: true });
    expect(trouble()).toBeUndefined();
  });

  it('for a server that nobody reaches, nor for what it could not tell it meanwhile', () => {
    every3s(0, 0, { ...workflows, waiting: 1 });
    every3s(3, 300, { ...workflows, waiting: 1, polls: 1 }, 'unreachable');
    expect(trouble()).toBeUndefined();
    every3s(303, 309, { ...workflows, waiting: 1 });
    expect(trouble()).toBeUndefined();
  });

  it('for a time in which the whole process stood still', () => {
    every3s(0, 3, { ...workflows, waiting: 1 });
    every3s(600, 606, { ...workflows, waiting: 1 });
    expect(trouble()).toBeUndefined();
  });
});
