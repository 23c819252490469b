/** Decides when the delivery of a message is final: everyone has it, or nothing new was heard for a while. */
import type { Delivery, RoomHandle } from "../node/types.ts";
import type { ChatEvent } from "../protocol/events.ts";
import type { MessageId } from "../wire/ids.ts";

/** After the last that was heard of it, or after it was said. */
export const QUIET_MS = 5_000;

export type Deliveries = {
  /** Resolves once, with the last that was heard. Never rejects. */
  readonly of: (id: MessageId) => Promise<Delivery>;
  readonly note: (event: ChatEvent) => void;
  /** All that are open count as final. */
  readonly settleAll: () => void;
};

export function createDeliveries(room: Pick<RoomHandle, "delivery">): Deliveries {
  /** BOUNDED: own messages of which something was heard in the last QUIET_MS. */
  const open = new Map<MessageId, { readonly timer: NodeJS.Timeout; readonly settle: () => void }>();
  let isClosed = false;

  return {
    of: (id) =>
      new Promise((resolve) => {
        const settle = (): void => {
          clearTimeout(timer);
          open.delete(id);
          resolve(room.delivery(id) ?? NOTHING);
        };
        const timer = setTimeout(settle, QUIET_MS);
        open.set(id, { timer, settle });
        if (isClosed || isWhole(room.delivery(id) ?? NOTHING)) settle();
      }),
    note: (event) => {
      if (event.type !== "delivery") return;
      const pending = open.get(event.id);
      if (pending === undefined) return;
      if (isWhole(event)) pending.settle();
      else pending.timer.refresh();
    },
    settleAll: () => {
      isClosed = true;
      for (const { settle } of [...open.values()]) settle();
    },
  };
}

// --- internal ---

const NOTHING: Delivery = { reached: 0, of: 0, lacking: [] };

function isWhole({ reached, of }: Delivery): boolean {
  return of > 0 && reached >= of;
}
