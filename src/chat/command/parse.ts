/** Parses a typed line: it is text, a command or a refusal. A line that looks like a command is never sent as chat. */
import { type CommandName, commandNamed, commandNames } from "./commands.ts";
import { nearest } from "./nearest.ts";

/** A command whose number of arguments fits; what they mean is checked where they are used. */
export type TypedCommand = {
  readonly name: CommandName;
  /** The words of `word`, `word?`, `words` and `setting` commands, or the one text of a `text` or `text?` command. */
  readonly args: readonly string[];
};

export type ParseRefusal =
  /** `nearest`: with its slash. */
  | { readonly code: "unknown-command"; readonly command: string; readonly nearest: string }
  | {
      readonly code: "bad-argument";
      readonly command: CommandName;
      readonly usage: string;
      readonly reason: "missing" | "too-many" | "unknown";
    }
  /** A line of blanks and then a slash: a command or a text? Nobody but its writer knows. */
  | { readonly code: "ask-slash"; readonly line: string };

export type Parsed =
  | { readonly type: "nothing" }
  | { readonly type: "say"; readonly text: string }
  | { readonly type: "command"; readonly command: TypedCommand }
  | { readonly type: "refusal"; readonly refusal: ParseRefusal };

/** `text` may have several lines; only its beginning decides. */
export function parseLine(text: string): Parsed {
  const trimmed = text.trim();
  if (trimmed === "") return { type: "nothing" };
  if (!trimmed.startsWith("/")) return { type: "say", text };
  if (!text.startsWith("/")) return { type: "refusal", refusal: { code: "ask-slash", line: trimmed } };
  const [, word = "", rest = ""] = /^\/(\S*)\s?([\s\S]*)$/.exec(text) ?? [];
  const spec = commandNamed(word);
  if (spec === undefined || word.startsWith("/")) {
    const command = `/${word}`;
    const known = nearest(word.replace(/^\/+/, ""), commandNames) ?? "help";
    return { type: "refusal", refusal: { code: "unknown-command", command, nearest: `/${known}` } };
  }
  const words = rest.trim() === "" ? [] : rest.trim().split(/\s+/);
  const refuse = (reason: "missing" | "too-many"): Parsed => ({
    type: "refusal",
    refusal: { code: "bad-argument", command: spec.name, usage: spec.usage, reason },
  });
  const accept = (args: readonly string[]): Parsed => ({ type: "command", command: { name: spec.name, args } });
  switch (spec.takes) {
    case "none":
      return words.length > 0 ? refuse("too-many") : accept([]);
    case "word":
      return words.length === 1 ? accept(words) : refuse(words.length === 0 ? "missing" : "too-many");
    case "word?":
      return words.length <= 1 ? accept(words) : refuse("too-many");
    case "words":
      return accept(words);
    case "text?":
      return accept([rest]);
    case "text":
      return words.length > 0 ? accept([rest]) : refuse("missing");
    case "setting": {
      const [name, ...value] = words;
      return accept(name === undefined ? [] : value.length === 0 ? [name] : [name, value.join(" ")]);
    }
  }
}
