import type { SeatId } from '../../../domain/signals/seats.ts';

/** An agent that rates news, and what is said of it where it cannot. */
export interface SentimentSeat<Id extends SeatId> {
  id: Id;
  /** For people. */
  name: string;
  /** Where it has no server: how to get one. */
  noServer: string;
  /** Where its server does not answer as it should: what to do. */
  mend: string;
  /** What the names are under which its model may be served. */
  accepted: string;
}

export const fingptSeat: SentimentSeat<'fingpt'> = {
  id: 'fingpt',
  name: 'FinGPT',
  noServer:
    'Set agents.fingpt.baseUrl to an OpenAI-compatible server that serves a FinGPT model; or try its news without one: "npm start -- --with vader".',
  mend: 'start the server, or correct agents.fingpt.baseUrl or FINGPT_API_KEY',
  accepted: 'the FinGPT models in agents.fingpt.models',
};

/** A list of words: no model, and never shown as FinGPT. */
export const vaderSeat: SentimentSeat<'vader'> = {
  id: 'vader',
  name: 'VADER',
  noServer: 'Start it with "npm start -- --with vader".',
  mend: 'another program has its port, agents.vader.port',
  accepted: 'the word lists that are known',
};

/** Names that the server in workers/vader gives itself. */
export const vaderModels: readonly string[] = ['vader-words-1'];
