import { Context } from '@temporalio/activity';
import { type Clock, wallClock } from '../trading/clock.ts';

/** This machine's, whose sleep ends with the activity that sleeps. */
export const activityClock: Clock = { ...wallClock, sleep: (ms) => Context.current().sleep(ms) };
