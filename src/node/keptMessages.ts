/** Reads what a store kept of earlier starts, before a room is entered. */
import type { StoredMessage } from "../protocol/api.ts";
import { type Store, StoreError } from "../store/store.ts";

/** In the order of ids. Rejects with a StoreError. */
export function readKept(store: Store): Promise<readonly StoredMessage[]> {
  return new Promise((resolve, reject) => {
    const all: StoredMessage[] = [];
    store.index((messages, isLast, trouble) => {
      all.push(...messages);
      if (trouble !== undefined) reject(new StoreError(trouble));
      else if (isLast) resolve(all);
    });
  });
}
