/** The public face of a running node: what the chat session, bots and tests hold. */
import type { RoomSecret } from "../crypto/roomKeys.ts";
import type { Command } from "../protocol/api.ts";
import type { ChatEvent } from "../protocol/events.ts";
import type { CoreStats, Message, PeerView } from "../protocol/views.ts";
import type { Endpoint } from "../wire/endpoint.ts";

/** `dropped` counts what the socket lost, too. */
export type NodeStats = CoreStats & {
  readonly heapBytes: number;
  /** Receive buffer the system granted, bytes. */
  readonly receiveBufferBytes: number;
};

export type RoomInfo = { readonly name: string; readonly private: boolean; readonly invite: string };

export interface ChatNode {
  readonly room: RoomInfo;
  /** Where this node listens, as best known: its address as peers see it, else an interface's, else 127.0.0.1. */
  address(): Endpoint;
  self(): PeerView;
  peers(): PeerView[];
  /** Newest `limit` kept messages in the order of their ids. */
  log(limit?: number): Message[];
  stats(): NodeStats;
  command(command: Command): void;
  /** So much waits to go out that a `say` now is refused with the error `busy`. */
  isBusy(): boolean;
  /** Resolves when it is not busy, or is closed: whoever says much says the next after this. */
  whenReady(): Promise<void>;
  /** Just started, alone, and looking for others, at remembered addresses or on the LAN: somebody may answer any moment. */
  isSeeking(): boolean;
  /** Listeners are called in order, synchronously, after the effects before the event were performed. */
  subscribe(listener: (event: ChatEvent) => void): () => void;
  /** Ids of own messages that no peer has acknowledged yet. */
  undelivered(): number;
  /** Says goodbye to peers, closes the socket. Takes at most 1 s. */
  close(): Promise<void>;
}

/** What `openNode` needs; everything has been parsed and checked already. */
export type NodeOptions = {
  readonly nick: string;
  readonly room: { readonly name: string; readonly secret: RoomSecret; readonly private: boolean };
  /** First port to try; the next 100 are tried if taken. */
  readonly port: number;
  /** Be found by others on the LAN, and find them: beacons to a multicast group, see PROTOCOL.md. */
  readonly discovery: boolean;
  /** Directory for the identity and what is remembered; undefined: fresh identity, nothing on disk. */
  readonly dataDir: string | undefined;
  readonly fanout: number | undefined;
  readonly seenLimit: number | undefined;
  readonly keepaliveIntervalMs: number | undefined;
  readonly nodeTimeoutMs: number | undefined;
  readonly cleanupIntervalMs: number | undefined;
  readonly latestLimit: number | undefined;
  readonly maxMessages: number | undefined;
  /** Testing: share of outgoing datagrams to drop, 0..100. */
  readonly dropPercent: number;
  /** Structured debug records; undefined: none. */
  readonly debug: ((record: DebugRecord) => void) | undefined;
};

export type DebugRecord = { readonly at: string; readonly what: string; readonly [field: string]: unknown };
