/**
 * Measures the share of datagrams that are lost, or whose acknowledgements are. The redundancy of the relay and the
 * patience of probes follow it.
 */

export type Loss = {
  /** Of a datagram it is known now. `isSilent`: nothing came from its receiver since the SILENT_AFTER before it: that one may be gone. */
  readonly count: (wasLost: boolean, isSilent: boolean) => void;
  /** One that had counted as lost was only late. */
  readonly forgive: () => void;
  /** 0..1. */
  readonly rate: () => number;
  /** `rate` or more: two standard errors above it, or what it may have become lately, or be as long as little is known. */
  readonly rateAtWorst: () => number;
};

/** The mean of so many, then weighted with one in so many. At 10 % loss each way chance moves it by 0.017. */
const LOSS_SAMPLES = 256;
/** As if so many had arrived before the first: one loss among few says little. */
const LOSS_PRIOR = 8;
/** Who doubts others must not learn of a network gone bad from a whole minute's samples: it would call half the room dead meanwhile. */
const RECENT_SAMPLES = 32;
/** So many datagrams unanswered in a row say more about who was to answer than about the network. */
export const SILENT_AFTER = 4;
/** Before the first sample. */
const RECENT_FIRST = 0.3;

export function createLoss(): Loss {
  let loss = 0;
  let settled = 0;
  let recent = RECENT_FIRST;
  const weight = (): number => 1 / Math.min(settled + LOSS_PRIOR, LOSS_SAMPLES);
  return {
    count: (wasLost, isSilent) => {
      settled += 1;
      if (!wasLost || !isSilent) recent += ((wasLost ? 1 : 0) - recent) / RECENT_SAMPLES;
      loss += ((wasLost ? 1 : 0) - loss) * weight();
    },
    forgive: () => {
      loss = Math.max(loss - weight(), 0);
      recent = Math.max(recent - 1 / RECENT_SAMPLES, 0);
    },
    rate: () => loss,
    rateAtWorst: () => Math.max(loss + 2 * Math.sqrt(loss * (1 - loss) * weight()), recent),
  };
}
