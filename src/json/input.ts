/** Reads one line of input in JSON mode. A line that is no JSON object counts as typed text. */
import type { MessageKind } from "../wire/bodies/kinds.ts";

export type Input =
  | ({ readonly type: "typed"; readonly text: string } & InRoom & Ref)
  | ({ readonly type: "say"; readonly text: string; readonly kind: MessageKind } & InRoom & Ref)
  /** From now on, what happens in these rooms alone is told; undefined: in all. */
  | ({ readonly type: "subscribe"; readonly rooms: readonly string[] | undefined } & Ref)
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

type Asked = Input extends infer One ? (One extends Input ? Omit<One, "ref"> : never) : never;

function readAsked(object: Record<string, unknown>): Asked {
  const { room } = object;
  if (room !== undefined && typeof room !== "string") return bad('"room" is the name of a room, a string');
  switch (object.type) {
    case "say": {
      const { text, kind = "text" } = object;
      if (typeof text !== "string") return bad('"say" needs a string "text"');
      if (kind !== "text" && kind !== "action") return bad('"kind" is "text" or "action"');
      return { type: "say", text, kind, room };
    }
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
    case undefined:
      return bad('an object needs a "type": "say", "command" or "subscribe"');
    default:
      return bad('unknown "type": wanted "say", "command" or "subscribe"');
  }
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
