/** The worker processes, in the order of their ports; what each is and needs stands in runtime/roles.ts. */
export const roles = ['cycles', 'agents', 'execution', 'control', 'housekeeping'] as const;
export type Role = (typeof roles)[number];
