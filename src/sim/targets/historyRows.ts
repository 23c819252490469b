/**
 * Rows for the cost of making two logs equal, and for how soon a newcomer has the history: bench/reconcile.js with other
 * seeds.
 */
import { type Bench, inSeconds, type Line, mean, type Reconciled, type Row } from "./row.ts";

const NOT_ALL = "some never came";

export const reconcile: Row = {
  name: "reconcile",
  about: "bytes and round trips until two logs of 10,000 are equal that differ in 0, 10, 100 and 1,000 messages",
  measure: async (bench) => ({
    lines: await Promise.all([
      reconcileLine(bench, "nothing", { bytes: 200 }),
      reconcileLine(bench, "10 scattered", { bytes: 5_300, trips: 3, until: "roundTrips" }),
      reconcileLine(bench, "100 scattered", { bytes: 30_000, trips: 4, until: "roundTrips" }),
      // What follows is the messages themselves.
      reconcileLine(bench, "newest 1", { bytes: 1_100, trips: 3, until: "roundTripsFirst" }),
    ]),
  }),
};

export const joiner: Row = {
  name: "joiner",
  about: "10,000 messages of history for a newcomer: the last page, and all",
  measure: async (bench) => {
    const played = await reconcileAll(bench, "1 source");
    const timeLine = (what: string, limitMs: number, of: (one: Reconciled) => number | null): Line => {
      const times = played.map(of);
      const ms = mean(times.map((time) => time ?? Number.POSITIVE_INFINITY));
      return {
        what: `joiner, 10,000 messages, 50 ms one way: ${what}`,
        figure: times.includes(null) ? NOT_ALL : inSeconds(ms),
        goal: `≤ ${inSeconds(limitMs)}`,
        isMet: ms <= limitMs,
      };
    };
    return {
      lines: [timeLine("the last page", 500, (one) => one.pageMs), timeLine("all of it", 15_000, (one) => one.allMs)],
    };
  },
};

// --- internal ---

type Goal = {
  readonly bytes: number;
  readonly trips?: number;
  readonly until?: "roundTrips" | "roundTripsFirst";
};

/** `missing`: a part of a trial's name, without a comma. */
function reconcileAll(bench: Bench, missing: string): Promise<Reconciled[]> {
  return Promise.all(bench.seeds().map((seed) => bench.reconcile(missing, seed)));
}

async function reconcileLine(bench: Bench, missing: string, goal: Goal): Promise<Line> {
  const played = await reconcileAll(bench, missing);
  const bytes = mean(played.map((one) => one.bytes));
  const what = `reconciliation, 10,000 messages, missing: ${played[0]?.missing}`;
  const { trips: most, until } = goal;
  if (most === undefined || until === undefined) {
    const isMet = bytes <= goal.bytes;
    return { what, figure: `${bytes.toFixed(0)} bytes`, goal: `≤ ${goal.bytes} bytes`, isMet };
  }
  const trips = played.map((one) => one[until]);
  const meanTrips = mean(trips.map((count) => count ?? Number.POSITIVE_INFINITY));
  return {
    what,
    figure: `${bytes.toFixed(0)} bytes, ${trips.includes(null) ? NOT_ALL : `${Number(meanTrips.toFixed(1))} round trips`}`,
    goal: `≤ ${goal.bytes} bytes, ${most} round trips`,
    isMet: bytes <= goal.bytes && meanTrips <= most,
  };
}
