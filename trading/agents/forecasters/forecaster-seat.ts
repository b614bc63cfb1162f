import { type SeatOf, seatRow } from '../../../domain/signals/seats.ts';
import { abstain } from '../../../domain/signals/signals.ts';
import { type Agent, freeAnswer, symbolsOf } from '../port.ts';

/** Forecasters run in a Python worker on queues of their own. Where none serves such a queue, this seat answers on it and says so. */
export function createForecasterSeat(id: SeatOf<'forecaster' | 'trained-forecaster'>): Agent {
  const beside = seatRow(id).engine === undefined ? 'Run' : `Start one with "npm start -- --with ${id}", or run`;
  const detail = `No worker of ${id} is configured. ${beside} one on the queue agents-${id} and set agents.${id}.worker to external: docs/forecasters.md.`;
  return {
    id,
    answer: async (request) =>
      freeAnswer(
        { agentId: id, model: 'none', version: '1' },
        abstain(id, symbolsOf(request), 'not_configured', detail),
      ),
  };
}
