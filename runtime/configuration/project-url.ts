import { pathToFileURL } from 'node:url';
import { projectFolder } from './folders.ts';

/** Where this project's files are read by whoever is called, as the web view of one's repository: an address of http. */
export const PROJECT_URL_VARIABLE = 'SAPPHIRE_PROJECT_URL';

/**
 * Address of one of the project's pages: a path alone leads nowhere from a pager. Without the setting it is the file on this machine, which is at
 * least the right release. What cannot be used is refused at the start (client/stack/receivers.ts), never where somebody is being called.
 *
 * @param path from the project's folder, as `docs/alerts.md#dashboards`
 */
export function pageUrl(path: string, environment: NodeJS.ProcessEnv = process.env): string {
  const given = environment[PROJECT_URL_VARIABLE]?.trim() ?? '';
  const base = given === '' ? pathToFileURL(projectFolder).href : given;
  return `${base.replace(/\/+$/, '')}/${path}`;
}
