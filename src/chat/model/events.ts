/** The events that a session adds to those of the node: answers to commands, and refusals. Codes and data only. */
import type { InviteError } from "../../crypto/invite.ts";
import type { Delivery, RoomHandle, RoomStats } from "../../node/types.ts";
import type { StoreTrouble } from "../../protocol/api.ts";
import type { ChatEvent } from "../../protocol/events.ts";
import type { Author, LogSpan, Message, PeerView } from "../../protocol/views.ts";
import type { SettingName } from "../../settings.ts";
import type { ListTrouble } from "../../store/listFile.ts";
import type { KnownPerson } from "../../store/peopleFile.ts";
import type { RoomsTrouble } from "../../store/roomsFile.ts";
import type { MessageKind } from "../../wire/bodies/kinds.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import type { MessageId } from "../../wire/ids.ts";
import type { CommandName } from "../command/commands.ts";
import type { TargetTrouble } from "../command/messageTarget.ts";
import type { ParseRefusal } from "../command/parse.ts";
import type { BadAddress, UnknownHost } from "../command/parseAddress.ts";
import type { AskedSearch, BadSearch } from "../command/parseSearch.ts";
import type { Trust } from "./trust.ts";

/** Messages that a list for people has at most: as many as a screen goes back. */
export const LOG_SHOWN_MAX = 10_000;

/** Of the found messages that are not shown so many are counted. */
export const MORE_COUNTED_MAX = 1_000;

/** A room as people are told of it. */
export type RoomInfo = { readonly name: string; readonly private: boolean };

export function infoOf({ choice }: RoomHandle): RoomInfo {
  return { name: choice.name, private: choice.private };
}

/** A message that was found, and where. */
export type Found = { readonly room: RoomInfo; readonly message: Message };

/** How far back goes what is kept of a room. */
export type Kept = { readonly room: RoomInfo; readonly span: LogSpan };

/** `ref`: of the line or text that this answers, if it was given one. */
export type SessionEvent = Told & { readonly ref?: string | undefined };

type Told =
  | { readonly type: "chat"; readonly event: ChatEvent }
  | { readonly type: "reply"; readonly reply: Reply }
  /** A typed line, a join at start or a change of room changed nothing, and why. */
  | { readonly type: "refusal"; readonly refusal: Refusal }
  /** What was to be said is a message now. */
  | { readonly type: "sent"; readonly id: MessageId }
  /** For those who gave a `ref`: it is done, and there is nothing else to tell of it. */
  | { readonly type: "done" }
  /**
   * The session shows another room: `Session.room` is another one, and what was shown belongs to the old one.
   */
  | { readonly type: "moved"; readonly room: RoomInfo; readonly address: Endpoint }
  /** So many messages came while what is kept was told, and are not told any more: they are in the log. */
  | { readonly type: "missed"; readonly messages: number }
  /** Of what is kept of the room only the newest messages are told: so many older ones are in the log. */
  | { readonly type: "earlier"; readonly messages: number }
  /** The input has ended, and so many own messages are not known to have reached anybody. */
  | { readonly type: "undelivered"; readonly messages: number }
  /** The network takes nothing more for the moment: so many lines wait, and the reading of more stops. */
  | { readonly type: "busy"; readonly lines: number }
  /** Who has this nick now has another key than the one that is known with it. */
  | { readonly type: "key-changed"; readonly peer: Author; readonly known: NamedPerson }
  /** Whom one has verified or ignores is not what it was. */
  | { readonly type: "people" }
  /** The reader wants an empty screen. */
  | { readonly type: "clear" }
  /** The node is closed. What follows are refusals of lines that came too late. */
  | { readonly type: "ended" };

/** Somebody whose key is known, with its tag. */
export type NamedPerson = KnownPerson & Author;

/** The answer to a command. */
export type Reply =
  /** `peers`: those who are here first, then by nick. */
  | {
      readonly code: "peers";
      readonly self: PeerView;
      readonly peers: readonly PeerView[];
      readonly room: RoomInfo;
      readonly trust: Trust;
    }
  | { readonly code: "stats"; readonly stats: RoomStats }
  /**
   * The newest kept messages, oldest first, in the order of their ids: all that were asked for. `shown`: how many of them,
   * the newest, a list for people has. `kept`: how many there are at all.
   */
  | { readonly code: "log"; readonly messages: readonly Message[]; readonly shown: number; readonly kept: number }
  /**
   * What was found, newest first. It comes in parts until it is over: `fresh` are those since the part before. `more`: how many there
   * are beside these, counted up to MORE_COUNTED_MAX. `kept`: of each room that was searched.
   */
  | {
      readonly code: "search";
      readonly asked: AskedSearch;
      readonly found: readonly Found[];
      readonly fresh: readonly Found[];
      readonly isOver: boolean;
      readonly more: number;
      readonly kept: readonly Kept[];
    }
  /** Of the messages below a place, or of all, the newest that were asked for, oldest first; `more`: older ones are kept. */
  | { readonly code: "history"; readonly room: RoomInfo; readonly messages: readonly Message[]; readonly more: boolean }
  /** One message, whole. */
  | { readonly code: "show"; readonly message: Message }
  /** The `number`th newest own message. `delivery` undefined: nothing is known of it. */
  | {
      readonly code: "info";
      readonly number: number;
      readonly message: Message;
      readonly delivery: Delivery | undefined;
    }
  /** `known`: of each whose key is known since it was first seen. */
  | {
      readonly code: "whois";
      readonly peers: readonly PeerView[];
      readonly self: PeerView;
      readonly known: readonly KnownPerson[];
    }
  /** The words of somebody's key are to be compared. */
  | { readonly code: "verify"; readonly peer: Author; readonly words: string; readonly isVerified: boolean }
  /** The words were those of the key. */
  | { readonly code: "verified"; readonly peer: Author }
  | { readonly code: "ignored" | "unignored"; readonly peer: Author }
  | { readonly code: "ignoring"; readonly people: readonly NamedPerson[] }
  /** undefined: all of them. */
  | { readonly code: "help"; readonly command: CommandName | undefined }
  | { readonly code: "nick"; readonly self: PeerView }
  /** As it was set last. Undefined: it never was. */
  | { readonly code: "topic"; readonly room: RoomInfo; readonly topic: Message | undefined }
  | { readonly code: "invite"; readonly invite: string; readonly room: RoomInfo }
  | {
      readonly code: "room";
      readonly room: RoomInfo;
      readonly address: Endpoint;
      readonly peers: number;
      readonly messages: number;
    }
  | { readonly code: "rooms"; readonly rooms: readonly RoomRow[] }
  | { readonly code: "settings"; readonly rows: readonly SettingRow[] }
  | { readonly code: "set"; readonly row: SettingRow }
  | { readonly code: "contacting"; readonly endpoints: readonly Endpoint[] }
  | { readonly code: "same-room"; readonly room: RoomInfo };

