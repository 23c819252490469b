/** `/join`, `/leave` and `/room`: contacts peers, and enters, shows, lists and leaves rooms. */
import { type Invite, isRoomName } from "../../crypto/invite.ts";
import { isSameRoom, newPrivateRoom, openRoom } from "../../crypto/roomKeys.ts";
import type { RoomChoice, RoomHandle } from "../../node/types.ts";
import { StoreError } from "../../store/store.ts";
import { type Endpoint, isLoopback, parseEndpoint } from "../../wire/endpoint.ts";
import { infoOf, type Refusal, type Reply, type RoomRow } from "../model/events.ts";
import { reasonText } from "../model/systemReason.ts";
import { roomsAmong, withoutMark } from "../session/roomLabels.ts";
import type { CommandContext, Outcome } from "./commandContext.ts";
import { commandNamed } from "./commands.ts";
import { parseTarget } from "./target.ts";

export type Answer = (reply: Reply) => Outcome;
export type Refuse = (refusal: Refusal) => Outcome;

/** An address is contacted, a room or an invite is entered and shown. */
export async function join(context: CommandContext, text: string, reply: Answer, refuse: Refuse): Promise<Outcome> {
  if (isRoomWord(text)) {
    const known = roomOf(context, text);
    if ("code" in known && known.code === "several-rooms") return refuse(known);
    if (!("code" in known)) return enter(context, known, [], reply, refuse);
  }
  const target = parseTarget(text);
  if ("code" in target) return refuse(target);
  if (target.type === "invite") return enterInvite(context, target.invite, reply, refuse);
  if (target.type === "room") {
    const { name } = target;
    return enter(context, { name, private: false, secret: openRoom(name) }, [], reply, refuse);
  }
  const endpoints = await context.joins().resolve(target.text);
  if ("code" in endpoints) return refuse(endpoints);
  const others = endpoints.filter((endpoint) => !isOwn(context.room(), endpoint));
  const [first] = endpoints;
  if (others.length === 0 && first !== undefined) return refuse({ code: "own-address", endpoint: first });
  return contact(context, others, reply);
}

/** `named`: left out, the room that the line is meant for. */
export async function leave(context: CommandContext, named: string | undefined, refuse: Refuse): Promise<Outcome> {
  if (named === undefined) return context.leave(context.room());
  const known = roomOf(context, named);
  if ("code" in known) return refuse(known);
  const room = context.rooms().find(({ choice }) => isSameRoom(choice.secret, known.secret));
  if (room !== undefined) return context.leave(room);
  context.forget(known);
  return "done";
}

/** Without words: the room. `list`: all of them. `new NAME`: makes a private one. */
export async function roomCommand(
  context: CommandContext,
  [verb, name, ...more]: readonly string[],
  reply: Answer,
  refuse: Refuse,
): Promise<Outcome> {
  const room = context.room();
  const word = verb?.toLowerCase();
  if (word === undefined) {
    const { peers, messages } = room.stats();
    if (!room.isIn()) return refuse({ code: "left-room", room: context.info(room) });
    return reply({ code: "room", room: context.info(room), address: room.address(), peers, messages });
  }
  if (word === "list" && name === undefined) return reply({ code: "rooms", rooms: rowsOf(context) });
  if (word !== "new" || name === undefined || more.length > 0) {
    const isMissing = word === "new" && name === undefined;
    return refuse({
      code: "bad-argument",
      command: "room",
      usage: commandNamed("room")?.usage ?? "",
      reason: isMissing ? "missing" : "unknown",
    });
  }
  const plain = name.replace(/^#/, "").normalize("NFC");
  if (!isRoomName(plain)) return refuse({ code: "bad-room", name: plain });
  const choice: RoomChoice = { name: plain, private: true, secret: newPrivateRoom() };
  return enter(context, choice, [], reply, refuse);
}

// --- internal ---

/** A room's name or label: what has a dot, a colon or an `@` is a room only after a `#`. */
function isRoomWord(text: string): boolean {
  return text.startsWith("#") || /^[^.:@[\]]+$/.test(text);
}

/** What a name means that was entered or kept before: a private room goes before an open one that was never entered. */
function roomOf(context: CommandContext, text: string): RoomChoice | UnknownRoom {
  const known = [...context.rooms().map(({ choice }) => choice), ...context.remembered()];
  const named = roomsAmong(known, text);
  const [room, another] = named;
  const name = withoutMark(text);
  if (room === undefined) return { code: "unknown-room", name };
  return another === undefined ? room : { code: "several-rooms", name, labels: named.map(context.labelOf) };
}

type UnknownRoom = Extract<Refusal, { readonly code: "unknown-room" | "several-rooms" }>;

function enterInvite(context: CommandContext, invite: Invite, reply: Answer, refuse: Refuse): Promise<Outcome> {
  const { name, secret, private: isPrivate, endpoints } = invite;
  return enter(context, { name, secret, private: isPrivate }, endpoints, reply, refuse);
}

/** The room before stays entered: nothing that is said in it is missed, and nothing that was is lost. */
async function enter(
  context: CommandContext,
  { name, secret, private: isPrivate }: RoomChoice,
  known: readonly Endpoint[],
  reply: Answer,
  refuse: Refuse,
): Promise<Outcome> {
  const before = context.room();
  const endpoints = known.filter((endpoint) => !isOwn(before, endpoint));
  if (isSameRoom(before.choice.secret, secret) && before.isIn() && context.isShown(before)) {
    return endpoints.length > 0
      ? contact(context, endpoints, reply)
      : reply({ code: "same-room", room: context.info(before) });
  }
  const isNew = !context.options.hub.rooms().some(({ choice }) => isSameRoom(choice.secret, secret));
  if (isNew && context.isFull()) return refuse({ code: "too-many-rooms", room: name });
  let room: RoomHandle;
  try {
    room = await context.options.hub.enter({ name, secret, private: isPrivate }, before.self().nick);
  } catch (error) {
    return refuse({ code: "cannot-open", room: name, reason: reasonOf(error) });
  }
  // Whoever left it before is in it again.
  if (!room.isIn()) await room.run({ type: "join", endpoints: [] });
  const told = context.moveTo(room);
  if (endpoints.length > 0) context.joins().join(endpoints);
  await told;
  return "done";
}

function contact(context: CommandContext, endpoints: readonly Endpoint[], reply: Answer): Outcome {
  reply({ code: "contacting", endpoints });
  context.joins().join(endpoints);
  return "done";
}

/** Where this program itself listens, as far as it is known. */
function isOwn(room: RoomHandle, endpoint: Endpoint): boolean {
  const own = room.address();
  return endpoint === own || (isLoopback(endpoint) && parseEndpoint(endpoint)?.port === parseEndpoint(own)?.port);
}

function reasonOf(error: unknown): string {
  if (error instanceof StoreError) return reasonText(error.detail);
  return error instanceof Error ? error.message : String(error);
}

/** Those that are entered, and then those whose names lead back into them. */
function rowsOf(context: CommandContext): RoomRow[] {
  const entered = context.rooms().map((room): RoomRow => {
    const { peers, messages } = room.stats();
    const state = !room.isIn() ? "left" : context.isShown(room) ? "shown" : "in";
    return { room: infoOf(room), label: context.label(room), state, peers, messages };
  });
  const left = context.remembered().map((one): RoomRow => {
    const { name, private: isPrivate } = one;
    const state = one.state === "left" ? "left" : "not-entered";
    return { room: { name, private: isPrivate }, label: context.labelOf(one), state, peers: 0, messages: undefined };
  });
  return [...entered, ...left];
}
