import type { WorkflowHandle } from '@temporalio/client';

/** What a workflow's history takes: as the server counts it, and as `temporal workflow show --output json` has it, without spaces. */
export async function historySizeOf(handle: WorkflowHandle): Promise<{ bytes: number; jsonBytes: number }> {
  const [{ historySize = 0 }, history] = await Promise.all([handle.describe(), handle.fetchHistory()]);
  return { bytes: historySize, jsonBytes: JSON.stringify(history).length };
}
