/** Reads one line of input in JSON mode. A line that is no JSON object counts as typed text. */
import type { AskedHistory } from "../chat/command/historyCommand.ts";
import { ALL_ROOMS, type AskedSearch, type BadSearch, searchFor } from "../chat/command/parseSearch.ts";
import { SEARCH_SHOWN } from "../chat/command/searchCommand.ts";
import type { Refusal } from "../chat/model/events.ts";
import { type MessageKind, messageKinds, needsTarget } from "../wire/bodies/kinds.ts";
import { isMessageId } from "../wire/envelope.ts";
import { MESSAGE_ID_BYTES, type MessageId } from "../wire/ids.ts";

export type Input =
  | ({ readonly type: "typed"; readonly text: string } & InRoom & Ref)
  /** `target`: exactly where the kind needs one. */
  | ({
      readonly type: "say";
      readonly text: string;
      readonly kind: MessageKind;
      readonly target: MessageId | undefined;
    } & InRoom &
      Ref)
  /** It says what cannot be said. */
  | ({ readonly type: "refused"; readonly refusal: Refusal } & InRoom & Ref)
  /** From now on, what happens in these rooms alone is told; undefined: in all. */
  | ({ readonly type: "subscribe"; readonly rooms: readonly string[] | undefined } & Ref)
  | ({ readonly type: "search"; readonly asked: AskedSearch | BadSearch; readonly limit: number } & InRoom & Ref)
  | ({ readonly type: "history"; readonly asked: AskedHistory } & InRoom & Ref)
  /** An object that asks for nothing this program knows. */
  | ({ readonly type: "bad-input"; readonly reason: string } & Ref);

/** The name or label of the room that is meant; undefined: the one that is shown. */
type InRoom = { readonly room: string | undefined };

/** What the answer is to be known by, if the line says so. */
type Ref = { readonly ref: string | undefined };

const REF_LENGTH_MAX = 256;
const ROOMS_NAMED_MAX = 100;

export function readInput(line: string): Input {
  const object = readObject(line);
  if (object === undefined) return { type: "typed", text: line, room: undefined, ref: undefined };
  const { ref } = object;
  if (ref !== undefined && (typeof ref !== "string" || ref.length > REF_LENGTH_MAX))
    return { type: "bad-input", reason: `"ref" is a string of at most ${REF_LENGTH_MAX} characters`, ref: undefined };
  return { ...readAsked(object), ref };
}

// --- internal ---

const TYPES = '"say", "command", "search", "history" or "subscribe"';
const HISTORY_LIMIT = 50;
/** Messages that one line may ask for. */
const LIMIT_MAX = 1_000;

type Asked = Input extends infer One ? (One extends Input ? Omit<One, "ref"> : never) : never;

function readAsked(object: Record<string, unknown>): Asked {
  const { room } = object;
  if (room !== undefined && typeof room !== "string") return bad('"room" is the name of a room, a string');
  switch (object.type) {
    case "say":
      return readSay(object, room);
    case "command": {
      const { line: typed } = object;
      if (typeof typed !== "string") return bad('"command" needs a string "line"');
      if (!typed.startsWith("/")) return bad('the "line" of a "command" starts with a slash');
      return { type: "typed", text: typed, room };
    }
    case "subscribe": {
      const { rooms } = object;
      const isList =
        Array.isArray(rooms) && rooms.length <= ROOMS_NAMED_MAX && rooms.every((name) => typeof name === "string");
      if (rooms !== undefined && !isList) return bad(`"rooms" is a list of at most ${ROOMS_NAMED_MAX} names of rooms`);
      return { type: "subscribe", rooms };
    }
    case "search":
      return readSearch(object, room);
    case "history":
      return readHistory(object, room);
    case undefined:
      return bad(`an object needs a "type": ${TYPES}`);
    default:
      return bad(`unknown "type": wanted ${TYPES}`);
  }
}

function readSay({ text, kind = "text", target }: Record<string, unknown>, room: string | undefined): Asked {
  const refused = (refusal: Refusal): Asked => ({ type: "refused", refusal, room });
  if (typeof kind !== "string") return bad('"kind" is a kind of message, a string');
  if (!isSayable(kind)) return refused({ code: "bad-kind", kind });
  // A deletion says nothing.
  if (typeof text !== "string" && !(kind === "delete" && text === undefined)) return bad('"say" needs a string "text"');
  if (needsTarget(kind) && target === undefined) return refused({ code: "bad-target", reason: "missing", kind });
  if (!needsTarget(kind) && target !== undefined) return refused({ code: "bad-target", reason: "unneeded", kind });
  if (target !== undefined && (typeof target !== "string" || !isMessageId(target)))
    return refused({ code: "bad-target", reason: "form", kind });
  return { type: "say", text: text ?? "", kind, target, room };
}

function isSayable(kind: string): kind is MessageKind {
  return (messageKinds as readonly string[]).includes(kind);
}

function readSearch(object: Record<string, unknown>, room: string | undefined): Asked {
  const { limit = SEARCH_SHOWN } = object;
  const given: { [field: string]: string } = {};
  for (const field of ["text", "from", "before", "after"]) {
    const value = object[field];
    if (value === undefined) continue;
    if (typeof value !== "string") return bad(`"${field}" of a "search" is a string`);
    given[field] = value;
  }
  if (!isLimit(limit)) return bad(`"limit" is a whole number from 1 to ${LIMIT_MAX}`);
  // All rooms are no room.
  const isAll = room === ALL_ROOMS;
  const asked = searchFor(isAll ? { ...given, in: ALL_ROOMS } : given, given.text ?? "");
  return { type: "search", asked, limit, room: isAll ? undefined : room };
}

function readHistory({ before, limit = HISTORY_LIMIT }: Record<string, unknown>, room: string | undefined): Asked {
  if (before !== undefined && (typeof before !== "string" || !isMessageId(before)))
    return bad(`"before" is the id of a message: ${2 * MESSAGE_ID_BYTES} hex digits`);
  if (!isLimit(limit)) return bad(`"limit" is a whole number from 1 to ${LIMIT_MAX}`);
  return { type: "history", asked: { before: before as MessageId | undefined, limit }, room };
}

function isLimit(limit: unknown): limit is number {
  return typeof limit === "number" && Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX;
}

function bad(reason: string): Asked {
  return { type: "bad-input", reason };
}

function readObject(line: string): Record<string, unknown> | undefined {
  if (!line.trimStart().startsWith("{")) return undefined;
  try {
    // What `trim` takes for a blank, JSON does not.
    return JSON.parse(line.trim()) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
