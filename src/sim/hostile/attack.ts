/** What a strategy is given to play with: a puppet, its targets, chance, and time that ends. */
import { readMessage, type SignedMessage } from "../../crypto/signed.ts";
import { below, type Rng } from "../../protocol/rng.ts";
import type { Millis } from "../../protocol/time.ts";
import { CHUNK_BYTES, chunkBytes, chunkCount, PUSH_BYTES_MAX } from "../../wire/blob.ts";
import { CREDIT_MAX, END, type Frame, type SetName, type Slice } from "../../wire/frames.ts";
import { fromHex, type MessageId, toHex } from "../../wire/ids.ts";
import type { Agenda } from "../world/agenda.ts";
import { isKnownTo, type Puppet, send, type Target } from "./puppet.ts";

export type Attack = {
  readonly puppet: Puppet;
  /** How many play the same strategy: totals are shared among them. */
  readonly players: number;
  readonly agenda: Agenda;
  readonly until: Millis;
};

/** Begins to play: what it does later, it does by `repeat` and by the puppet's listeners. */
export type Play = (attack: Attack) => void;

/** All of an order: who takes it has to bring the message to everyone. */
export const WHOLE: Slice = { order: 0, lo: 0, last: 0xffffffff };

/** Until the attack is over. BOUNDED: `total` times among all who play it, and fewer where each time costs more nodes something. */
export function repeat(attack: Attack, perSecond: number, total: number, action: (time: number) => void): void {
  const { agenda, players, until, puppet } = attack;
  const most = Math.ceil((total / players) * Math.min(1, SMALL_ROOM / puppet.world.targets.length));
  let time = 0;
  const tick = (): void => {
    if (time >= most || agenda.now() >= until) return;
    action(time);
    time += 1;
    agenda.at(agenda.now() + 1_000 / perSecond, tick);
  };
  // Nobody knows it yet: its first greetings are on their way.
  agenda.at(agenda.now() + FIRST_MS * (1 + below(puppet.world.rng, 100) / 100), tick);
}

/** Those who know it by now. */
export function everyone({ puppet }: Attack): Target[] {
  return puppet.world.targets.filter((target) => isKnownTo(puppet, target));
}

/** One of those who know it. */
export function tellAny(attack: Attack, frames: readonly Frame[]): void {
  const known = everyone(attack);
  const to = known[below(attack.puppet.world.rng, Math.max(known.length, 1))];
  if (to !== undefined) send(attack.puppet, to, frames);
}

export function tellAll(attack: Attack, frames: readonly Frame[]): void {
  for (const target of everyone(attack)) send(attack.puppet, target, frames);
}

export function anyOf<T>(rng: Rng, items: readonly T[]): T {
  return items[below(rng, items.length)] as T;
}

export function hexOf(rng: Rng, bytes: number): string {
  return toHex(Uint8Array.from({ length: bytes }, () => below(rng, 256)));
}

/** An id of this time that nothing has. */
export function inventedId({ world: { rng, wall } }: Puppet, aheadMs = 0): MessageId {
  return `${(wall() + aheadMs).toString(16).padStart(12, "0")}${hexOf(rng, 18)}` as MessageId;
}

/** A frame that spreads it through the whole room: the message, or an offer of it. */
export function spreading({ id, bytes }: SignedMessage, slice: Slice = WHOLE): Frame {
  if (bytes.length <= PUSH_BYTES_MAX) return { type: "push", slice, message: bytes };
  return { type: "offer", slice, id, bytes: bytes.length };
}

/** Gives messages, and the chunks of large ones, to those who ask for them. BOUNDED: by what the strategy says; `chunksMost` chunks. */
export function serve({ puppet }: Attack, messages: ReadonlyMap<MessageId, SignedMessage>, chunksMost: number): void {
  let left = chunksMost;
  puppet.listeners.push((frames, from) => {
    for (const frame of frames) {
      if (frame.type === "want") {
        const found = [...messages.values()].filter(({ id }) => frame.ids.includes(id));
        for (const { id, bytes } of found) {
          const isSmall = bytes.length <= PUSH_BYTES_MAX;
          send(puppet, from, [isSmall ? { type: "message", bytes } : { type: "announce", id, bytes: bytes.length }]);
        }
      }
      if (frame.type !== "wantChunks") continue;
      const bytes = messages.get(frame.id)?.bytes;
      for (const index of bytes === undefined ? [] : frame.chunks) {
        left -= 1;
        if (left >= 0) send(puppet, from, [chunkOf(frame.id, bytes as Uint8Array, index)]);
      }
    }
  });
}

/** Everything of a set, with all the credit there is. */
export function fetchAll(set: SetName, number: number): Frame {
  return { type: "fetch", set, number: number & 255, credit: CREDIT_MAX, stretches: [{ lo: "", hi: END }] };
}

/** Which message a frame of the relay is about. */
export function messageOf({ world }: Puppet, frame: Frame): { id: MessageId; slice: Slice } | undefined {
  if (frame.type === "advertise" || frame.type === "offer") return frame;
  const author = frame.type === "brief" ? world.targets.find(({ id }) => id.startsWith(frame.front)) : undefined;
  if (frame.type === "push") return named(world.roomKeys, frame.message, frame.slice);
  if (frame.type !== "brief" || author === undefined) return undefined;
  return named(world.roomKeys, Buffer.concat([fromHex(author.id), frame.rest]), frame.slice);
}

// --- internal ---

const FIRST_MS: Millis = 1_000;
/** A run costs in proportion to the nodes: totals are those of a room of so many. */
const SMALL_ROOM = 10;

function named(roomKeys: Puppet["world"]["roomKeys"], bytes: Uint8Array, slice: Slice) {
  const message = readMessage(roomKeys, bytes);
  return message === undefined ? undefined : { id: message.id, slice };
}

function chunkOf(id: MessageId, bytes: Uint8Array, index: number): Frame {
  const total = bytes.length;
  const at = Math.min(index, chunkCount(total) - 1);
  const from = at * CHUNK_BYTES;
  return { type: "chunk", id, total, index: at, bytes: bytes.subarray(from, from + chunkBytes(total, at)) };
}
