/** What a training run of Lag-Llama tells, of weights whose hash is this digit. */
export function training(digit = 'a') {
  return {
    agent: 'lag-llama' as const,
    version: `sha256 ${digit.repeat(12)}`,
    sha256: digit.repeat(64),
    dataHash: 'd'.repeat(64),
    base: 'scratch',
    steps: 10,
    bestStep: 8,
    trainLoss: 1,
    validationLoss: 1.1,
    heldOutLoss: 1.2,
    baseLoss: 2,
    naiveLoss: 1.3,
    windows: { train: 1, validation: 1, test: 1 },
    seconds: 1,
    device: 'cpu',
  };
}
