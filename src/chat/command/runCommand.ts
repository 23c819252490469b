/** What each typed command does. Every refusal leaves everything as it was. */
import type { Invite } from "../../crypto/invite.ts";
import { isSameRoom, openRoom } from "../../crypto/roomKeys.ts";
import type { ChatNode } from "../../node/types.ts";
import type { PeerView } from "../../protocol/views.ts";
import type { MessageKind } from "../../wire/bodies/kinds.ts";
import { LOG_SHOWN_MAX, type Refusal, type Reply } from "../model/events.ts";
import { isRefOf } from "../model/longText.ts";
import { peersByState } from "../model/peerTable.ts";
import { isNick, NICK_CHARACTERS_MAX } from "../model/sanitize.ts";
import type { CommandContext, Outcome, RoomChoice } from "./commandContext.ts";
import { commandNamed, commandNames } from "./commands.ts";
import { nearest } from "./nearest.ts";
import type { TypedCommand } from "./parse.ts";
import { setSetting } from "./settingsCommand.ts";
import { parseTarget } from "./target.ts";

/** Until the node has said what became of a text; it does so at once, unless its disk is slow. */
const SAY_MS_MAX = 5_000;

/** Messages that `/log` lists when no number is given. */
const LOG_SHOWN = 50;

/** Waits until the node takes it: then nothing that was said is lost on the way out. */
export async function sayText(context: CommandContext, text: string, kind: MessageKind): Promise<Outcome> {
  for (;;) {
    if (context.node().isBusy() && !(await context.ready())) return "refused";
    const outcome = await sayNow(context, text, kind);
    if (outcome !== "busy") return outcome;
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
  const node = context.node();
  switch (name) {
    case "say":
      return sayText(context, first ?? "", "text");
    case "me":
      return sayText(context, first ?? "", "action");
    case "join":
      return join(context, first ?? "", reply, refuse);
    case "leave":
      context.joins.forget();
      node.command({ type: "leave" });
      return "done";
    case "quit":
      await context.quit();
      return "done";
    case "nick":
      return first === undefined ? reply({ code: "nick", self: node.self() }) : rename(context, first, refuse);
    case "peers":
      return reply({ code: "peers", self: node.self(), peers: peersByState(node.peers()), room: node.room });
    case "whois": {
      const peers = peersNamed(node, first ?? "");
      return peers.length > 0
        ? reply({ code: "whois", peers, self: node.self() })
        : refuse({ code: "unknown-peer", nick: first ?? "" });
    }
    case "room":
      return reply({
        code: "room",
        room: node.room,
        address: node.address(),
        peers: node.stats().peers,
        messages: node.stats().messages,
      });
    case "invite":
      return reply({ code: "invite", invite: node.room.invite, room: node.room });
    case "log": {
      if (first !== undefined && !/^[1-9]\d{0,8}$/.test(first)) {
        return refuse({ code: "bad-number", command: name, value: first });
      }
      const limit = first === undefined ? undefined : Number(first);
      const shown = Math.min(limit ?? LOG_SHOWN, LOG_SHOWN_MAX);
      return reply({ code: "log", messages: node.log(limit), shown, kept: node.stats().messages });
    }
    case "show": {
      const message = node.log().findLast(({ id }) => isRefOf(first ?? "", id));
      return message === undefined
        ? refuse({ code: "unknown-message", id: first ?? "" })
        : reply({ code: "show", message });
    }
    case "info": {
      if (first !== undefined && !/^[1-9]\d{0,8}$/.test(first)) {
        return refuse({ code: "bad-number", command: name, value: first });
      }
      const number = Number(first ?? 1);
      const own = node.log().filter((message) => message.own);
      const message = own.at(-number);
      if (message === undefined) return refuse({ code: "no-such-message", number, count: own.length });
      return reply({ code: "info", number, message, delivery: context.deliveries.of(message.id) });
    }
    case "stats":
      return reply({ code: "stats", stats: node.stats() });
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

function sayNow(context: CommandContext, text: string, kind: MessageKind): Promise<Outcome | "busy"> {
  return new Promise((resolve) => {
    const finish = (outcome: Outcome | "busy"): void => {
      clearTimeout(timer);
      unsubscribe();
      resolve(outcome);
    };
    const timer = setTimeout(() => finish("done"), SAY_MS_MAX);
    const unsubscribe = context.node().subscribe((event) => {
      if (event.type === "error" && event.error.code !== "addresses-unwritable")
        finish(event.error.code === "busy" ? "busy" : "refused");
      else if ((event.type === "stored" || event.type === "message") && event.message.own) finish("done");
    });
    // What UTF-8 cannot carry would look one way here and another way everywhere else.
    context.node().command({ type: "say", text: Buffer.from(text).toString(), kind });
  });
}

type Answer = (reply: Reply) => Outcome;
type Refuse = (refusal: Refusal) => Outcome;

async function join(context: CommandContext, text: string, reply: Answer, refuse: Refuse): Promise<Outcome> {
  const target = parseTarget(text);
  if ("code" in target) return refuse(target);
  if (target.type === "invite") return enter(context, target.invite, reply, refuse);
  if (target.type === "room") {
    const { name } = target;
    return enter(context, { name, private: false, secret: openRoom(name), endpoints: [] }, reply, refuse);
  }
  const endpoint = await context.joins.resolve(target.text);
  if (typeof endpoint !== "string") {
    return refuse(endpoint.code === "unknown-host" ? { ...endpoint, room: target.room } : endpoint);
  }
  reply({ code: "contacting", endpoint });
  context.joins.join([endpoint]);
  return "done";
}

/** Closes the node first, so that the next one can have its port and its identity; goes back if that fails. */
async function enter(context: CommandContext, invite: Invite, reply: Answer, refuse: Refuse): Promise<Outcome> {
  if (isSameRoom(context.room.secret, invite.secret)) {
    if (invite.endpoints.length === 0) return reply({ code: "same-room", room: context.node().room });
    for (const endpoint of invite.endpoints) reply({ code: "contacting", endpoint });
    context.joins.join(invite.endpoints);
    return "done";
  }
  const before = context.room;
  const nick = context.node().self().nick;
  const next: RoomChoice = { name: invite.name, secret: invite.secret, private: invite.private };
  context.joins.forget();
  await context.node().close();
  let reason: string | undefined;
  try {
    context.replaceNode(await context.options.open(next, nick, context.live));
    context.room = next;
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
    context.replaceNode(await context.options.open(before, nick, context.live));
  }
  if (reason !== undefined) return refuse({ code: "cannot-open", room: next.name, reason });
  context.emit({ type: "moved", room: context.node().room, address: context.node().address() });
  context.joins.join(invite.endpoints);
  return "done";
}

async function rename(context: CommandContext, nick: string, refuse: Refuse): Promise<Outcome> {
  if (!isNick(nick)) return refuse({ code: "bad-nick", nick, limit: NICK_CHARACTERS_MAX });
  context.node().command({ type: "rename", nick });
  const trouble = await context.options.rememberNick?.(nick);
  if (trouble !== undefined) refuse({ code: "nick-not-kept", nick, ...trouble });
  return "done";
}

/** By nick, `nick·tag`, tag or the beginning of the key (8 digits or more); case apart. Oneself counts. */
function peersNamed(node: ChatNode, text: string): PeerView[] {
  const wanted = text.toLowerCase();
  return [node.self(), ...node.peers()].filter(
    (peer) =>
      [peer.nick, `${peer.nick}·${peer.tag}`, peer.tag].some((name) => name.toLowerCase() === wanted) ||
      (wanted.length >= 8 && peer.id.startsWith(wanted)),
  );
}
