/** Attacks on sessions and addresses: whose datagram it is, where it comes from, and what is in it. */
import { identityFromSeed } from "../../crypto/identity.ts";
import { readStatement } from "../../crypto/signed.ts";
import { below } from "../../protocol/rng.ts";
import { decodeHeader, FRAMES_BYTES_MAX } from "../../wire/datagram.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { END, encodeFrame, type Frame, WANTED_MAX } from "../../wire/frames.ts";
import { type BootId, frontOf, type LinkKey } from "../../wire/ids.ts";
import { endpointOf, victimOf } from "../world/endpoints.ts";
import { anyOf, everyone, fetchAll, hexOf, inventedId, type Play, repeat, spreading, tellAny } from "./attack.ts";
import {
  forge,
  guessedAck,
  ownStatement,
  type Puppet,
  replay,
  sayText,
  send,
  sendInner,
  sendOpen,
  statementBy,
  type Target,
} from "./puppet.ts";

/** Well beyond any replay window. */
const FAR = 2 ** 40;

/** Each node's datagrams to each other are cut off, if a forged one moves the window or the address, or counts at all. */
export const impersonate: Play = (attack) => {
  const { puppet } = attack;
  const { rng } = puppet.world;
  repeat(attack, 20, 400, (time) => {
    const known = everyone(attack);
    if (known.length < 2) return;
    const other = anyOf(rng, known);
    const to = anyOf(
      rng,
      known.filter((target) => target !== other),
    );
    const as = other.boot();
    if (as === undefined) return;
    const from = time % 2 === 0 ? puppet.endpoint : other.endpoint;
    const counter = FAR * (1 + below(rng, 200)) + time;
    const type = anyOf(rng, ["open", "addressed", "linked"] as const);
    forge(puppet, to, harmfulWords(puppet, to, other), { type, as, counter, from });
  });
};

/** Each is the first of a process start that nobody has heard of: a session, a key and an answer for each? */
export const forgeHellos: Play = (attack) => {
  const { puppet } = attack;
  const { rng } = puppet.world;
  const victim = victimOf(6 + below(rng, 2));
  repeat(attack, 200, 2_000, (time) => {
    const known = everyone(attack);
    if (known.length === 0) return;
    const as = hexOf(rng, 8) as BootId;
    const identity = identityFromSeed(Uint8Array.from({ length: 32 }, () => below(rng, 256)));
    const nick = `nobody ${time}`;
    const statements = [
      // Of somebody who is not: it holds.
      statementBy(puppet, identity, { boot: as, nick, endpoints: [victim] }),
      // Of itself, in one more process.
      ownStatement(puppet, { boot: as }),
      // With a key with which everybody would agree on the same.
      ownStatement(puppet, { boot: as, linkKey: "00".repeat(32) as LinkKey }),
      // Of another process than the sender.
      ownStatement(puppet),
      // Of a node.
      ...puppet.statements.slice(-3).map((bytes) => ({ type: "statement", bytes }) as const),
    ];
    const type = time % 3 === 0 ? "open" : "addressed";
    const from = time % 4 === 0 ? victim : puppet.endpoint;
    forge(puppet, anyOf(rng, known), [anyOf(rng, statements), { type: "ping" }], { type, as, counter: time, from });
  });
};

