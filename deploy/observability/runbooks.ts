const project = process.env['SAPPHIRE_PROJECT_URL']?.trim().replace(/\/+$/, '') ?? '';

/**
 * Folder of the runbooks: below the address at which the project is read, where these files are generated for a cluster of one's own, and else a
 * path from the project's folder, which a start with --observe puts behind its address.
 */
export const RUNBOOKS = project === '' ? 'deploy/runbooks' : `${project}/deploy/runbooks`;

/** Where a runbook is found: the file's name is the alert's. */
export function runbookOf(name: string): string {
  return `${RUNBOOKS}/${name}.md`;
}
