/**
 * Performs typed lines one after another, in the order in which they were typed. While the node takes no message, the
 * first line waits, and all others wait behind it.
 */
import type { RoomHandle } from "../../node/types.ts";
import type { Outcome } from "../command/commandContext.ts";

export type LineQueue = {
  /** Lines typed and not yet performed. BOUNDED: LINES_WAITING_MAX. */
  waiting: number;
  /** The first of them waits until the node takes a message. */
  isBlocked: boolean;
  last: Promise<unknown>;
};

/** Lines typed and not yet performed. */
export const LINES_WAITING_MAX = 1_000;
/** Who waits for longer than this until the node takes a message is told. */
const BUSY_TOLD_MS = 1_000;

export function createLineQueue(): LineQueue {
  return { waiting: 0, isBlocked: false, last: Promise.resolve() };
}

/** Undefined: so many wait already that it is not taken. */
export function enqueue(queue: LineQueue, perform: () => Promise<Outcome>): Promise<Outcome> | undefined {
  if (queue.waiting >= LINES_WAITING_MAX) return undefined;
  queue.waiting += 1;
  const outcome = queue.last.then(perform).finally(() => {
    queue.waiting -= 1;
  });
  queue.last = outcome.catch(() => undefined);
  return outcome;
}

/** Resolves when the room takes a message, or is closed. `busy`: it takes long. */
export async function waitForRoom(queue: LineQueue, room: RoomHandle, busy: () => void): Promise<void> {
  queue.isBlocked = true;
  const timer = setTimeout(busy, BUSY_TOLD_MS);
  await room.whenReady();
  clearTimeout(timer);
  queue.isBlocked = false;
}
