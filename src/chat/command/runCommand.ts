/** Performs each typed command. If a command is refused, nothing has changed. */
import type { RoomHandle } from "../../node/types.ts";
import type { Message, PeerView } from "../../protocol/views.ts";
import type { MessageKind } from "../../wire/bodies/kinds.ts";
import { LOG_SHOWN_MAX, type Refusal, type Reply } from "../model/events.ts";
import { isRefOf } from "../model/longText.ts";
import { peersByState } from "../model/peerTable.ts";
import { isNick, NICK_CHARACTERS_MAX } from "../model/sanitize.ts";
import type { CommandContext, Outcome } from "./commandContext.ts";
import { commandNamed, commandNames } from "./commands.ts";
import { nearest } from "./nearest.ts";
import type { TypedCommand } from "./parse.ts";
import { parseSearch } from "./parseSearch.ts";
import { join, leave, type Refuse, roomCommand } from "./roomCommands.ts";
import { search } from "./searchCommand.ts";
import { setSetting } from "./settingsCommand.ts";

/** Messages that `/log` lists when no number is given. */
const LOG_SHOWN = 50;
/** Messages that are looked through at a time. */
const PAGE = 500;

/** Waits until the node takes it: then nothing that was said is lost on the way out. */
export async function sayText(context: CommandContext, text: string, kind: MessageKind): Promise<Outcome> {
  // What UTF-8 cannot carry would look one way here and another way everywhere else.
  const sayable = Buffer.from(text).toString();
  for (;;) {
    const room = context.room();
    if (room.isBusy() && !(await context.ready())) return "refused";
    const outcome = await room.run({ type: "say", text: sayable, kind });
    if (outcome.isDone) {
      if (outcome.id !== undefined) context.emit({ type: "sent", id: outcome.id });
      return "done";
    }
    if (outcome.error.code === "busy") continue;
    context.emit({ type: "chat", event: { type: "error", error: outcome.error } });
    return "refused";
  }
}

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
      return sayText(context, first ?? "", "text");
    case "me":
      return sayText(context, first ?? "", "action");
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
      return reply({ code: "peers", self: room.self(), peers: peersByState(room.peers()), room: context.info(room) });
    case "whois": {
      const peers = peersNamed(room, first ?? "");
      return peers.length > 0
        ? reply({ code: "whois", peers, self: room.self() })
        : refuse({ code: "unknown-peer", nick: first ?? "" });
    }
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
      return reply({ code: "log", messages: await room.history(limit ?? LOG_ALL), shown, kept: room.stats().messages });
    }
    case "search": {
      const isMore = first?.trim().toLowerCase() === "more";
      return search(context, isMore ? context.searches.next : parseSearch(first ?? ""));
    }
    case "show": {
      const isMeant = ({ id }: Message): boolean => isRefOf(first ?? "", id);
      let [message] = await newestOf(room, 1, isMeant);
      // What a search found may be of another room.
      const others = message === undefined ? context.options.hub.rooms().filter((other) => other !== room) : [];
      for (const other of others) message ??= (await newestOf(other, 1, isMeant))[0];
      return message === undefined
        ? refuse({ code: "unknown-message", id: first ?? "" })
        : reply({ code: "show", message });
    }
    case "info": {
      if (first !== undefined && !/^[1-9]\d{0,8}$/.test(first)) {
        return refuse({ code: "bad-number", command: name, value: first });
      }
      const number = Number(first ?? 1);
      const own = await newestOf(room, number, (message) => message.own);
      const message = own[number - 1];
      if (message === undefined) return refuse({ code: "no-such-message", number, count: own.length });
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

/** The newest `count` messages for which the condition holds, newest first. */
async function newestOf(room: RoomHandle, count: number, isMeant: (message: Message) => boolean): Promise<Message[]> {
  const found: Message[] = [];
  for (let page = await room.history(PAGE); page.length > 0; page = await room.history(PAGE, page[0]?.id)) {
    found.push(...page.filter(isMeant).reverse());
    if (found.length >= count) return found.slice(0, count);
  }
  return found;
}

async function rename(context: CommandContext, nick: string, refuse: Refuse): Promise<Outcome> {
  if (!isNick(nick)) return refuse({ code: "bad-nick", nick, limit: NICK_CHARACTERS_MAX });
  for (const room of context.options.hub.rooms()) await room.run({ type: "rename", nick });
  const trouble = await context.options.rememberNick?.(nick);
  if (trouble !== undefined) refuse({ code: "nick-not-kept", nick, ...trouble });
  return "done";
}

/** By nick, `nick·tag`, tag or the beginning of the key (8 digits or more); case apart. Oneself counts. */
function peersNamed(room: RoomHandle, text: string): PeerView[] {
  const wanted = text.toLowerCase();
  return [room.self(), ...room.peers()].filter(
    (peer) =>
      [peer.nick, `${peer.nick}·${peer.tag}`, peer.tag].some((name) => name.toLowerCase() === wanted) ||
      (wanted.length >= 8 && peer.id.startsWith(wanted)),
  );
}
