import type { Logger } from 'pino';
import type { Exit, ExitQuestion } from '../../contracts/exits.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { isSellingOrdered } from '../../trading/control/selling.ts';
import { type ExitTools, planExit } from '../../trading/execute/exits.ts';
import { heldSymbols } from '../../trading/execute/held.ts';
import { beating } from '../heartbeat.ts';

export type ExitActivities = ReturnType<typeof createExitActivities>;

export interface ExitDependencies extends ExitTools {
  journal: ExitTools['journal'] & Pick<Journal, 'control'>;
  logger: Logger;
}

export function createExitActivities(dependencies: ExitDependencies) {
  const { journal } = dependencies;
  return beating({
    /** Symbols of which something is held that may be sold. */
    async heldSymbols(account: string): Promise<string[]> {
      return heldSymbols(journal, account);
    },

    /** Whether a selling that was ordered under this epoch still is: a resume ends it, a later stop does not. */
    async isSellingOrdered(account: string, epoch: number): Promise<boolean> {
      return isSellingOrdered(journal, account, epoch);
    },

    /** The next order that sells the whole position. */
    async planExit(question: ExitQuestion): Promise<Exit> {
      return planExit(dependencies, question);
    },
  });
}
