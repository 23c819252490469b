/** The commands about messages: `/reply`, `/react`, `/edit`, `/delete`, and `/topic`. If one is refused, nothing has changed. */
import type { RoomHandle } from "../../node/types.ts";
import type { Message } from "../../protocol/views.ts";
import { needsTarget } from "../../wire/bodies/kinds.ts";
import type { PeerId } from "../../wire/ids.ts";
import { topicIn } from "../history/keptView.ts";
import type { Refusal, Reply } from "../model/events.ts";
import type { CommandContext, Outcome } from "./commandContext.ts";
import { commandNamed } from "./commands.ts";
import { type AboutKind, checkTarget, findTarget, type MeantMessage, mayBeWord, meantBy } from "./messageTarget.ts";
import type { Refuse } from "./roomCommands.ts";
import { type Saying, sayText } from "./sayText.ts";

/** What takes a reaction back, or clears the topic. */
export const NOTHING = "-";

/** `rest`: of the line, as it was typed. */
export async function aboutCommand(
  context: CommandContext,
  kind: AboutKind,
  rest: string,
  refuse: Refuse,
): Promise<Outcome> {
  const heard = (author: PeerId): boolean => !context.people.trust.ignored.has(author);
  const wanted = await readWanted(context.room(), kind, rest);
  if (wanted === undefined) return refuse(badArgument(kind));
  const target = await findTarget(context.room(), kind, wanted.meant, heard);
  if ("code" in target) return refuse(target);
  const text = kind === "react" ? reactionOf(wanted.text) : wanted.text;
  return sayText(context, { kind, text, target: target.id });
}

/** As a program says it, with the whole id of its target. */
export async function sayAbout(context: CommandContext, saying: Saying): Promise<Outcome> {
  const { kind, target: given } = saying;
  // Without a target it is the node that refuses it.
  if (given === undefined || !needsTarget(kind)) return sayText(context, saying);
  const target = await checkTarget(context.room(), kind as AboutKind, given);
  if (!("code" in target)) return sayText(context, { ...saying, target: target.id });
  context.emit({ type: "refusal", refusal: target });
  return "refused";
}

/** Without a text it shows the topic. */
export async function topicCommand(
  context: CommandContext,
  rest: string,
  reply: (answer: Reply) => Outcome,
): Promise<Outcome> {
  const text = rest.trim();
  const room = context.room();
  if (text !== "") return sayText(context, { kind: "topic", text: text === NOTHING ? "" : text });
  return reply({ code: "topic", room: context.info(room), topic: await topicIn(room) });
}

// --- internal ---

type Wanted = { readonly meant: MeantMessage; readonly text: string };

const NEWEST: MeantMessage = { number: 1 };

/** Undefined: what has to be there is not. */
async function readWanted(room: RoomHandle, kind: AboutKind, rest: string): Promise<Wanted | undefined> {
  const [, word = "", text = ""] = /^\s*(\S*)\s?([\s\S]*)$/.exec(rest) ?? [];
  const meant = meantBy(word);
  if (kind === "delete") {
    if (rest.trim() === "") return { meant: NEWEST, text: "" };
    return meant === undefined || text.trim() !== "" ? undefined : { meant, text: "" };
  }
  if (meant !== undefined && !(await isText(room, meant))) return text.trim() === "" ? undefined : { meant, text };
  if (kind === "react") return word === "" || text.trim() !== "" ? undefined : { meant: NEWEST, text: word };
  return rest.trim() === "" ? undefined : { meant: NEWEST, text: rest };
}

/** A word of letters alone that names no message is the first of a text. */
async function isText(room: RoomHandle, meant: MeantMessage): Promise<boolean> {
  if (!("ref" in meant) || !mayBeWord(meant)) return false;
  const found: Message | { readonly code: string } = await findTarget(room, "react", meant);
  return "code" in found && found.code === "unknown-message";
}

function reactionOf(text: string): string {
  const reaction = text.trim();
  return reaction === NOTHING ? "" : reaction;
}

function badArgument(kind: AboutKind): Refusal {
  const usage = commandNamed(kind)?.usage ?? "";
  return { code: "bad-argument", command: kind, usage, reason: kind === "delete" ? "unknown" : "missing" };
}
