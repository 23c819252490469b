/**
 * A hostile member: it has the room's key and keys of its own, so that all it sends is sealed and signed as it should be.
 * It sends frames that were changed, statements and messages that say anything, and what only looks like a datagram, to
 * nodes that talk with each other. A node never throws, what one input sets off is bounded, tables stay within their bounds
 * (the small world looks at these in each step), and the room talks on.
 */
import { beaconKey, sealBeacon } from "../../src/crypto/beacon.ts";
import { shortIdKey } from "../../src/crypto/roomKeys.ts";
import { signMessage } from "../../src/crypto/signed.ts";
import type { Effect } from "../../src/protocol/api.ts";
import { newSalt, shortHash, shortIdOf } from "../../src/protocol/idset/shortIds.ts";
import { below, type Rng } from "../../src/protocol/rng.ts";
import { chunkBytes, chunkCount, LARGE_BYTES_MIN } from "../../src/wire/blob.ts";
import { COUNTER_MAX, FRAMES_BYTES_MAX } from "../../src/wire/datagram.ts";
import { type Envelope, HLC_MAX } from "../../src/wire/envelope.ts";
import { END, encodeFrame, type Frame, type Salt, WANTED_MAX } from "../../src/wire/frames.ts";
import type { MessageId } from "../../src/wire/ids.ts";
import { SHORT_IDS_MAX } from "../../src/wire/range.ts";
import {
  createWorld,
  gather,
  names,
  roomKeys,
  shown,
  type TestNode,
  transmits,
  WALL,
  type World,
} from "../protocol/fixtures.ts";
import { createPuppet, type Puppet } from "../protocol/puppet.ts";
import { beaconArbitrary, endpointArbitrary, envelopeArbitrary, statementArbitrary } from "../wire/arbitraries.ts";
import { frameCorpus, samples } from "./corpus.ts";
import type { Episode, Target } from "./fuzz.ts";
import { chance, type Mutator, nextInput, pick } from "./mutate.ts";

/** What one input may set off: measured are at most 70 effects, and 60 datagrams. */
const EFFECTS_MAX = 300;
const DATAGRAMS_MAX = 200;
const puppetS = 4;

export function memberTarget(): Target {
  let mutator: Mutator | undefined;
  return {
    name: "member",
    weight: 60,
    inputsPerEpisode: 2_000,
    inputMsMax: 10_000,
    begin: (seed) => {
      mutator ??= { corpus: frameCorpus(), bytesMax: FRAMES_BYTES_MAX };
      return beginEpisode(seed, mutator);
    },
  };
}

// --- internal ---

type Place = {
  readonly world: World;
  readonly nodes: readonly TestNode[];
  readonly puppets: readonly Puppet[];
  readonly mutator: Mutator;
  readonly statements: readonly Parameters<Puppet["statement"]>[0][];
  readonly messages: readonly Omit<Envelope, "author">[];
};

function beginEpisode(seed: number, mutator: Mutator): Episode {
  const world = createWorld({ seed });
  const nodes = gather(world, names(2 + (seed % 3)));
  for (let index = 0; index < 30; index += 1) pick(world.rng, nodes).say(`message ${index}`);
  pick(world.rng, nodes).say("a long one ".repeat(400));
  world.run(2_000);
  // All on one host: most hosts of a room are honest, or its clock is whatever the others say.
  const puppets = Array.from({ length: puppetS }, (_, index) => createPuppet(world, `mallory ${index}`));
  for (const puppet of puppets.slice(1)) for (const node of nodes) puppet.prove(node);
  const place: Place = { world, nodes, puppets, mutator, ...contents };
  return {
    step: (rng) => {
      const node = pick(rng, nodes);
      const puppet = pick(rng, puppets);
      const before = dropsOf(node);
      const effects = attack(rng, place, node, puppet);
      const isRefused = dropsOf(node) > before;
      if (effects.length > EFFECTS_MAX) throw new Error(`${effects.length} effects of one input`);
      if (transmits(effects).length > DATAGRAMS_MAX)
        throw new Error(`${transmits(effects).length} datagrams of one input`);
      // Some that prove themselves, to get further than strangers do.
      const challenge = below(rng, 3) === 0 ? transmits(effects).find(({ to }) => to === puppet.endpoint) : undefined;
      const opened = challenge === undefined ? undefined : puppet.opened(challenge.bytes);
      if (opened !== undefined) puppet.tell(node, [puppet.ack([opened.header.counter])]);
      if (below(rng, 20) === 0) world.run(below(rng, 40));
      if (below(rng, 500) === 0) world.run(below(rng, 10_000));
      return isRefused ? "refused" : "accepted";
    },
    input: () => undefined,
    end: () => talksOn(place),
  };
}