/** What nodes have sent to each other goes there again, and elsewhere, from where it came or from a victim. Hellos above all. */
export const replayHellos: Play = (attack) => {
  const { puppet } = attack;
  const { rng, overhear } = puppet.world;
  /** BOUNDED: HEARD_MAX each. */
  const heard: Record<"hellos" | "linked", { bytes: Uint8Array; from: Endpoint; to: Endpoint }[]> = {
    hellos: [],
    linked: [],
  };
  overhear((bytes, from, to) => {
    const header = decodeHeader(bytes);
    if (typeof header === "string") return;
    const kept = heard[header.type === "linked" ? "linked" : "hellos"];
    if (kept.length >= HEARD_MAX) kept[below(rng, HEARD_MAX)] = { bytes, from, to };
    else kept.push({ bytes, from, to });
  });
  const victim = victimOf(8 + below(rng, 2));
  repeat(attack, 50, 1_500, (time) => {
    // Nodes that were there before it came greet it, and no other: it makes somebody greet.
    if (time % 50 === 0) tellAny(attack, [ownStatement(puppet)]);
    const kept = time % 4 === 0 || heard.hellos.length === 0 ? heard.linked : heard.hellos;
    if (kept.length === 0) return;
    const { bytes, from, to } = anyOf(rng, kept);
    const elsewhere = anyOf(rng, puppet.world.targets).endpoint;
    replay(puppet, time % 3 === 0 ? elsewhere : to, bytes, anyOf(rng, [from, puppet.endpoint, victim]));
  });
};

/** Nodes are to send much to who never asked for it. */
export const reflect: Play = (attack) => {
  const { puppet } = attack;
  const { rng, now } = puppet.world;
  const victim = victimOf(below(rng, 4));
  // It proves itself, then names the victim as its address, asks for much and acknowledges nothing more, and starts over.
  repeat(attack, 40, 1_200, (time) => {
    const isProving = now() % 4_000 < 1_500;
    puppet.isAnswering = isProving;
    const known = everyone(attack);
    if (known.length === 0 || isProving) return;
    const to = anyOf(rng, known);
    const fetching = [fetchAll("log", time), fetchAll("roster", time + 1)];
    const moving = ownStatement(puppet, { endpoints: [victim] });
    switch (time % 5) {
      case 0:
        return send(puppet, to, [moving, ...fetching]);
      case 1:
        return send(puppet, to, fetching, { from: victim });
      case 2:
        return send(puppet, to, [{ type: "introduce", peer: anyOf(rng, known).id, endpoint: victim }]);
      case 3:
        return sendOpen(puppet, to, [moving, { type: "ping" }], { from: victim });
      default:
        return send(puppet, to, fetching);
    }
  });
};

/** As if the victim had got what went there, and went on asking. */
export const guessAcks: Play = (attack) => {
  const { puppet, agenda } = attack;
  const { rng, now } = puppet.world;
  const from = victimOf(below(rng, 4));
  repeat(attack, 10, 300, (time) => {
    const known = everyone(attack);
    if (known.length === 0) return;
    const to = anyOf(rng, known);
    const asking = [fetchAll("log", time), fetchAll("roster", time + 1)];
    // Where the node may try by itself: it is in a statement.
    send(puppet, to, [ownStatement(puppet, { endpoints: [puppet.endpoint, from] }), { type: "ping" }], { from });
    for (let ask = 1; ask <= 4; ask += 1)
      agenda.at(now() + 150 * ask, () =>
        send(puppet, to, [guessedAck(puppet, to, ask % 2 === 0), ...asking], { from }),
      );
  });
};

/** What a decoder, a table or a handler may stumble over. */
export const junkFrames: Play = (attack) => {
  const { puppet } = attack;
  const { rng } = puppet.world;
  /** BOUNDED: HEARD_MAX. */
  const heard: Uint8Array[] = [];
  puppet.listeners.push((frames) => {
    for (const frame of frames) {
      const bytes = encodeFrame(frame);
      if (heard.length < HEARD_MAX) heard.push(bytes);
      else heard[below(rng, HEARD_MAX)] = bytes;
    }
  });
  repeat(attack, 50, 1_500, (time) => {
    const known = everyone(attack);
    if (known.length === 0) return;
    const valid = heard.length > 0 && time % 3 > 0 ? anyOf(rng, heard) : encodeFrame(oddFrame(attack.puppet, time));
    sendInner(puppet, anyOf(rng, known), mutated(valid, () => below(rng, 256)).subarray(0, FRAMES_BYTES_MAX));
  });
};

