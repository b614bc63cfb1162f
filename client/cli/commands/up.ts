export function registerUp(_program: unknown): void {}