const contents = {
  statements: samples(statementArbitrary, 200).map(({ peer: _, ...rest }) => rest),
  messages: samples(envelopeArbitrary, 200).map(({ author: _, body, ...rest }) => ({
    ...rest,
    body: body.subarray(0, 3_000),
  })),
};
const endpoints = samples(endpointArbitrary, 50);
const beacons = samples(beaconArbitrary, 50);

/** What it has counted as junk, or as more than it may do. */
function dropsOf(node: TestNode): number {
  return Object.values(node.core.stats().dropped).reduce((sum, count) => sum + count, 0);
}

/** One input to the node; what it came to. */
function attack(rng: Rng, place: Place, node: TestNode, puppet: Puppet): Effect[] {
  const from = below(rng, 8) === 0 ? pick(rng, endpoints) : puppet.endpoint;
  const datagram = (bytes: Uint8Array): Effect[] => node.step({ type: "datagram", bytes, from });
  const sealed = (inner: Uint8Array): Effect[] =>
    datagram(puppet.sealedBytes(inner, below(rng, 16) === 0 ? undefined : node.boot));
  // Only one of them: what counts on from there is too old for its session, whatever else it says.
  if (puppet === place.puppets[1] && below(rng, 200) === 0) puppet.countFrom(pick(rng, COUNTERS));
  switch (below(rng, 8)) {
    case 0:
      return sealed(fitting([pick(rng, ATTACKS)(rng, place, node, puppet)]));
    case 1:
      // A few frames that mean something, and one that does not.
      return sealed(
        fitting(
          [pick(rng, ATTACKS)(rng, place, node, puppet), pick(rng, ATTACKS)(rng, place, node, puppet)],
          nextInput(rng, place.mutator),
        ),
      );
    case 2: {
      // Frames of this room, changed.
      const corpus = [fitting([pick(rng, ATTACKS)(rng, place, node, puppet)])];
      return sealed(nextInput(rng, { ...place.mutator, corpus }));
    }
    case 3: {
      const whole = puppet.sealedBytes(nextInput(rng, place.mutator), node.boot);
      return datagram(nextInput(rng, { corpus: [whole], bytesMax: 2_000 }));
    }
    case 4: {
      const bytes = sealBeacon(beaconKey(roomKeys), chance(rng, 24), pick(rng, beacons));
      return node.step({
        type: "beacon",
        bytes: below(rng, 2) === 0 ? bytes : nextInput(rng, { corpus: [bytes], bytesMax: 500 }),
        from,
      });
    }
    default:
      return sealed(nextInput(rng, place.mutator));
  }
}

/** As many of the frames as fit a datagram, and other bytes behind them. */
function fitting(frames: readonly Frame[], behind: Uint8Array = new Uint8Array(0)): Uint8Array {
  const all = Buffer.concat([...frames.map(encodeFrame), behind]);
  return all.length <= FRAMES_BYTES_MAX ? all : encodeFrame(frames[0] as Frame);
}

/** The last leaves room for all that an episode may still say. */
const COUNTERS = [0, 1, 100_000, 2 ** 40, COUNTER_MAX - 100_000];

type Attack = (rng: Rng, place: Place, node: TestNode, puppet: Puppet) => Frame;

const WHOLE = { order: 0, lo: 0, last: 0xffffffff };
const COUNTS = [0, 1, 2, 64, 2 ** 31, 2 ** 32, 2 ** 48, 2 ** 53 - 1];
const BOUNDS = ["", "00ff", "01", "7f", "ff".repeat(24), END];

