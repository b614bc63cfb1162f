/** Who asks the API, each with all that those before may: look, steer, and change what limits and weighs. */
export const apiRoles = ['viewer', 'operator', 'admin'] as const;
export type ApiRole = (typeof apiRoles)[number];

export function mayAs(role: ApiRole, needed: ApiRole): boolean {
  return apiRoles.indexOf(role) >= apiRoles.indexOf(needed);
}
