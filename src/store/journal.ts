/** Where messages and addresses are kept: the port that the memory journal and an embedded database both fit. */
import type { JournalEntry } from "../protocol/api.ts";
import type { RememberedAddress } from "../protocol/entry/rememberedAddresses.ts";
import type { MessageId } from "../wire/ids.ts";

export type StoredMessage = { readonly id: MessageId; readonly bytes: Uint8Array };

/** Entries take effect in the order of `append`; reading sees every append before it, durable or not. */
export interface Journal {
  /**
   * Keeps a message (one id twice: the first stays), drops all below an id, or keeps an address (of two successes at
   * one address the later). Undefined: done, as durable as this journal gets, or an address, which nobody waits for. A promise: settles when it is durable, rejects when it is not and never will be (a full disk); calls
   * may overlap, so that an implementation can write several in one go. `bytes` are not changed afterwards.
   */
  append(entry: JournalEntry): undefined | Promise<void>;
  /** Everything kept, in the order of ids; `for await` reads either. Not to be appended to while it is read. */
  messages(): Iterable<StoredMessage> | AsyncIterable<StoredMessage>;
  /** The `limits.remembered` addresses of the latest successes, the newest first. */
  addresses(): Iterable<RememberedAddress>;
  /** Settles when every append so far is durable or has failed. */
  flush(): Promise<void>;
  /** Flushes and lets go. */
  close(): Promise<void>;
}
