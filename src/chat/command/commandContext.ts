/** What a session is made with, and what it lends to its commands. */
import type { RoomSecret } from "../../crypto/roomKeys.ts";
import type { ChatNode } from "../../node/types.ts";
import type { Settings } from "../../settings.ts";
import type { NickTrouble, SessionEvent } from "../model/events.ts";
import type { Deliveries } from "../session/deliveries.ts";
import type { Joins } from "../session/joins.ts";
import type { Lookup } from "./parseAddress.ts";

/** The room to be in. */
export type RoomChoice = { readonly name: string; readonly secret: RoomSecret; readonly private: boolean };

/** What `/set` and `/nick` can change and what another room's node has to be opened with. */
export type LiveSettings = Pick<Settings, "GOSSIP_FANOUT" | "RELAY_SEEN_LIMIT" | "MAX_MESSAGES">;

export type SessionOptions = {
  readonly room: RoomChoice;
  /** Valid. */
  readonly nick: string;
  /** Addresses to contact at start, already checked; hosts that do not resolve yet are tried again and again. */
  readonly joins: readonly string[];
  readonly settings: Settings;
  readonly open: (room: RoomChoice, nick: string, live: LiveSettings) => Promise<ChatNode>;
  /** Called with every nick taken by `/nick`. Resolves with what keeps the next start from knowing it. */
  readonly rememberNick?: (nick: string) => Promise<NickTrouble | undefined>;
  /** How long `/quit` waits for what was said to reach a peer. */
  readonly quitMsMax: number;
  readonly lookup?: Lookup;
};

/** `refused`: nothing was changed or sent, and an event said why. */
export type Outcome = "done" | "refused";

/** What a session lends to its commands. */
export type CommandContext = {
  readonly options: SessionOptions;
  live: LiveSettings;
  room: RoomChoice;
  readonly node: () => ChatNode;
  readonly emit: (event: SessionEvent) => void;
  /** Resolves when the node takes a message: true, or false if the session was closed meanwhile. Tells if it takes long. */
  readonly ready: () => Promise<boolean>;
  readonly joins: Joins;
  readonly deliveries: Deliveries;
  readonly replaceNode: (node: ChatNode) => void;
  readonly quit: () => Promise<void>;
};