/** `label`: what tells it from another of its name. `messages`: of those that are kept; undefined: it was not opened. */
export type RoomRow = {
  readonly room: RoomInfo;
  readonly label: string;
  /** `not-entered`: this start was asked for other rooms; the next enters it again. */
  readonly state: "shown" | "in" | "left" | "not-entered";
  readonly peers: number;
  readonly messages: number | undefined;
};

export type SettingRow = { readonly name: SettingName; readonly value: string; readonly live: boolean };

/** A nick could not be kept in the file `path`. `reason`: the system's code, `ENOSPC`, or an ExposedError's. */
export type NickTrouble = { readonly path: string; readonly reason: string };

export type Refusal =
  | ParseRefusal
  | BadSearch
  | BadAddress
  | UnknownHost
  /** This program itself listens there. */
  | { readonly code: "own-address"; readonly endpoint: Endpoint }
  | { readonly code: "bad-invite"; readonly reason: InviteError["error"] }
  | { readonly code: "bad-room"; readonly name: string }
  | { readonly code: "bad-nick"; readonly nick: string; readonly limit: number }
  /** The nick is taken; but the next start will not know it. */
  | ({ readonly code: "nick-not-kept"; readonly nick: string } & NickTrouble)
  | { readonly code: "bad-number"; readonly command: CommandName; readonly value: string }
  | TargetTrouble
  /** Of what a program says: no message that one can say is of this kind. */
  | { readonly code: "bad-kind"; readonly kind: string }
  /** Of what a program says: `form`: this is no id; `missing`: this kind needs one; `unneeded`: this kind has none. */
  | { readonly code: "bad-target"; readonly reason: "form" | "missing" | "unneeded"; readonly kind: MessageKind }
  | { readonly code: "unknown-peer"; readonly nick: string }
  /** Several people have this nick, or this tag. */
  | { readonly code: "several-people"; readonly nick: string; readonly peers: readonly Author[] }
  /** The words are not those of the key; nothing has changed. */
  | { readonly code: "wrong-words"; readonly peer: Author }
  /** Nobody verifies or ignores oneself. */
  | { readonly code: "that-is-you"; readonly command: CommandName }
  | { readonly code: "not-ignored"; readonly peer: Author }
  /** The list of known people: the next start will not know it as it is, or this one does not know what it was. */
  | { readonly code: "people-not-kept"; readonly trouble: ListTrouble }
  | { readonly code: "unknown-topic"; readonly topic: string; readonly nearest: string }
  | { readonly code: "unknown-setting"; readonly name: string; readonly nearest: string }
  | { readonly code: "bad-value"; readonly setting: SettingName; readonly value: string; readonly wanted: string }
  /** Settings that are read at start only. */
  | { readonly code: "not-live"; readonly setting: SettingName; readonly flag: string }
  /** Nobody is known of a room that was left. */
  | { readonly code: "left-room"; readonly room: RoomInfo }
  /** The session is in no room of this name. */
  | { readonly code: "unknown-room"; readonly name: string }
  /** Several rooms have this name: each has a label of its own. */
  | { readonly code: "several-rooms"; readonly name: string; readonly labels: readonly string[] }
  /** `room` was not entered. */
  | { readonly code: "too-many-rooms"; readonly room: string }
  /** The list of rooms: the next start will not know what it is now, or this one does not know what it was. */
  | { readonly code: "rooms-not-kept"; readonly trouble: RoomsTrouble }
  /** The other room could not be opened; the session is in `room` still. */
  | { readonly code: "cannot-open"; readonly room: string; readonly reason: string }
  /** What is kept of the room. */
  | { readonly code: "cannot-read"; readonly reason: StoreTrouble["code"]; readonly detail: string }
  /** More lines are waiting than the session holds. */
  | { readonly code: "busy"; readonly limit: number }
  /** The program is ending. */
  | { readonly code: "closing" };
