export declare function takeName(
  text: string,
  onWait: () => void,
  options?: { signal?: AbortSignal; platform?: string },
): Promise<() => void>;
