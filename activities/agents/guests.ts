import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { type GuestQuestion, type GuestTools, hearGuests } from '../../trading/agents/guests.ts';

export type GuestActivities = ReturnType<typeof createGuestActivities>;

/** No heartbeat: it runs as a local activity at first. */
export function createGuestActivities({ now = Date.now, ...tools }: Omit<GuestTools, 'now'> & Partial<GuestTools>) {
  return {
    /** One answer of each guest, with its standing signals; read only, so it may be repeated. */
    async hearGuests(question: GuestQuestion): Promise<AgentAnswer[]> {
      return hearGuests({ ...tools, now }, question);
    },
  };
}
