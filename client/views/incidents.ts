import { UserError } from '../../contracts/errors.ts';
import { healthFigures, type Incident } from '../../domain/health/health.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { postMortem, runbookUrl, stakeholderMessage, timeline } from './incident-view.ts';

/** Newest first, with what all of them since then come to. */
export async function listIncidents(
  journal: Pick<Journal, 'incidents'>,
  { since, limit }: { since: number; limit: number },
) {
  const incidents = await journal.incidents.list({ since, limit: 10_000 });
  const shown = incidents.slice(0, limit).map((each) => ({ ...each, runbook: runbookUrl(each) }));
  return { figures: healthFigures(incidents), incidents: shown };
}

/** @throws UserError NoSuchIncident */
export async function findIncident({ incidents }: Pick<Journal, 'incidents'>, id: string): Promise<Incident> {
  const incident = await incidents.find(id);
  if (incident) return incident;
  throw new UserError('NoSuchIncident', `There is no incident ${id}: see "./sapphire incident list".`);
}

/** One with its timeline, a message to stakeholders, and a draft of the post-mortem. */
export function viewIncident(incident: Incident) {
  return {
    incident,
    runbook: runbookUrl(incident),
    timeline: timeline(incident),
    message: stakeholderMessage(incident),
    postMortem: postMortem(incident),
  };
}
