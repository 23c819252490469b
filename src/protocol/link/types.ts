/** What the link offers to the rest of the protocol, and what it needs. */
import type { ProcessStart } from "../../crypto/linkKeys.ts";
import type { RoomKeys } from "../../crypto/roomKeys.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import type { Frame } from "../../wire/frames.ts";
import type { BootId, LinkKey } from "../../wire/ids.ts";
import type { StatementContent } from "../../wire/statement.ts";
import type { Effect } from "../api.ts";
import type { Counters } from "../counters.ts";
import type { Rng } from "../rng.ts";
import type { Millis } from "../time.ts";
import type { Timers } from "../timers.ts";
import type { Fate, SendOptions, Session, Sessions, Ticket } from "./session.ts";

/** Rows of this module in the timer table. */
export type LinkTimer =
  | { readonly type: "lost"; readonly counter: number }
  | { readonly type: "ack"; readonly boot: BootId };

export type Received = {
  readonly session: Session;
  /** Without acknowledgements, which concern the link alone. */
  readonly frames: readonly Frame[];
  /** Sealed for whoever listens: a contact, that does not know this node yet. */
  readonly isContact: boolean;
  /** By the key of the link: its sender is who it says. */
  readonly isLinked: boolean;
  readonly counter: number;
  readonly echo: number;
  readonly asksForAck: boolean;
  readonly at: Millis;
};

export type Link = {
  /** Of the present process start, as is the public key that the statement names. */
  readonly boot: BootId;
  readonly linkKey: LinkKey;
  /**
   * Goes on as another process start: nothing is sealed with the keys of before any more. What was under way counts as lost, what
   * waits goes on. Peers are told who this is before anything else.
   */
  readonly restart: (start: ProcessStart) => void;
  readonly sessions: Sessions;
  /** Opens a datagram, and settles what it acknowledges; undefined: refused and counted. */
  readonly receive: (bytes: Uint8Array, from: Endpoint, now: Millis) => Received | undefined;
  /** What it brought is here: it is acknowledged within `delayMs`, if it asks for that. Never called: it counts as lost there. */
  readonly acknowledge: (received: Received, delayMs: Millis, now: Millis) => void;
  /** A datagram of ours may be lost: it counts as lost now, or later if acknowledgements of others before it keep coming. */
  readonly lost: (counter: number, now: Millis) => void;
  readonly send: (session: Session, frame: Frame, options?: SendOptions) => void;
  /** A ping by itself to an address where the session may be, `hops` routers far, less one; not bound by INITIATIVE_MAX. */
  readonly pingAt: (session: Session, to: Endpoint, hops?: number) => void;
  /** To an address whose boot id is unknown: an open datagram, padded to full size. */
  readonly contact: (to: Endpoint, frames: readonly Frame[], now: Millis) => void;
  /** It brought something with a bad signature. Who does so again is ignored: only its acknowledgements count. */
  readonly forged: (session: Session, now: Millis) => void;
  /** Sessions that have proven nothing brought bad signatures: what is signed has to wait for proof. */
  readonly doubtsStrangers: (now: Millis) => boolean;
  /** The acknowledgement that was put off is due. */
  readonly ackDue: (boot: BootId) => void;
  /** Datagrams for all that was queued since, in order. */
  readonly flush: (now: Millis) => Effect[];
  /** Share of datagrams that were lost lately, 0..1, over all peers. */
  readonly lossRate: () => number;
  /** The same, if it has just grown, or little is known yet. */
  readonly lossRateAtWorst: () => number;
  /** Datagrams that wait for their acknowledgement. */
  readonly unacknowledged: () => number;
  /**
   * The most frames of what its own user said that wait for any one session that answers, since what is under way to it fills its
   * window. What others make this node send does not count: they could silence it.
   */
  readonly backlog: (now: Millis) => number;
};

export type LinkOptions = {
  readonly roomKeys: RoomKeys;
  readonly start: ProcessStart;
  /** For the salt of each datagram. */
  readonly rng: Rng;
  readonly timers: Pick<Timers<LinkTimer>, "set" | "clear">;
  readonly counters: Counters;
  /** This node's signed statement, for hellos. */
  readonly statement: () => Uint8Array;
  /** An earlier process start of this node said so: whoever knocks with it now may replay it. */
  readonly isOutdated: (content: StatementContent) => boolean;
  /** The link key of a process start that a member's statement names. */
  readonly linkKeyOf: (boot: BootId) => LinkKey | undefined;
  /** A datagram of this room in another version of the wire came. */
  readonly onOtherVersion?: (from: Endpoint, wire: number) => void;
  /** Tells the owner of a ticket what became of its frame; of a push that counted as lost perhaps once more. */
  readonly settled: (ticket: Exclude<Ticket, { readonly owner: "link" }>, fate: Fate) => void;
};