/** Present, proven, and useless: what was given to it goes nowhere. */
export const slowLoris: Play = (attack) => {
  repeat(attack, 1, 600, (time) => {
    for (const target of everyone(attack)) send(attack.puppet, target, [{ type: "ping" }]);
    if (time % 5 === 0) tellAny(attack, [spreading(sayText(attack.puppet, `here ${time}`))]);
  });
};

/** Where a node is, it hears from others. */
export const observedLies: Play = (attack) => {
  const { puppet } = attack;
  const { rng, wall } = puppet.world;
  const lies = [victimOf(4), victimOf(5), endpointOf(below(rng, 4)), puppet.endpoint];
  repeat(attack, 10, 600, () => {
    for (const target of everyone(attack))
      send(puppet, target, [{ type: "observed", endpoint: anyOf(rng, lies), wall: wall() }]);
  });
};

// --- internal ---

const HEARD_MAX = 200;

/** All that would harm the other, or `to`, if it counted. */
function harmfulWords(puppet: Puppet, to: Target, other: Target): Frame[] {
  const { rng, wall } = puppet.world;
  const { id: peer } = other;
  const newest = puppet.newest.get(peer);
  const known = puppet.statements.findLast((bytes) => readStatement(bytes)?.content.peer === peer);
  const said = known === undefined ? [] : [{ type: "statement", bytes: known } as const];
  const accusation = { type: "suspect", peer: to.id, incarnation: newest?.incarnation ?? wall() } as const;
  return [
    ...said,
    guessedAck(puppet, to, below(rng, 2) === 0),
    { type: "ping" },
    { ...accusation, accuser: frontOf(peer) },
    { type: "observed", endpoint: victimOf(4), wall: wall() + 200_000 },
    fetchAll("log", below(rng, 256)),
  ];
}

function oddFrame(puppet: Puppet, time: number): Frame {
  const { rng, wall } = puppet.world;
  const frames: readonly Frame[] = [
    { type: "want", ids: Array.from({ length: WANTED_MAX }, () => inventedId(puppet)) },
    { type: "wantListed", set: "roster", lo: "", hi: END, salt: hexOf(rng, 4), hashes: [hexOf(rng, 6)] },
    { type: "ack", counters: [2 ** 48 - 1, 2 ** 47, 0], delayMs: 255, echo: rng.u32() },
    {
      type: "digest",
      log: { count: 2 ** 40, fingerprint: hexOf(rng, 8) },
      keeps: { since: 0, small: 1, large: 1 },
      isForReceiver: true,
      isStored: true,
      roster: { count: 0, fingerprint: hexOf(rng, 8) },
    },
    { type: "wantChunks", id: inventedId(puppet), chunks: [0, 63] },
    { type: "chunk", id: inventedId(puppet), total: 60_000, index: 3, bytes: new Uint8Array(1_024) },
    { type: "probeRequest", target: puppet.id, introduce: true },
    { type: "statement", bytes: ownStatement(puppet, { nick: "", incarnation: wall() }).bytes },
    { type: "unknown", number: 32 + below(rng, 224), bytes: new Uint8Array(below(rng, 900)) },
    fetchAll("roster", time),
  ];
  return anyOf(rng, frames);
}

/** Some bytes are others, or it ends early, or goes on, or none of that. */
function mutated(bytes: Uint8Array, chance: () => number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  switch (chance() % 4) {
    case 0:
      return copy.subarray(0, (chance() * copy.length) >> 8);
    case 1:
      return Buffer.concat([copy, Uint8Array.from({ length: 1 + chance() }, chance)]);
    case 2:
      for (let changes = 1 + (chance() % 3); changes > 0 && copy.length > 0; changes -= 1)
        copy[(chance() * copy.length) >> 8] = chance();
      return copy;
    default:
      return Buffer.concat([copy, copy]);
  }
}