/** Frames whose signatures, ids and peers are real, and that say what they like. */
const ATTACKS: readonly Attack[] = [
  (rng, { statements }, _, puppet) =>
    puppet.statement({
      ...pick(rng, statements),
      boot: puppet.boot,
      ...(below(rng, 2) === 0 ? { endpoints: [puppet.endpoint] } : {}),
    }),
  (rng, { statements }, _, puppet) => puppet.statement(pick(rng, statements)),
  (rng, { world, nodes }, _, puppet) => {
    // It names a node's address, or the largest incarnation, as its own.
    const incarnation = pick(rng, [0, WALL, WALL + Math.floor(world.now()), 2 ** 48 - 1]);
    return puppet.statement({
      incarnation,
      endpoints: [pick(rng, nodes).endpoint],
      status: pick(rng, ["alive", "left"]),
    });
  },
  (rng, place, node, puppet) => push(rng, spoken(rng, place, node, puppet)),
  (rng, place, node, puppet) => push(rng, spoken(rng, place, node, puppet)),
  (rng, place, node, puppet) => ({ type: "message", bytes: short(spoken(rng, place, node, puppet)) }),
  (rng, place, node, puppet) => {
    const bytes = short(spoken(rng, place, node, puppet));
    return {
      type: "brief",
      slice: WHOLE,
      front: pick(rng, [puppet.id, node.identity.id]).slice(0, 16),
      rest: bytes.subarray(32),
    };
  },
  (rng, place, node, puppet) => ({
    type: "page",
    set: "log",
    number: below(rng, 256),
    index: below(rng, 64),
    isLast: below(rng, 2) === 0,
    ...stretch(rng),
    items: [
      short(spoken(rng, place, node, puppet)),
      { id: someId(rng, node), bytes: LARGE_BYTES_MIN + below(rng, 60_000) },
    ],
  }),
  (rng, _, __, puppet) => ({
    type: "page",
    set: "roster",
    number: below(rng, 256),
    index: below(rng, 64),
    isLast: below(rng, 2) === 0,
    ...stretch(rng),
    items: [puppet.statement().bytes, chance(rng, 1 + below(rng, 300))],
  }),
  (rng) => ({
    type: "fetch",
    set: pick(rng, ["log", "roster"]),
    number: below(rng, 256),
    credit: 64,
    stretches: [stretch(rng)],
  }),
  (rng) => ({
    type: "ranges",
    set: pick(rng, ["log", "roster"]),
    salt: newSalt(rng),
    lo: "",
    parts: [
      { hi: "0180", count: 0, fingerprint: "" },
      {
        hi: END,
        count: 1 + (pick(rng, COUNTS) % (2 ** 53 - 1)),
        fingerprint: hex(rng, 6),
      },
    ],
  }),
  (rng) => ({
    type: "same",
    set: pick(rng, ["log", "roster"]),
    ...stretch(rng),
    salt: newSalt(rng),
    count: 1 + (pick(rng, COUNTS) % (2 ** 53 - 1)),
    fingerprint: hex(rng, 6),
  }),
  (rng) => ({
    type: "same",
    set: pick(rng, ["log", "roster"]),
    ...stretch(rng),
    salt: newSalt(rng),
    count: 0,
    fingerprint: "",
  }),
  (rng, _, node, puppet) => {
    const { salt, key } = keyOf(rng, node, puppet);
    const named = someIds(rng, node, SHORT_IDS_MAX).sort();
    const ids = named.map((id) => shortIdOf(id, key));
    return { type: "list", set: pick(rng, ["log", "roster"]), lo: "", hi: END, salt, ids };
  },
  (rng, _, node, puppet) => {
    const { salt, key } = keyOf(rng, node, puppet);
    const named = [someId(rng, node), ...someIds(rng, node, SHORT_IDS_MAX - 1)];
    const hashes = named.map((id) => shortHash(id, key));
    return { type: "wantListed", set: pick(rng, ["log", "roster"]), ...stretch(rng), salt, hashes };
  },
  (rng, _, node) => ({ type: "want", ids: someIds(rng, node, WANTED_MAX) }),
  (rng, _, node) => ({ type: "advertise", slice: slice(rng), id: someId(rng, node) }),
  (rng, _, node) => ({
    type: "offer",
    slice: slice(rng),
    id: someId(rng, node),
    bytes: LARGE_BYTES_MIN + below(rng, 64_000),
  }),
  (rng, _, node) => ({ type: "announce", id: someId(rng, node), bytes: LARGE_BYTES_MIN + below(rng, 64_000) }),
  (rng, _, node) => ({
    type: "wantChunks",
    id: someId(rng, node),
    chunks: Array.from({ length: 1 + below(rng, 64) }, (_, at) => at),
  }),
  (rng, _, node) => {
    const total = LARGE_BYTES_MIN + below(rng, 60_000);
    const index = below(rng, chunkCount(total));
    return {
      type: "chunk",
      id: someId(rng, node),
      total,
      index,
      bytes: Buffer.alloc(chunkBytes(total, index), below(rng, 256)),
    };
  },
  (rng, { nodes }) => ({
    type: "suspect",
    peer: pick(rng, nodes).identity.id,
    incarnation: pick(rng, [0, WALL, 2 ** 48 - 1]),
    accuser: pick(rng, [pick(rng, nodes).identity.id.slice(0, 16), hex(rng, 8)]),
  }),
  (rng, { nodes }) => ({ type: "probeRequest", target: pick(rng, nodes).identity.id, introduce: below(rng, 2) === 0 }),
  (rng, { nodes }) => ({ type: "probeReply", target: pick(rng, nodes).identity.id, answered: below(rng, 2) === 0 }),
  (rng, { nodes }) => ({ type: "introduce", peer: pick(rng, nodes).identity.id, endpoint: pick(rng, endpoints) }),
  (rng) => ({
    type: "observed",
    endpoint: pick(rng, endpoints),
    wall: pick(rng, [0, WALL, WALL + 10 ** 9, 2 ** 48 - 1]),
  }),
  (rng) => ({
    type: "digest",
    log: { count: pick(rng, COUNTS), fingerprint: hex(rng, 8) },
    keeps: {
      since: 60_000 * pick(rng, [0, 1, 29_497_680, 2 ** 31]),
      small: pick(rng, [0, 1, 2, 200, 10_000]),
      large: pick(rng, [0, 1, 20, 500]),
    },
    isForReceiver: below(rng, 2) === 0,
    roster: { count: pick(rng, COUNTS), fingerprint: hex(rng, 8) },
    isStored: below(rng, 2) === 0,
  }),
  (rng, { nodes }, node) => ({
    type: "receipt",
    id: someId(rng, node),
    slice: slice(rng),
    reached: pick(rng, COUNTS),
    of: pick(rng, COUNTS),
    lacking: Array.from({ length: below(rng, 5) }, () => pick(rng, nodes).identity.id.slice(0, 16)),
  }),
  (rng) => ({
    type: "ack",
    counters: Array.from({ length: 1 + below(rng, 32) }, (_, at) => 2_000 + below(rng, 3) - 4 * at),
    delayMs: below(rng, 256),
    echo: rng.u32(),
  }),
  () => ({ type: "ping" }),
];

