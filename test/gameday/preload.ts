import { followClock } from '../chaos/clock.ts';
import { followHazards } from './hazards.ts';

/** Loaded into every process of the game day's stack, with the folder of what may befall it behind the question mark. */
const folder = decodeURIComponent(new URL(import.meta.url).search.slice(1));
followClock(folder);
followHazards(folder);
