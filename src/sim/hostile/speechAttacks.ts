/** Attacks on the log: what a hostile member says, how much of it, when it says that was, and what it only promises. */
import { eraseMessage, readMessage, type SignedMessage, signMessage } from "../../crypto/signed.ts";
import { below } from "../../protocol/rng.ts";
import { encodeBody } from "../../wire/bodies/body.ts";
import { DELETE_KIND } from "../../wire/bodies/kinds.ts";
import { HLC_MAX, PARENTS_MAX } from "../../wire/envelope.ts";
import { fromHex, type MessageId } from "../../wire/ids.ts";
import {
  type Attack,
  anyOf,
  everyone,
  inventedId,
  type Play,
  repeat,
  serve,
  spreading,
  tellAll,
  tellAny,
  WHOLE,
} from "./attack.ts";
import { ownStatement, sayText, send } from "./puppet.ts";

/** BOUNDED: by the totals of its strategy. What it has said, to give to those who ask. */
type Voice = Map<MessageId, SignedMessage>;

/** One of those who know it has to bring it to everyone. */
function spread(attack: Attack, voice: Voice, message: SignedMessage): void {
  voice.set(message.id, message);
  tellAny(attack, [spreading(message)]);
}

function voiceOf(attack: Attack, chunksMost = 0): Voice {
  const voice: Voice = new Map();
  serve(attack, voice, chunksMost);
  return voice;
}

export const flood: Play = (attack) => {
  const { puppet } = attack;
  const voice = voiceOf(attack);
  const perSecond = 500 + below(puppet.world.rng, 4_500);
  repeat(attack, perSecond, FLOOD_MESSAGES, (time) => spread(attack, voice, sayText(puppet, `flood ${time}`)));
};

/** Whoever finds messages by author and number finds all of them. */
export const sameSeq: Play = (attack) => {
  const { puppet } = attack;
  const voice = voiceOf(attack);
  repeat(attack, 500, FLOOD_MESSAGES, (time) => spread(attack, voice, sayText(puppet, `again ${time}`, { seq: 1 })));
};

export const floodLarge: Play = (attack) => {
  const { puppet } = attack;
  const voice = voiceOf(attack, 4_000);
  repeat(attack, 2, 12, (time) => {
    const odd = ODD[time % ODD.length] as string;
    const times = Math.floor(65_000 / Buffer.byteLength(odd));
    spread(attack, voice, sayText(puppet, odd.repeat(times)));
  });
};

export const future: Play = (attack) => {
  const { puppet } = attack;
  const { wall, rng } = puppet.world;
  const voice = voiceOf(attack);
  repeat(attack, 20, 400, (time) => {
    const aheadMs = anyOf(rng, [59_000, 61_000, 240_000, 299_990, 300_010, 301_000, 360_000, 86_400_000, 2 ** 46]);
    const hlc = Math.min(wall() + aheadMs, HLC_MAX);
    spread(attack, voice, sayText(puppet, `ahead ${time}`, { hlc }));
  });
};

export const aheadClock: Play = (attack) => {
  const { puppet } = attack;
  const { wall } = puppet.world;
  const voice = voiceOf(attack);
  repeat(attack, 4, 120, (time) => {
    const aheadMs = 30_000 * (1 + (time % 9));
    for (const target of everyone(attack))
      send(puppet, target, [{ type: "observed", endpoint: target.endpoint, wall: wall() + aheadMs }]);
    spread(attack, voice, sayText(puppet, `it is later ${time}`, { hlc: wall() + aheadMs }));
  });
};

/** The time is chosen, one byte of the hash is ground: with more patience it would be more. */
export const collide: Play = (attack) => {
  const { puppet } = attack;
  const { roomKeys, wall } = puppet.world;
  const voice = voiceOf(attack);
  let hlc = wall();
  repeat(attack, 20, 200, (time) => {
    if (time % 100 === 0) hlc = wall();
    const text = ground(puppet, hlc, time);
    const message = sayText(puppet, text, { hlc, seq: time });
    if (readMessage(roomKeys, message.bytes)?.id.slice(12, 14) === "00") spread(attack, voice, message);
  });
};

export const announceNever: Play = (attack) => {
  const { puppet } = attack;
  repeat(attack, 100, 200, (time) => {
    const id = inventedId(puppet);
    const bytes = 2_000 + ((time * 7_919) % 63_000);
    tellAny(attack, [
      { type: "offer", slice: WHOLE, id, bytes },
      { type: "advertise", slice: WHOLE, id: inventedId(puppet) },
      { type: "announce", id: inventedId(puppet), bytes },
    ]);
  });
};

