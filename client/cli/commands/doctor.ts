export function registerDoctor(_program: unknown): void {}
