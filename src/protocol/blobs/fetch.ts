/**
 * Fetches messages that do not fit a datagram. Chunks are asked of a few holders at once, other chunks of each, at the
 * pace that this node grants. If a holder goes silent, its chunks are asked of the others.
 *
 * Only the whole message proves itself, by id and signature. If it does not verify, it is fetched anew from one holder at
 * a time, and a holder whose bytes were wrong is not asked for it again.
 */
import type { Frame } from "../../wire/frames.ts";
import type { BootId, MessageId, PeerId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import { limits } from "../limits.ts";
import type { Session } from "../link/session.ts";
import { shuffle } from "../rng.ts";
import { patienceMs } from "../sync/supplier.ts";
import type { Millis } from "../time.ts";
import { type Assembly, createAssembly } from "./assembly.ts";
import {
  type ChunkSupplier,
  chunksFree,
  createChunkSupplier,
  expireChunks,
  noteAsked,
  noteChunk,
  oldestAsked,
} from "./chunkRequests.ts";

export type BlobFetch = {
  /** `from` holds a message of `bytes` bytes that may not be here; `live`: it was relayed, not asked for as history. */
  readonly offered: (from: Session, id: MessageId, bytes: number, live: boolean) => void;
  readonly onChunk: (from: Session, chunk: Frame & { readonly type: "chunk" }) => void;
  /** The message of so many bytes is here, perhaps without its body: nothing of it is kept. */
  readonly arrived: (id: MessageId, bytes: number) => void;
  /** What was asked for is late, or nobody asks any more. */
  readonly onTimer: (key: string) => void;
  /** Something is being fetched now. */
  readonly isActive: () => boolean;
  /** Forgets all that is not whole. */
  readonly stop: () => void;
  readonly size: () => number;
};

export type BlobFetchOptions = {
  /** Kept, or let go already: not worth fetching. */
  readonly isKnown: (id: MessageId) => boolean;
  /** Takes the bytes of a message; its id if it is genuine; "later": it is not taken now. `from`: whose chunk was the last. */
  readonly whole: (bytes: Uint8Array, from: Session, live: boolean) => MessageId | "later" | undefined;
};

/** BOUNDED: who is remembered to hold a message. */
const SUPPLIERS_MAX = 8;
/** Of these so many are asked at once. */
const PARALLEL_MAX = 3;
/** Messages fetched at the same time; which of those that wait goes next is left to chance, so that no one can be first in line. */
export const ACTIVE_MAX = 16;
/** Of these such as only one peer has offered: what two or more say that they hold is likelier to be there. */
export const ACTIVE_OF_ONE_MAX = 12;
/** Of these from one peer, so that nobody can keep others from being heard. */
const ACTIVE_PER_PEER = 4;
/** Messages waiting or fetched that one peer offered first, whatever number of process starts it speaks as. */
const OFFERED_PER_PEER = 256;
/** Requests in a row that brought nothing, to each supplier, before all are left alone until someone offers the message again. */
const SILENT_MAX = 6;
const PAUSE_MS_MIN: Millis = 1;
/** What came is kept so long for the next supplier. */
const IDLE_MS: Millis = 60_000;
/** A message that is not whole so long after it was first offered is given up: it is offered again, or nobody has it. */
const FETCH_MS_MAX: Millis = 180_000;
/** BOUNDED: suppliers remembered for bytes that did not verify. */
const REFUSED_MAX = 1_024;

/** Who offers: a peer. All process starts that are nobody's, or not that of their peer any more, count as one. */
type Peer = PeerId | "nobody";

type Fetch = {
  readonly key: string;
  readonly id: MessageId;
  readonly assembly: Assembly;
  readonly openedBy: Peer;
  readonly openedAt: Millis;
  /** BOUNDED: SUPPLIERS_MAX. */
  suppliers: ChunkSupplier[];
  /** BOUNDED: PARALLEL_MAX. Those that are asked now. */
  asking: readonly ChunkSupplier[];
  live: boolean;
  state: "waiting" | "active" | "idle";
  /** Bytes of several suppliers did not verify together: only those of one are put together now, so that it shows whose. */
  isStrict: boolean;
};

export function createBlobFetch(context: Context, { isKnown, whole }: BlobFetchOptions): BlobFetch {
  const { link, timers, counters, rng } = context;
  /** BOUNDED: `limits.transfers`, by id and size, so that a wrong size harms only those who named it. */
  const fetches = new Map<string, Fetch>();
  const refused = new Set<string>();

  /** BOUNDED: as `fetches`. Those in each state, and how many each peer has opened. */
  const inState = { waiting: new Set<Fetch>(), active: new Set<Fetch>(), idle: new Set<Fetch>() };
  const opened = new Map<Peer, number>();

  const become = (fetch: Fetch, state: Fetch["state"]): void => {
    inState[fetch.state].delete(fetch);
    inState[state].add(fetch);
    fetch.state = state;
  };
  const remove = (fetch: Fetch): void => {
    fetches.delete(fetch.key);
    inState[fetch.state].delete(fetch);
    const left = (opened.get(fetch.openedBy) ?? 0) - 1;
    if (left > 0) opened.set(fetch.openedBy, left);
    else opened.delete(fetch.openedBy);
    timers.clear(timerOf(fetch.key));
  };
  const wake = (fetch: Fetch, at: Millis): void =>
    timers.set(timerOf(fetch.key), at, { type: "fetch-blob", key: fetch.key });

  const peerOf = (boot: BootId): Peer => link.sessions.get(boot)?.peer ?? "nobody";
  /** How many of those that are fetched each peer is asked for. */
  const askedOf = (apart?: Fetch): Map<Peer, number> => {
    const asked = new Map<Peer, number>();
    for (const fetch of inState.active) {
      if (fetch === apart) continue;
      for (const peer of new Set(fetch.asking.map(({ boot }) => peerOf(boot))))
        asked.set(peer, (asked.get(peer) ?? 0) + 1);
    }
    return asked;
  };
  const isFree = ({ boot }: ChunkSupplier, asked: ReadonlyMap<Peer, number>): boolean =>
    (asked.get(peerOf(boot)) ?? 0) < ACTIVE_PER_PEER;
  const isOfOne = ({ suppliers: [first, ...others] }: Fetch): boolean =>
    first === undefined || others.every(({ boot }) => peerOf(boot) === peerOf(first.boot));
  /** Whom to ask: those that were not silent first, and of these whoever is asked already. */
  const choose = (fetch: Fetch): void => {
    fetch.suppliers = fetch.suppliers.filter(({ boot }) => link.sessions.get(boot) !== undefined);
    const before = fetch.asking;
    const rank = (supplier: ChunkSupplier): number => 2 * supplier.silent + (before.includes(supplier) ? 0 : 1);
    const asked = askedOf(fetch);
    fetch.asking = fetch.suppliers
      .filter((supplier) => isFree(supplier, asked))
      .sort((one, other) => rank(one) - rank(other))
      .slice(0, fetch.isStrict ? 1 : PARALLEL_MAX);
    for (const supplier of before) if (!fetch.asking.includes(supplier)) supplier.awaited.clear();
    if (fetch.isStrict && before.length > 0 && fetch.asking[0] !== before[0]) fetch.assembly.clear();
  };
  const rest = (fetch: Fetch): void => {
    become(fetch, "idle");
    fetch.suppliers = [];
    fetch.asking = [];
    wake(fetch, context.now.mono + IDLE_MS);
    startNext();
  };
  const ask = (fetch: Fetch): void => {
    choose(fetch);
    if (fetch.suppliers.length === 0) return rest(fetch);
    const { mono } = context.now;
    if (fetch.asking.length === 0) {
      become(fetch, "waiting");
      return wake(fetch, mono + IDLE_MS);
    }
    const awaited = new Set(fetch.asking.flatMap((supplier) => [...supplier.awaited.keys()]));
    let dueAt = Number.POSITIVE_INFINITY;
    for (const supplier of fetch.asking) {
      const session = link.sessions.get(supplier.boot);
      const chunks = fetch.assembly.lacking(chunksFree(supplier), awaited);
      if (session !== undefined && chunks.length > 0) {
        noteAsked(supplier, chunks, mono);
        for (const index of chunks) awaited.add(index);
        link.send(session, { type: "wantChunks", id: fetch.id, chunks });
      }
      dueAt = Math.min(dueAt, (oldestAsked(supplier) ?? dueAt) + patienceMs(supplier));
    }
    // Never within this step again, whatever became of the wait meanwhile.
    wake(fetch, Math.max(Math.min(dueAt, mono + limits.rtoMsMax), mono + PAUSE_MS_MIN));
  };
  /** Lets waiting ones begin. */
  const startNext = (): void => {
    if (inState.active.size >= ACTIVE_MAX || inState.waiting.size === 0) return;
    let asked = askedOf();
    let ofOne = [...inState.active].filter(isOfOne).length;
    for (const fetch of shuffle(rng, [...inState.waiting])) {
      if (inState.active.size >= ACTIVE_MAX) return;
      if (fetch.state !== "waiting" || !fetch.suppliers.some((supplier) => isFree(supplier, asked))) continue;
      if (isOfOne(fetch) && ofOne >= ACTIVE_OF_ONE_MAX) continue;
      become(fetch, "active");
      ask(fetch);
      asked = askedOf();
      ofOne = [...inState.active].filter(isOfOne).length;
    }
  };
  /** Nobody answers: others have their turn, if any wait. */
  const giveWay = (fetch: Fetch): void => {
    for (const supplier of fetch.asking) supplier.awaited.clear();
    fetch.asking = [];
    become(fetch, "waiting");
    wake(fetch, context.now.mono + IDLE_MS);
    startNext();
  };
  /** Room for one more, at the cost of the peer that has the most here: nobody can fill the table for the others. */
  const makeRoom = (opener: Peer): boolean => {
    const [greediest] = [...opened].sort(([, one], [, other]) => other - one);
    if (greediest === undefined || greediest[1] <= (opened.get(opener) ?? 0) + 1) return false;
    for (const fetch of fetches.values()) {
      if (fetch.openedBy !== greediest[0] || fetch.state === "active") continue;
      counters.drop("large-given-up");
      remove(fetch);
      return true;
    }
    return false;
  };

  const finish = (fetch: Fetch, last: Session): void => {
    const contributors = fetch.assembly.contributors();
    const id = whole(fetch.assembly.join(), last, fetch.live);
    if (id === fetch.id) {
      for (const other of [...fetches.values()]) if (other.id === fetch.id) remove(other);
      return startNext();
    }
    // Nobody lied: it is offered again.
    if (id === "later") {
      remove(fetch);
      return startNext();
    }
    counters.drop("large-unverified");
    fetch.assembly.clear();
    fetch.isStrict = true;
    for (const supplier of fetch.suppliers) supplier.awaited.clear();
    fetch.asking = [];
    if (contributors.size === 1) {
      for (const boot of contributors) {
        refused.add(`${fetch.key} ${boot}`);
        const liar = link.sessions.get(boot);
        if (liar !== undefined) link.forged(liar, context.now.mono);
      }
      fetch.suppliers = fetch.suppliers.filter(({ boot }) => !contributors.has(boot));
      if (refused.size > REFUSED_MAX) refused.delete(refused.values().next().value as string);
    }
    if (fetch.suppliers.length > 0) return ask(fetch);
    remove(fetch);
    startNext();
  };

  const open = (from: Session, id: MessageId, bytes: number, live: boolean): Fetch | undefined => {
    const openedBy = peerOf(from.boot);
    if ((opened.get(openedBy) ?? 0) >= OFFERED_PER_PEER) return counters.refuse("large-full");
    if (fetches.size >= limits.transfers && !makeRoom(openedBy)) return counters.refuse("large-full");
    const fetch: Fetch = {
      key: keyOf(id, bytes),
      id,
      assembly: createAssembly(bytes),
      openedBy,
      openedAt: context.now.mono,
      suppliers: [],
      asking: [],
      live,
      state: "idle",
      isStrict: false,
    };
    fetches.set(fetch.key, fetch);
    inState.idle.add(fetch);
    opened.set(openedBy, (opened.get(openedBy) ?? 0) + 1);
    wake(fetch, context.now.mono + IDLE_MS);
    return fetch;
  };

  return {
    offered: (from, id, bytes, live) => {
      const key = keyOf(id, bytes);
      if (isKnown(id) || refused.has(`${key} ${from.boot}`)) return;
      const fetch = fetches.get(key) ?? open(from, id, bytes, live);
      if (fetch === undefined) return;
      fetch.live ||= live;
      const isNew = !fetch.suppliers.some(({ boot }) => boot === from.boot);
      if (isNew && fetch.suppliers.length < SUPPLIERS_MAX) fetch.suppliers.push(createChunkSupplier(from));
      if (fetch.state === "active" && isNew) return ask(fetch);
      if (fetch.state !== "idle") return;
      become(fetch, "waiting");
      startNext();
    },
    onChunk: (from, chunk) => {
      const fetch = fetches.get(keyOf(chunk.id, chunk.total));
      const supplier = fetch?.suppliers.find(({ boot }) => boot === from.boot);
      if (fetch === undefined || supplier === undefined || !supplier.asked.has(chunk.index)) {
        return counters.drop("chunk-unasked");
      }
      // In strict mode what the supplier before still sends is not mixed in.
      if (fetch.isStrict && fetch.asking[0] !== supplier) return counters.drop("chunk-unasked");
      noteChunk(supplier, chunk.index, context.now.mono);
      if (!fetch.assembly.accept(chunk.index, chunk.bytes, from.boot)) return;
      if (fetch.assembly.isWhole()) finish(fetch, from);
      else if (fetch.state === "active") ask(fetch);
    },
    arrived: (id, bytes) => {
      const fetch = fetches.get(keyOf(id, bytes));
      if (fetch === undefined) return;
      remove(fetch);
      startNext();
    },
    onTimer: (key) => {
      const fetch = fetches.get(key);
      if (fetch === undefined) return;
      const { now } = context;
      const isOver = now.mono - fetch.openedAt >= FETCH_MS_MAX || isKnown(fetch.id);
      if (isOver || fetch.state === "idle") {
        if (isOver) counters.drop("large-given-up");
        remove(fetch);
        return startNext();
      }
      if (fetch.state === "waiting") return wake(fetch, now.mono + IDLE_MS);
      for (const supplier of fetch.asking) expireChunks(supplier, now.mono, patienceMs(supplier));
      if (fetch.suppliers.every((supplier) => supplier.silent >= SILENT_MAX)) return rest(fetch);
      const isSilent = fetch.asking.every((supplier) => supplier.silent > 0);
      if (isSilent && inState.waiting.size > 0) return giveWay(fetch);
      ask(fetch);
    },
    isActive: () => inState.active.size > 0,
    stop: () => {
      for (const fetch of [...fetches.values()]) remove(fetch);
    },
    size: () => fetches.size,
  };
}

// --- internal ---

function keyOf(id: MessageId, bytes: number): string {
  return `${id} ${bytes}`;
}

function timerOf(key: string): string {
  return `transfer ${key}`;
}
