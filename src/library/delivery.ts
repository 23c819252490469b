/** When what is known of a message's delivery counts as final: everyone has it, or nothing new was heard for a while. */
import type { Delivery, RoomHandle } from "../node/types.ts";
import type { MessageId } from "../wire/ids.ts";

/** After the last that was heard of it, or after it was said. */
export const QUIET_MS = 5_000;

/** Resolves once, with the last that was heard; when the room is closed, at once. Never rejects. */
export function deliveryOf(room: RoomHandle, id: MessageId, closed: AbortSignal): Promise<Delivery> {
  return new Promise((resolve) => {
    const known = (): Delivery => room.delivery(id) ?? NOTHING;
    const settle = (): void => {
      clearTimeout(timer);
      unsubscribe();
      closed.removeEventListener("abort", settle);
      resolve(known());
    };
    let timer = setTimeout(settle, QUIET_MS);
    const unsubscribe = room.subscribe((event) => {
      if (event.type !== "delivery" || event.id !== id) return;
      if (isWhole(event)) return settle();
      clearTimeout(timer);
      timer = setTimeout(settle, QUIET_MS);
    });
    closed.addEventListener("abort", settle);
    if (closed.aborted || isWhole(known())) settle();
  });
}

// --- internal ---

const NOTHING: Delivery = { reached: 0, of: 0, lacking: [] };

function isWhole({ reached, of }: Delivery): boolean {
  return of > 0 && reached >= of;
}
