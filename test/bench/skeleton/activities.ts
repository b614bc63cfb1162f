/** No-ops that carry payloads of no size: what is left is Temporal's own price for the steps. */
export async function snapshot(): Promise<string> {
  return 'snapshot';
}

export async function agent(name: string): Promise<string> {
  return name;
}

export async function step(name: string): Promise<string> {
  return name;
}
