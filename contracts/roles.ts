/** The worker processes, in the order of their operations ports. */
export const roles = ['cycles', 'agents', 'execution', 'operations'] as const;
export type Role = (typeof roles)[number];
