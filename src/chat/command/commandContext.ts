/** The options with which a session is made, and what it gives its commands to work with. */
import type { HubHandle, RoomChoice, RoomHandle } from "../../node/types.ts";
import type { Settings } from "../../settings.ts";
import type { NickTrouble, SessionEvent } from "../model/events.ts";
import type { Joins } from "../session/joins.ts";
import type { Lookup } from "./parseAddress.ts";

/** What `/set` can change. */
export type LiveSettings = Pick<Settings, "GOSSIP_FANOUT" | "RELAY_SEEN_LIMIT" | "MAX_MESSAGES">;

export type SessionOptions = {
  readonly room: RoomChoice;
  /** Valid. */
  readonly nick: string;
  /** Addresses to contact at start, already checked; hosts that do not resolve yet are tried again and again. */
  readonly joins: readonly string[];
  readonly settings: Settings;
  /** The session owns it from now on. */
  readonly hub: HubHandle;
  /** Called with every nick taken by `/nick`. Resolves with what keeps the next start from knowing it. */
  readonly rememberNick?: (nick: string) => Promise<NickTrouble | undefined>;
  /**
   * How much of what is kept of a room is told, oldest first, when it is entered: so many of the newest messages, or all. Left
   * out: nothing, as the face reads it by itself.
   */
  readonly replayed?: number | "all";
  /** How long `/quit` waits for what was said to reach a peer. */
  readonly quitMsMax: number;
  readonly lookup?: Lookup;
};

/** `refused`: nothing was changed or sent, and an event said why. */
export type Outcome = "done" | "refused";

/** What a session lends to its commands. */
export type CommandContext = {
  readonly options: SessionOptions;
  /** Changed in place. */
  readonly live: LiveSettings;
  /** The room that the session shows. */
  readonly room: () => RoomHandle;
  readonly emit: (event: SessionEvent) => void;
  /** Resolves when the node takes a message: true, or false if the session was closed meanwhile. Tells if it takes long. */
  readonly ready: () => Promise<boolean>;
  /** Of the room that the session shows. */
  readonly joins: () => Joins;
  /** Shows this room from now on: says so, and tells what came in it meanwhile, or was kept of it. Resolves when all is told. */
  readonly moveTo: (room: RoomHandle) => Promise<void>;
  readonly quit: () => Promise<void>;
};
