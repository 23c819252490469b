/** Performs each typed command. If a command is refused, nothing has changed. */
import type { RoomHandle } from "../../node/types.ts";
import type { Message } from "../../protocol/views.ts";
import type { MessageId } from "../../wire/ids.ts";
import { keptMessages, keptPage } from "../history/keptView.ts";
import { LOG_SHOWN_MAX, type Refusal, type Reply } from "../model/events.ts";
import { isRefOf } from "../model/longText.ts";
import { peersByState } from "../model/peerTable.ts";
import { isNick, NICK_CHARACTERS_MAX } from "../model/sanitize.ts";
import type { CommandContext, Outcome } from "./commandContext.ts";
import { commandNamed, commandNames } from "./commands.ts";
import { aboutCommand, topicCommand } from "./messageCommands.ts";
import { newestLines } from "./messageTarget.ts";
import { nearest } from "./nearest.ts";
import type { TypedCommand } from "./parse.ts";
import { parseSearch } from "./parseSearch.ts";
import { ignore, unignore, verify, whois } from "./peopleCommands.ts";
import { join, leave, type Refuse, roomCommand } from "./roomCommands.ts";
import { sayText } from "./sayText.ts";
import { search } from "./searchCommand.ts";
import { setSetting } from "./settingsCommand.ts";

/** Messages that `/log` lists when no number is given. */
const LOG_SHOWN = 50;

export async function runCommand(context: CommandContext, { name, args }: TypedCommand): Promise<Outcome> {
  const [first, second] = args;
  const reply = (answer: Reply): Outcome => {
    context.emit({ type: "reply", reply: answer });
    return "done";
  };
  const refuse = (refusal: Refusal): Outcome => {
    context.emit({ type: "refusal", refusal });
    return "refused";
  };
  const room = context.room();
  switch (name) {
    case "say":
      return sayText(context, { text: first ?? "", kind: "text" });
    case "me":
      return sayText(context, { text: first ?? "", kind: "action" });
    case "notice":
      return sayText(context, { text: first ?? "", kind: "notice" });
    case "reply":
    case "react":
    case "edit":
    case "delete":
      return aboutCommand(context, name, first ?? "", refuse);
    case "topic":
      return topicCommand(context, first ?? "", reply);
    case "join":
      return join(context, first ?? "", reply, refuse);
    case "leave":
      return leave(context, first, refuse);
    case "quit":
      await context.quit();
      return "done";
    case "nick":
      return first === undefined ? reply({ code: "nick", self: room.self() }) : rename(context, first, refuse);
    case "peers":
      if (!room.isIn()) return refuse({ code: "left-room", room: context.info(room) });
      return reply({
        code: "peers",
        self: room.self(),
        peers: peersByState(room.peers()),
        room: context.info(room),
        trust: context.people.trust,
      });
    case "whois":
      return whois(context, first ?? "", reply, refuse);
    case "verify":
      return verify(context, args, reply, refuse);
    case "ignore":
      return ignore(context, first, reply, refuse);
    case "unignore":
      return unignore(context, first ?? "", reply, refuse);
    case "room":
      return roomCommand(context, args, reply, refuse);
    case "invite":
      return reply({ code: "invite", invite: room.invite(), room: context.info(room) });
    case "log": {
      if (first !== undefined && !/^[1-9]\d{0,8}$/.test(first)) {
        return refuse({ code: "bad-number", command: name, value: first });
      }
      const limit = first === undefined ? undefined : Number(first);
      const shown = Math.min(limit ?? LOG_SHOWN, LOG_SHOWN_MAX);
      return reply({
        code: "log",
        messages: await keptPage(room, limit ?? LOG_ALL),
        shown,
        kept: room.stats().messages,
      });
    }
    case "search": {
      const isMore = first?.trim().toLowerCase() === "more";
      return search(context, isMore ? context.searches.next : parseSearch(first ?? ""));
    }
    case "show": {
      const isMeant = ({ id }: { readonly id: MessageId }): boolean => isRefOf(first ?? "", id);
      let message = await newestMeant(room, isMeant);
      // What a search found may be of another room.
      const others = message === undefined ? context.options.hub.rooms().filter((other) => other !== room) : [];
      for (const other of others) message ??= await newestMeant(other, isMeant);
      return message === undefined
        ? refuse({ code: "unknown-message", id: first ?? "" })
        : reply({ code: "show", message });
    }
    case "info": {
      if (first !== undefined && !/^[1-9]\d{0,8}$/.test(first)) {
        return refuse({ code: "bad-number", command: name, value: first });
      }
      const number = Number(first ?? 1);
      const own = await newestLines(room, number, (message) => message.own);
      const message = own[number - 1];
      if (message === undefined) return refuse({ code: "no-such-message", number, count: own.length, of: "own" });
      return reply({ code: "info", number, message, delivery: room.delivery(message.id) });
    }
    case "stats":
      return reply({ code: "stats", stats: room.stats() });
    case "set":
      if (first?.toUpperCase() === "NICK" && second !== undefined) return rename(context, second, refuse);
      return setSetting(context, first, second, reply, refuse);
    case "clear":
      context.emit({ type: "clear" });
      return "done";
    case "help": {
      if (first === undefined) return reply({ code: "help", command: undefined });
      const spec = commandNamed(first);
      if (spec !== undefined) return reply({ code: "help", command: spec.name });
      return refuse({ code: "unknown-topic", topic: first, nearest: `/${nearest(first, commandNames)}` });
    }
  }
}

// --- internal ---

/** More than is ever kept. */
const LOG_ALL = 1_000_000_000;

/** The newest message that is meant, as it reads now. */
async function newestMeant(
  room: RoomHandle,
  isMeant: (message: { readonly id: MessageId }) => boolean,
): Promise<Message | undefined> {
  const id = room.ids().findLast((one) => isMeant({ id: one }));
  return id === undefined ? undefined : (await keptMessages(room, [id]))[0];
}

async function rename(context: CommandContext, nick: string, refuse: Refuse): Promise<Outcome> {
  if (!isNick(nick)) return refuse({ code: "bad-nick", nick, limit: NICK_CHARACTERS_MAX });
  for (const room of context.options.hub.rooms()) await room.run({ type: "rename", nick });
  const trouble = await context.options.rememberNick?.(nick);
  if (trouble !== undefined) refuse({ code: "nick-not-kept", nick, ...trouble });
  return "done";
}
