import { followClock } from '../chaos/clock.ts';

/** Loaded into every process of the game day's stack, with the folder of its clocks behind the question mark. */
followClock(decodeURIComponent(new URL(import.meta.url).search.slice(1)));
