import { exchangeFaults } from './exchange.ts';
import type { Fault } from './fault.ts';
import { insideFaults } from './inside.ts';
import { modelFaults } from './models.ts';
import { peopleFaults } from './people.ts';
import { processFaults } from './processes.ts';
import { storeFaults } from './stores.ts';
import { watcherFaults } from './watchers.ts';

export const faults: readonly Fault[] = [
  ...processFaults,
  ...insideFaults,
  ...watcherFaults,
  ...exchangeFaults,
  ...storeFaults,
  ...modelFaults,
  ...peopleFaults,
];
