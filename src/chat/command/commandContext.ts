/** The options with which a session is made, and what it gives its commands to work with. */
import type { HubHandle, RoomChoice, RoomHandle } from "../../node/types.ts";
import type { Settings } from "../../settings.ts";
import type { ListTrouble } from "../../store/listFile.ts";
import type { KnownPerson } from "../../store/peopleFile.ts";
import type { RememberedRoom, RoomsTrouble } from "../../store/roomsFile.ts";
import type { NickTrouble, RoomInfo, SessionEvent } from "../model/events.ts";
import type { Joins } from "../session/joins.ts";
import type { People } from "../session/people.ts";
import type { Lookup } from "./parseAddress.ts";
import type { Searches } from "./parseSearch.ts";

/** What `/set` can change. */
export type LiveSettings = Pick<
  Settings,
  "GOSSIP_FANOUT" | "RELAY_SEEN_LIMIT" | "MAX_MESSAGES" | "MAX_AGE" | "MAX_DISK"
>;

/** A room to be in from the start on. */
export type RoomOpening = {
  readonly room: RoomChoice;
  /** Addresses to contact there, already checked; hosts that do not resolve yet are tried again and again. */
  readonly joins: readonly string[];
  /** Left out of all: the first one is shown. */
  readonly isShown?: boolean;
};

export type SessionOptions = {
  /** At least one. They are entered in this order. */
  readonly rooms: readonly RoomOpening[];
  /** The list of rooms of earlier starts. Those that are not entered stay in it, and their names lead into them. */
  readonly listed?: readonly RememberedRoom[];
  /** What is wrong with that list, where nobody has been told yet. */
  readonly listTrouble?: RoomsTrouble | undefined;
  /** Called with the list whenever it may have changed. Resolves with what keeps the next start from knowing it. */
  readonly rememberRooms?: (rooms: readonly RememberedRoom[]) => Promise<RoomsTrouble | undefined>;
  /** The people whose keys are known from earlier starts, those seen last last. */
  readonly people?: readonly KnownPerson[];
  /** What is wrong with that list, where nobody has been told yet. */
  readonly peopleTrouble?: ListTrouble | undefined;
  /** Called with the list when it has changed. Resolves with what keeps the next start from knowing it. */
  readonly rememberPeople?: (people: readonly KnownPerson[]) => Promise<ListTrouble | undefined>;
  /** `2026-01-31`; left out: of the system's clock. */
  readonly today?: () => string;
  /** Valid. */
  readonly nick: string;
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
  /** The room that the line is meant for: the one that the session shows, unless it says another. */
  readonly room: () => RoomHandle;
  /** Those that were entered since the start, in this order; some may have been left. */
  readonly rooms: () => readonly RoomHandle[];
  readonly isShown: (room: RoomHandle) => boolean;
  readonly label: (room: RoomHandle) => string;
  /** The rooms that were entered since the start, and that a name or label means. */
  readonly named: (text: string) => readonly RoomHandle[];
  readonly info: (room: RoomHandle) => RoomInfo;
  /** Rooms of earlier starts that were not entered since. */
  readonly remembered: () => readonly RememberedRoom[];
  readonly labelOf: (choice: RoomChoice) => string;
  /** One of these is not to be entered at the next start. */
  readonly forget: (choice: RoomChoice) => void;
  /** No more rooms can be entered. */
  readonly isFull: () => boolean;
  readonly emit: (event: SessionEvent) => void;
  /** Resolves when the node takes a message: true, or false if the session was closed meanwhile. Tells if it takes long. */
  readonly ready: () => Promise<boolean>;
  /** Changed in place, by functions of people.ts. */
  readonly people: People;
  readonly today: () => string;
  /** Whom one has verified or ignores has changed: faces are told, and it is kept. */
  readonly peopleChanged: () => void;
  /** Changed in place. */
  readonly searches: Searches;
  /** Of the room that the line is meant for. */
  readonly joins: () => Joins;
  /** Shows this room from now on: says so, and, if it is new, tells what is kept of it. Resolves when all is told. */
  readonly moveTo: (room: RoomHandle) => Promise<void>;
  readonly leave: (room: RoomHandle) => Promise<Outcome>;
  readonly quit: () => Promise<void>;
};
