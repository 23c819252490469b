/**
 * The types that a host gives to the faces above it: a hub, one for each process, and a handle on each of its rooms.
 */
import type { RoomSecret } from "../crypto/roomKeys.ts";
import type { SignedMessage } from "../crypto/signed.ts";
import type { Lan } from "../net/lan.ts";
import type { Transport } from "../net/transport.ts";
import type { Command, Imported, Outcome } from "../protocol/api.ts";
import type { Config } from "../protocol/config.ts";
import type { ChatEvent } from "../protocol/events.ts";
import type { Rng } from "../protocol/rng.ts";
import type { Now } from "../protocol/time.ts";
import type { CoreStats, IndexedMessage, LogSpan, Message, PeerView } from "../protocol/views.ts";
import type { Store } from "../store/store.ts";
import type { Endpoint } from "../wire/endpoint.ts";
import type { MessageId, PeerId } from "../wire/ids.ts";
import type { SearchQuery } from "./search.ts";

/** `dropped` counts what the sockets lost, too. */
export type RoomStats = CoreStats & {
  readonly heapBytes: number;
  /** Receive buffer the system granted, bytes. */
  readonly receiveBufferBytes: number;
};

/** A room to be in: its name, and what lets a node in. */
export type RoomChoice = { readonly name: string; readonly secret: RoomSecret; readonly private: boolean };

/** What was heard of the delivery of an own message: of `of` others `reached` have it; `lacking`: the nicks of some that do not. */
export type Delivery = { readonly reached: number; readonly of: number; readonly lacking: readonly string[] };

export interface RoomHandle {
  readonly choice: RoomChoice;
  /** The line that lets others into the room, with addresses where it can be found now. */
  invite(): string;
  /** Where this node listens, as best known: its address as peers see it, else an interface's, else 127.0.0.1. */
  address(): Endpoint;
  self(): PeerView;
  /** Everyone known but oneself. */
  peers(): PeerView[];
  stats(): RoomStats;
  /** What the command came to. After the room was closed: refused with `not-in-room`. */
  run(command: Command): Promise<Outcome>;
  /** The newest `limit` kept messages, below `before` if it is given, oldest first. Rejects with a StoreError. */
  history(limit: number, before?: MessageId): Promise<Message[]>;
  /**
   * Hands on what is kept now, oldest first, a page at a time, and the next when the promise that `take` gives is settled.
   * `limit`: of the newest alone; left out: of all. `ready`: when the next page may be made. Settles when `take` has had the last.
   * Rejects with a StoreError.
   */
  replay(
    take: (messages: readonly Message[]) => void | Promise<void>,
    limit?: number,
    ready?: () => Promise<void>,
  ): Promise<void>;
  /** What is kept and fits, newest first, a part at a time as it is found. `isGiven`: these whatever their text is. Rejects with a StoreError. */
  search(query: SearchQuery, isGiven?: (id: MessageId) => boolean): AsyncIterable<readonly Message[]>;
  /** These, in their order; undefined where one is not kept. Rejects with a StoreError. */
  read(ids: readonly MessageId[]): Promise<(Message | undefined)[]>;
  /** Of these kinds, by number, all that are kept, ascending. Nothing of it comes from the store. */
  ofKinds(kinds: readonly number[]): readonly IndexedMessage[];
  /** The ids of all that are kept, ascending. */
  ids(): readonly MessageId[];
  /** How far back goes what is kept, and where messages may be lacking. */
  span(): LogSpan;
  /**
   * Hands on what is kept now as it was signed, each checked, oldest first, as `replay` does. Resolves with how many were damaged on
   * the disk and left out. Rejects with a StoreError.
   */
  signed(take: (messages: readonly SignedMessage[]) => void | Promise<void>): Promise<number>;
  /**
   * Takes signed messages in that did not come from a peer: what became of each. Resolves when those that were added are stored, if
   * there is a disk to store them on. Rejects with a StoreError if they are in memory alone. After the room was closed: undefined.
   */
  import(messages: readonly Uint8Array[]): Promise<Imported | undefined>;
  /** Of an own message, what is known of it; 0 of 0: nobody was there. Undefined: nothing is known, or it is too long ago. */
  delivery(id: MessageId): Delivery | undefined;
  /** Own messages that are not known to have reached anybody, those of earlier starts among them. */
  undelivered(): number;
  /** So much waits to go out that a `say` now is refused with `busy`. */
  isBusy(): boolean;
  /** Resolves when it is not busy, or is closed: whoever says much says the next after this. */
  whenReady(): Promise<void>;
  /** Entered, and not left since by the command `leave`. */
  isIn(): boolean;
  /** Just started, alone, and looking for others, at remembered addresses or on the LAN: somebody may answer any moment. */
  isSeeking(): boolean;
  /** Listeners are called in order, synchronously, after the effects before the event were performed. Returns what ends it. */
  subscribe(listener: (event: ChatEvent) => void): () => void;
  /** Says goodbye to the room's peers and lets it go. The other rooms of the hub go on. Takes at most 1 s. */
  close(): Promise<void>;
}

/** What can be changed while rooms are entered. */
export type LiveConfig = Pick<Config, "fanout" | "seenLimit" | "maxMessages" | "maxAgeMs" | "maxBytes">;

export interface HubHandle {
  readonly id: PeerId;
  /** Which of the data directory's identities this is, from 1 on: what is kept beside it is named by this number. */
  readonly slot: number;
  /** Enters the room, or gives the handle if it is entered already. Rejects with a StoreError. */
  enter(room: RoomChoice, nick?: string): Promise<RoomHandle>;
  rooms(): readonly RoomHandle[];
  /** For all rooms, those to come too. */
  configure(changes: LiveConfig): void;
  /** Leaves all rooms and closes the sockets. Takes at most 1 s. */
  close(): Promise<void>;
}

/** What `openHub` needs; everything has been parsed and checked already. */
export type HubOptions = {
  /** Of rooms that are entered without another. */
  readonly nick: string;
  /** First port to try; the next 100 are tried if taken. 0: any. */
  readonly port: number;
  /** Be found by others on the LAN, and find them: beacons to a multicast group, see PROTOCOL.md. */
  readonly discovery: boolean;
  /** Directory for the identity, the history and what is remembered; undefined: fresh identity, nothing on disk. */
  readonly dataDir?: string | undefined;
  /** How many of the directory's identities are tried, if others are in use; left out: all. 1: the first or none. */
  readonly identitySlots?: number;
  /** What differs from the defaults. */
  readonly config?: Partial<Config>;
  /** Testing: share of outgoing datagrams to drop, 0..100. */
  readonly dropPercent?: number;
  /** Structured debug records; undefined: none. */
  readonly debug?: ((record: DebugRecord) => void) | undefined;
  /** In place of those of the system. */
  readonly transport?: Transport;
  readonly lan?: Lan;
  readonly clock?: () => Now;
  readonly rng?: Rng;
  /** Where a room's messages are kept; left out: in `dataDir`, or in memory without one. `id`: the room's, 32 bytes. */
  readonly openStore?: (id: Uint8Array) => Store;
};

export type DebugRecord = { readonly at: string; readonly what: string; readonly [field: string]: unknown };
