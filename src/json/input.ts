/** One line of input in JSON mode. What is no JSON object was typed by a person and is taken as typed. */
import type { MessageKind } from "../wire/bodies/kinds.ts";

export type Input =
  | { readonly type: "typed"; readonly text: string }
  | { readonly type: "say"; readonly text: string; readonly kind: MessageKind }
  /** An object that asks for nothing this program knows. */
  | { readonly type: "bad-input"; readonly reason: string };

export function readInput(line: string): Input {
  const object = readObject(line);
  if (object === undefined) return { type: "typed", text: line };
  switch (object.type) {
    case "say": {
      const { text, kind = "text" } = object;
      if (typeof text !== "string") return bad('"say" needs a string "text"');
      if (kind !== "text" && kind !== "action") return bad('"kind" is "text" or "action"');
      return { type: "say", text, kind };
    }
    case "command": {
      const { line: typed } = object;
      if (typeof typed !== "string") return bad('"command" needs a string "line"');
      if (!typed.startsWith("/")) return bad('the "line" of a "command" starts with a slash');
      return { type: "typed", text: typed };
    }
    case undefined:
      return bad('an object needs a "type": "say" or "command"');
    default:
      return bad('unknown "type": wanted "say" or "command"');
  }
}

// --- internal ---

function bad(reason: string): Input {
  return { type: "bad-input", reason };
}

function readObject(line: string): Record<string, unknown> | undefined {
  if (!line.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
