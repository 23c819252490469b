/** What a node shows of itself, its peers and its messages: plain values, each a copy. */

import type { MessageKind } from "../wire/bodies/kinds.ts";
import type { Endpoint } from "../wire/endpoint.ts";
import type { MessageId, PeerId } from "../wire/ids.ts";
import type { Millis, UnixMillis } from "./time.ts";

export type Author = {
  readonly id: PeerId;
  /** Four letters derived from the key: tells two Annas apart. */
  readonly tag: string;
  /** The nick at the time of writing. */
  readonly nick: string;
};

export type Message = {
  readonly id: MessageId;
  readonly author: Author;
  readonly seq: number;
  /** `unknown`: of a kind, or with a body, that this version cannot read; it is kept and relayed all the same. */
  readonly kind: MessageKind | "unknown";
  readonly kindNumber: number;
  /** The message that this one is about: of a reply, react, edit and delete there is one. */
  readonly target: MessageId | undefined;
  /** Empty where the kind is unknown, or the author has deleted the message. */
  readonly text: string;
  /** Its author has deleted it: the words are gone. The nick is that of the deletion. */
  readonly erased?: true;
  /** The author's clock when it was written (hybrid logical clock, ms). */
  readonly time: UnixMillis;
  readonly parents: readonly MessageId[];
  readonly own: boolean;
  /** Fetched as history rather than heard live. */
  readonly history: boolean;
  /** Where it was read from what is kept: the edit whose text it has. */
  readonly editedBy?: MessageId;
  /** Where it was read from what is kept: its author deleted it. It has no text. */
  readonly deleted?: true;
};

/** What the index knows of a message, its body apart. `kind`: its number. */
export type IndexedMessage = {
  readonly id: MessageId;
  readonly author: PeerId;
  readonly kind: number;
  readonly target: MessageId | undefined;
};

export type PeerStatus = "alive" | "suspect" | "dead" | "left";

export type PeerView = {
  readonly id: PeerId;
  readonly tag: string;
  readonly nick: string;
  readonly status: PeerStatus;
  /** How long it has had this status; undefined: oneself. */
  readonly sinceMs: Millis | undefined;
  /** Where datagrams for it go now, if known. */
  readonly address: Endpoint | undefined;
  readonly rttMs: Millis | undefined;
  /** How long ago it was last heard directly. */
  readonly lastHeardMs: Millis | undefined;
};

/** How far back goes what is kept, and where messages may be lacking. */
export type LogSpan = {
  /** When the oldest message that is kept was said; undefined: none is. */
  readonly oldest: UnixMillis | undefined;
  /** The oldest answers to nothing, and nothing is known to be lacking: the conversation begins with it. */
  readonly isWhole: boolean;
  /** Of what was said before then some may have been let go; undefined: as far as it goes back it is whole. */
  readonly gapsUntil: UnixMillis | undefined;
};

export type CoreStats = {
  /** Live peers, oneself not counted. */
  readonly peers: number;
  readonly messages: number;
  readonly datagramsIn: number;
  readonly datagramsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Frames received that carried a message body. */
  readonly payloadsIn: number;
  /** Frames sent that carried a message body, retries included. */
  readonly payloadsOut: number;
  /** Messages relayed: first pushes on a sighting, acknowledgement-driven retries apart. */
  readonly relayed: number;
  /** The most peers that any one message was sent on to, retries apart. */
  readonly relayedPerMessageMax: number;
  /** Acknowledgement-driven repeats of a push, to the same or another peer of the slice. */
  readonly retries: number;
  /** By how much this node's clock is ahead of those of most peers; negative: behind. */
  readonly clockAheadMs: Millis;
  /** Datagrams and frames refused, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
};
