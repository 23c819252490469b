/** Attacks on the roster and on what nodes tell each other of their logs: who is here, who has what, and what reached whom. */
import { identityFromSeed } from "../../crypto/identity.ts";
import { below } from "../../protocol/rng.ts";
import { END, type Frame, WANTED_MAX } from "../../wire/frames.ts";
import { type BootId, fromHex, frontOf, type MessageId, type ShortId } from "../../wire/ids.ts";
import { victimOf } from "../world/endpoints.ts";
import {
  type Attack,
  anyOf,
  everyone,
  fetchAll,
  hexOf,
  inventedId,
  messageOf,
  type Play,
  repeat,
  tellAny,
} from "./attack.ts";
import { ownStatement, send, statementBy } from "./puppet.ts";

export const inventMembers: Play = (attack) => {
  const { puppet } = attack;
  const { rng } = puppet.world;
  repeat(attack, 100, 1_500, (time) => {
    const identity = identityFromSeed(Uint8Array.from({ length: 32 }, () => below(rng, 256)));
    const boot = hexOf(rng, 8) as BootId;
    const nick = `invented ${time}`;
    tellAny(attack, [statementBy(puppet, identity, { boot, nick, endpoints: [victimOf(time)] })]);
  });
};

export const accuse: Play = (attack) => {
  const { puppet } = attack;
  const { rng, wall, targets } = puppet.world;
  repeat(attack, 20, 400, () => {
    const { id: peer } = anyOf(rng, targets);
    const incarnation = puppet.newest.get(peer)?.incarnation ?? wall();
    const accusers = [frontOf(puppet.id), frontOf(anyOf(rng, targets).id), hexOf(rng, 8)];
    tellAny(
      attack,
      accusers.map((accuser) => ({ type: "suspect", peer, incarnation, accuser })),
    );
  });
};

/** It has no key but its own: the signature is wrong, or the statement is an old one. */
export const leaveForge: Play = (attack) => {
  const { puppet } = attack;
  const { rng, targets } = puppet.world;
  repeat(attack, 20, 600, (time) => {
    const { id } = anyOf(rng, targets);
    const known = puppet.newest.get(id);
    const old = puppet.statements[below(rng, Math.max(puppet.statements.length, 1))];
    if (known === undefined || old === undefined) return;
    const left = ownStatement(puppet, { ...known, status: "left", incarnation: known.incarnation + 1 });
    const forged = Buffer.concat([fromHex(id), left.bytes.subarray(32)]);
    tellAny(attack, [{ type: "statement", bytes: time % 2 === 0 ? forged : old }]);
  });
};

/** Whatever it is asked, the answer is of no use, and the next question is worth asking again. */
export const pageLiar: Play = (attack) => {
  const { puppet } = attack;
  const { rng } = puppet.world;
  let left = Math.ceil(ANSWERS_MAX / attack.players);
  puppet.listeners.push((frames, from) => {
    for (const frame of frames) {
      const answers = lieTo(attack, frame);
      left -= answers.length;
      if (answers.length > 0 && left >= 0) send(puppet, from, answers);
    }
  });
  const claim = (): { count: number; fingerprint: string } => ({
    count: below(rng, 5_000),
    fingerprint: hexOf(rng, 8),
  });
  repeat(attack, 4, 120, () => {
    for (const target of everyone(attack))
      send(puppet, target, [
        {
          type: "digest",
          log: claim(),
          keeps: { since: 0, small: 1 + below(rng, 20_000), large: 1 + below(rng, 1_000) },
          isForReceiver: false,
          roster: claim(),
          isStored: true,
        },
      ]);
  });
};

