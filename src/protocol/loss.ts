/** Which share of what this node sends gets lost, or its acknowledgement does: what the plans of the relay follow. */

export type Loss = {
  /** Of a datagram it is known now. */
  readonly count: (wasLost: boolean) => void;
  /** One that had counted as lost was only late. */
  readonly forgive: () => void;
  /** 0..1. */
  readonly rate: () => number;
};

/** The mean of so many, then weighted with one in so many. At 10 % loss each way chance moves it by 0.017. */
const LOSS_SAMPLES = 256;
/** As if so many had arrived before the first: one loss among few says little. */
const LOSS_PRIOR = 8;

export function createLoss(): Loss {
  let loss = 0;
  let settled = 0;
  const weight = (): number => 1 / Math.min(settled + LOSS_PRIOR, LOSS_SAMPLES);
  return {
    count: (wasLost) => {
      settled += 1;
      loss += ((wasLost ? 1 : 0) - loss) * weight();
    },
    forgive: () => {
      loss = Math.max(loss - weight(), 0);
    },
    rate: () => loss,
  };
}