/** A message of the puppet's own with anything in it. */
function spoken(rng: Rng, { world, messages }: Place, node: TestNode, puppet: Puppet): Uint8Array {
  if (below(rng, 3) === 0) return puppet.message({ parents: [someId(rng, node)] }).bytes;
  const now = WALL + Math.floor(world.now());
  const hlc = pick(rng, [0, 1, now, now + 299_000, now + 301_000, HLC_MAX, now - below(rng, 10 ** 8)]);
  const { parents, ...content } = pick(rng, messages);
  const known = node.core.ids().slice(-4);
  return signMessage(roomKeys, puppet.identity, { ...content, hlc, parents: below(rng, 2) === 0 ? known : parents })
    .bytes;
}

/** What fits a frame; a longer one is cut, and is junk then. */
function short(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, 1_000);
}

function push(rng: Rng, bytes: Uint8Array): Frame {
  return { type: "push", slice: slice(rng), message: short(bytes) };
}

function slice(rng: Rng): typeof WHOLE {
  const [one, other] = [rng.u32(), rng.u32()];
  return below(rng, 2) === 0 ? WHOLE : { order: below(rng, 16), lo: Math.min(one, other), last: Math.max(one, other) };
}

function stretch(rng: Rng): { lo: string; hi: string } {
  const at = below(rng, BOUNDS.length - 1);
  return { lo: BOUNDS[at] as string, hi: BOUNDS[at + 1 + below(rng, BOUNDS.length - 1 - at)] as string };
}

/** One that the node has, or an invented one of now. */
function someId(rng: Rng, node: TestNode): MessageId {
  const ids = node.core.ids();
  if (ids.length > 0 && below(rng, 2) === 0) return pick(rng, ids);
  return (WALL.toString(16).padStart(12, "0") + hex(rng, 18)) as MessageId;
}

function someIds(rng: Rng, node: TestNode, most: number): MessageId[] {
  return Array.from({ length: below(rng, most + 1) }, () => someId(rng, node));
}

/** Of a frame between the two: what is named under it is understood. */
function keyOf(rng: Rng, node: TestNode, puppet: Puppet): { salt: Salt; key: Uint8Array } {
  const salt = newSalt(rng);
  return { salt, key: shortIdKey(roomKeys, puppet.boot, node.boot, salt) };
}

function hex(rng: Rng, bytes: number): string {
  return Buffer.from(chance(rng, bytes)).toString("hex");
}

/** What honest nodes say still reaches them all. */
function talksOn(place: Place): void {
  const { world, nodes } = place;
  world.run(30_000);
  const said = nodes.map((node, index) => {
    const text = `still talking ${index}`;
    node.say(text);
    return text;
  });
  const heard = (): boolean =>
    nodes.every((node) => {
      const texts = new Set(shown(node).map(({ text }) => text));
      return said.every((text) => texts.has(text));
    });
  world.until("what honest nodes say to reach them all", heard, 120_000);
}
