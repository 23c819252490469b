/** The store of a node of the small world: a disk that answers in the order of what it was asked, at once or when a test says so. */
import type { Effect, Input, Mark, StoredMessage, StoreTrouble } from "../../src/protocol/api.ts";
import type { RememberedAddress } from "../../src/protocol/entry/rememberedAddresses.ts";
import { eraseIn } from "../../src/store/memory.ts";
import type { MessageId } from "../../src/wire/ids.ts";

type Asked = Extract<Effect, { readonly type: "append" | "mark" | "erase" | "trim" | "read" }>;

export type TestStore = {
  readonly kept: Map<MessageId, Uint8Array>;
  /** How far own messages got. */
  readonly marks: Map<MessageId, Mark>;
  /** Where peers were reached, as it was told. */
  readonly addresses: RememberedAddress[];
  /** What it was asked for and has not done yet. */
  readonly asked: Asked[];
  /** It does nothing until a test says so. */
  isHeld: boolean;
  /** What it answers to what it is to keep; undefined: it keeps it. */
  trouble: StoreTrouble | undefined;
  /** How often each message was handed to it. */
  readonly appends: Map<MessageId, number>;
  /** Ids that were to be trimmed, in the order in which they were named. */
  readonly trimmed: MessageId[];
};

export function createTestStore(): TestStore {
  return {
    kept: new Map(),
    marks: new Map(),
    addresses: [],
    asked: [],
    isHeld: false,
    trouble: undefined,
    appends: new Map(),
    trimmed: [],
  };
}

/** Takes what is for the store; what it is asked to do waits. */
export function ask(store: TestStore, effect: Effect): void {
  switch (effect.type) {
    case "append":
      for (const { id } of effect.messages) store.appends.set(id, (store.appends.get(id) ?? 0) + 1);
      store.asked.push(effect);
      return;
    case "mark":
    case "erase":
    case "trim":
    case "read":
      store.asked.push(effect);
      return;
    case "remember": {
      const { type: _, ...address } = effect;
      store.addresses.push(address);
    }
  }
}

/** Does the first thing that it was asked for, with the marks before it; its answer, if one is waited for. */
export function doNext(store: TestStore): Input | undefined {
  let next = store.asked.shift();
  for (; next?.type === "mark"; next = store.asked.shift())
    if (store.trouble === undefined) for (const mark of next.marks) store.marks.set(mark.id, mark);
  switch (next?.type) {
    case "append":
      if (store.trouble === undefined) for (const message of next.messages) keep(store, message);
      return next.ticket === undefined ? undefined : { type: "written", ticket: next.ticket, trouble: store.trouble };
    case "erase": {
      const trouble = store.trouble ?? eraseIn(store.kept, next.erasures);
      return { type: "erased", ids: next.erasures.map(({ id }) => id), trouble };
    }
    case "trim":
      for (const id of next.ids) store.kept.delete(id);
      for (const id of next.ids) store.marks.delete(id);
      store.trimmed.push(...next.ids);
      return undefined;
    case "read":
      return { type: "read", ticket: next.ticket, bodies: next.ids.map((id) => store.kept.get(id)) };
    default:
      return undefined;
  }
}

/** What a new process finds: all that was kept, in the order of ids. */
export function keptIn({ kept }: TestStore): StoredMessage[] {
  return [...kept].map(([id, bytes]) => ({ id, bytes })).sort((a, b) => (a.id < b.id ? -1 : 1));
}

// --- internal ---

function keep({ kept }: TestStore, { id, bytes }: StoredMessage): void {
  if (!kept.has(id)) kept.set(id, bytes);
}
