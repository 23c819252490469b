/**
 * Holds callers that want to say something until the node takes a message, and limits how many may speak in one turn of
 * the event loop.
 */

export type Readiness = {
  /** BOUNDED: by those who wait, each of whom has one. */
  waiting: (() => void)[];
  /** Callers that did not wait, in this turn of the event loop. */
  letIn: number;
};

/** Commands in one turn of the event loop: some milliseconds of work. */
const TURN_MAX = 8;

export function createReadiness(): Readiness {
  return { waiting: [], letIn: 0 };
}

/** Resolves at the next `letGo`. */
export function waitUntilReady(readiness: Readiness): Promise<void> {
  return new Promise((resolve) => readiness.waiting.push(resolve));
}

/** After a few in one turn of the event loop the socket is read first: acknowledgements wait there, and time runs out for them. */
export function readyInTurn(readiness: Readiness): Promise<void> {
  if (readiness.letIn === 0) setImmediate(() => (readiness.letIn = 0));
  readiness.letIn += 1;
  return readiness.letIn <= TURN_MAX ? Promise.resolve() : new Promise((resolve) => setImmediate(resolve));
}

export function letGo(readiness: Readiness): void {
  const ready = readiness.waiting;
  readiness.waiting = [];
  for (const resolve of ready) resolve();
}