export const inventParents: Play = (attack) => {
  const { puppet } = attack;
  const voice = voiceOf(attack);
  repeat(attack, 20, 200, (time) => {
    const parents = Array.from({ length: PARENTS_MAX }, () => inventedId(puppet, -1_000)).sort();
    spread(attack, voice, sayText(puppet, `as you said ${time}`, { parents }));
  });
};

export const badSignatures: Play = (attack) => {
  const { puppet } = attack;
  const { roomKeys, wall } = puppet.world;
  repeat(attack, 100, 2_000, (time) => {
    const envelope = { seq: time, hlc: wall(), parents: [], target: undefined };
    const { bytes } = signMessage(roomKeys, puppet.identity, {
      ...envelope,
      ...encodeBody("text", "x", `bad ${time}`),
    });
    const wrong = spoiled(bytes);
    tellAny(attack, [
      { type: "push", slice: WHOLE, message: wrong },
      { type: "statement", bytes: spoiled(ownStatement(puppet).bytes) },
    ]);
  });
};

/** The erased form of what it hears, with a delete of its own, one in the author's name that nobody has signed, or no delete at all. */
export const cutBodies: Play = (attack) => {
  const { puppet } = attack;
  const { roomKeys, wall, rng } = puppet.world;
  const voice = voiceOf(attack);
  /** BOUNDED: CUT_MAX, the latest. Messages of others, whole. */
  const heard: SignedMessage[] = [];
  puppet.listeners.push((frames) => {
    for (const frame of frames) {
      const bytes = frame.type === "push" ? frame.message : frame.type === "message" ? frame.bytes : undefined;
      const message = bytes && readMessage(roomKeys, Uint8Array.from(bytes));
      if (message === undefined || message.content.author === puppet.identity.id) continue;
      heard.push(message);
      if (heard.length > CUT_MAX) heard.shift();
    }
  });
  repeat(attack, 10, 200, (time) => {
    const victim = heard[below(rng, Math.max(heard.length, 1))];
    if (victim === undefined) return spread(attack, voice, sayText(puppet, `waiting ${time}`));
    const own = sayText(puppet, "", {
      kind: DELETE_KIND,
      target: victim.id,
      hlc: Math.max(wall(), victim.content.hlc + 1),
    });
    if (time % 10 === 0) spread(attack, voice, own);
    const inItsName = Uint8Array.from(own.bytes);
    inItsName.set(fromHex(victim.content.author));
    const proof = anyOf(rng, [own.bytes, inItsName, victim.bytes.subarray(0, 200)]);
    const bytes = eraseMessage(victim.bytes, proof);
    if (bytes !== undefined) tellAll(attack, [{ type: "push", slice: WHOLE, message: bytes }]);
  });
};

/** Half of the room hears one of the two, half the other; of its statements likewise. */
export const equivocate: Play = (attack) => {
  const { puppet } = attack;
  const { wall } = puppet.world;
  const voice = voiceOf(attack);
  repeat(attack, 4, 100, (time) => {
    const halves = [0, 1].map((side) => everyone(attack).filter((_, index) => index % 2 === side));
    const [hlc, incarnation] = [wall(), puppet.incarnation + 1];
    for (const [side, half] of halves.entries()) {
      const message = sayText(puppet, `${time}: ${side === 0 ? "yes" : "no"}`, { seq: time, hlc });
      voice.set(message.id, message);
      for (const target of half)
        send(puppet, target, [
          { type: "message", bytes: message.bytes },
          ownStatement(puppet, { incarnation, nick: `two-faced ${side}` }),
        ]);
    }
    tellAll(attack, [{ type: "ping" }]);
  });
};

// --- internal ---

const CUT_MAX = 20;
const FLOOD_MESSAGES = 700;
/** What is dear to sanitise, to segment or to lay out, and does not look it. */
const ODD: readonly string[] = [
  "\u009d",
  "\n",
  "a\u0301\u0302\u0303",
  "\u202e\u2066",
  "\u{1f469}\u200d\u{1f680}",
  "\u001b]8;;",
];
const GRIND_MAX = 2_000;

/** A text with which the id goes on with a zero byte after the time, if one is found. */
function ground(puppet: Attack["puppet"], hlc: number, seq: number): string {
  const { roomKeys } = puppet.world;
  // The id does not depend on the signature: one that costs nothing will do for the search.
  const unsigned = { id: puppet.id, seed: puppet.identity.seed, sign: () => new Uint8Array(64) };
  for (let tries = 0; tries < GRIND_MAX; tries += 1) {
    const text = `alike ${seq} ${tries}`;
    const envelope = { seq, hlc, parents: [], target: undefined, ...encodeBody("text", puppet.nick, text) };
    if (signMessage(roomKeys, unsigned, envelope).id.slice(12, 14) === "00") return text;
  }
  return `alike ${seq}`;
}

function spoiled(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
}
