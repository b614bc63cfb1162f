/** As JSON what an agent failed in last, and in which failure: a release that does not know the column leaves that of an earlier one there. */
export function failureCauses(): string {
  return 'ALTER TABLE agent_health ADD COLUMN cause TEXT;';
}
