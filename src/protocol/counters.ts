/** Counts the traffic of a node, and what it refused, by reason. */

export type Counters = {
  readonly received: (bytes: number) => void;
  readonly sent: (bytes: number) => void;
  /** Counts something refused or let go, by reason. */
  readonly drop: (reason: string, times?: number) => void;
  /** The same, and the "nothing" that a decoder returns. */
  readonly refuse: (reason: string) => undefined;
  readonly count: (what: CountName, times?: number) => void;
  readonly totals: () => Totals;
};

export type CountName = "payloadsIn" | "payloadsOut" | "relayed" | "retries";

export type Totals = Record<CountName, number> & {
  datagramsIn: number;
  datagramsOut: number;
  bytesIn: number;
  bytesOut: number;
  /** BOUNDED: reasons are literals of this code base. */
  dropped: Record<string, number>;
};

export function createCounters(): Counters {
  const totals: Totals = {
    datagramsIn: 0,
    datagramsOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    payloadsIn: 0,
    payloadsOut: 0,
    relayed: 0,
    retries: 0,
    dropped: {},
  };
  const drop = (reason: string, times = 1): void => {
    totals.dropped[reason] = (totals.dropped[reason] ?? 0) + times;
  };
  return {
    received: (bytes) => {
      totals.datagramsIn += 1;
      totals.bytesIn += bytes;
    },
    sent: (bytes) => {
      totals.datagramsOut += 1;
      totals.bytesOut += bytes;
    },
    drop,
    refuse: (reason) => {
      drop(reason);
      return undefined;
    },
    count: (what, times = 1) => {
      totals[what] += times;
    },
    totals: () => ({ ...totals, dropped: { ...totals.dropped } }),
  };
}