export const receiptLiar: Play = (attack) => {
  const { puppet } = attack;
  const { targets } = puppet.world;
  let left = Math.ceil(RECEIPTS_MAX / attack.players);
  puppet.listeners.push((frames, from) => {
    for (const frame of frames) {
      const about = messageOf(puppet, frame);
      if (about === undefined || left <= 0) continue;
      left -= 1;
      const of = targets.length * 3;
      send(puppet, from, [{ type: "receipt", ...pick(about), reached: of, of, lacking: [] }]);
    }
  });
  repeat(attack, 10, 300, () => {
    const receipt = { id: inventedId(puppet), slice: { order: 0, lo: 0, last: 0xffffffff }, reached: 9, of: 9 };
    tellAny(attack, [{ type: "receipt", ...receipt, lacking: targets.slice(0, 4).map(({ id }) => frontOf(id)) }]);
  });
};

export const creditHog: Play = (attack) => {
  const { puppet } = attack;
  const { rng } = puppet.world;
  /** BOUNDED: IDS_MAX. What it has heard of. */
  const heard: MessageId[] = [];
  puppet.listeners.push((frames) => {
    for (const frame of frames) {
      const about = messageOf(puppet, frame);
      if (about !== undefined && heard.length < IDS_MAX) heard.push(about.id);
    }
  });
  repeat(attack, 50, 600, (time) => {
    const ids = heard.length === 0 ? [inventedId(puppet)] : heard.slice(-WANTED_MAX);
    const salt = hexOf(rng, 4);
    tellAny(attack, [
      fetchAll(time % 4 === 0 ? "roster" : "log", time),
      { type: "want", ids },
      { type: "wantListed", set: "log", lo: "", hi: END, salt, hashes: [hexOf(rng, 6)] },
      { type: "ranges", set: "log", salt, lo: "", parts: [{ hi: END, count: 0, fingerprint: "" }] },
    ]);
  });
};

// --- internal ---

const ANSWERS_MAX = 3_000;
const RECEIPTS_MAX = 2_000;
const IDS_MAX = 2_000;

function pick<T extends { readonly id: unknown; readonly slice: unknown }>({ id, slice }: T): Pick<T, "id" | "slice"> {
  return { id, slice };
}

function lieTo({ puppet }: Attack, frame: Frame): Frame[] {
  const { rng } = puppet.world;
  const mine = ownStatement(puppet).bytes;
  switch (frame.type) {
    case "fetch": {
      const { set, number, stretches } = frame;
      const [first] = stretches;
      if (first === undefined) return [];
      const head = { type: "page", set, number, index: 0 } as const;
      const pages: readonly Frame[] = [
        // There is nothing.
        { ...head, isLast: true, ...first, items: [] },
        // What it has is not from there.
        {
          ...head,
          isLast: false,
          ...first,
          items: set === "roster" ? [mine] : [{ id: inventedId(puppet), bytes: 9_000 }],
        },
        // It was never asked for that.
        { ...head, number: (number + 1) & 255, index: 9, isLast: true, lo: "", hi: END, items: [] },
      ];
      return [anyOf(rng, pages)];
    }
    case "ranges": {
      const { set, lo } = frame;
      const salt = hexOf(rng, 4);
      const ids = Array.from({ length: 32 }, () => hexOf(rng, 12) as ShortId).sort();
      const part = { count: 1 + below(rng, 900), fingerprint: hexOf(rng, 6) };
      const claims: readonly Frame[] = [
        { type: "same", set, salt, lo: "", hi: END, ...part },
        { type: "ranges", set, salt, lo, parts: [{ hi: END, ...part }] },
        { type: "list", set, salt, lo: "", hi: END, ids },
      ];
      return [anyOf(rng, claims)];
    }
    case "list": {
      const { set, lo, hi, salt, ids } = frame;
      // All that was listed, and more that was not.
      const listed = ids.slice(0, 32).map((id) => id.slice(12));
      const hashes = [...listed, ...Array.from({ length: 32 }, () => hexOf(rng, 6))];
      return [{ type: "wantListed", set, lo, hi, salt, hashes }];
    }
    default:
      return [];
  }
}
