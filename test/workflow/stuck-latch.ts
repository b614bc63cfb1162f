/** A latch whose every workflow task fails. */
export async function tradingControl(): Promise<void> {
  throw new TypeError('stuck');
}
