/**
 * Every table that a node keeps, filled by somebody who sends more than it holds: it is full then, and never more than full. The limits
 * are smaller here than in the program, so that each of them can be reached.
 */
import { describe, expect, it, vi } from "vitest";
import { beaconKey, sealBeacon } from "../../src/crypto/beacon.ts";
import type { Config } from "../../src/protocol/config.ts";
import type { limits } from "../../src/protocol/limits.ts";
import { encodeBody } from "../../src/wire/bodies/body.ts";
import { DELETE_KIND } from "../../src/wire/bodies/kinds.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";
import { noExtensions } from "../../src/wire/extensions.ts";
import { END, type Frame } from "../../src/wire/frames.ts";
import type { BootId, MessageId, ShortId } from "../../src/wire/ids.ts";
import { createWorld, type NodeSetup, roomKeys, type TestNode, told, WALL, type World } from "./fixtures.ts";
import { createPuppet, type Puppet } from "./puppet.ts";

vi.mock("../../src/protocol/limits.ts", async (original) => {
  const actual = (await original()) as { limits: typeof limits };
  const smaller = {
    sessions: 1_400,
    members: 1_100,
    candidates: 256,
    unacknowledged: 128,
    relays: 64,
    outbox: 128,
    gone: 64,
    unwritten: 128,
    reads: 32,
    wanted: 256,
    beaconSenders: 64,
    remembered: 64,
    transfers: 64,
  };
  return { limits: { ...actual.limits, ...smaller } };
});

type Place = { readonly world: World; readonly node: TestNode; readonly mallory: Puppet };
type Row = {
  readonly config?: Partial<Config>;
  readonly setup?: NodeSetup;
  /** Sends more than the table has room for. */
  readonly fill: (place: Place) => void;
  /** So far from its bound it may end, where that allows for what one step brings; left out: it is full to the last place. */
  readonly slack?: number;
};

const WHOLE = { order: 0, lo: 0, last: 0xffffffff };

const times = (count: number, act: (index: number) => void): void => {
  for (let index = 0; index < count; index += 1) act(index);
};
const idOf = (number: number): MessageId =>
  (WALL.toString(16).padStart(12, "0") + number.toString(16).padStart(12, "0").padEnd(36, "0")) as MessageId;
const say = ({ node }: Place, count: number): void => times(count, (index) => node.say(`message ${index}`));
/** So many members that introduce themselves, each a process of its own. */
const enter = ({ world, node }: Place, count: number, from = 0): Puppet[] =>
  Array.from({ length: count }, (_, index) => {
    const puppet = createPuppet(world, `member ${from + index}`, (from + index) % 250);
    puppet.prove(node);
    return puppet;
  });
const offer = ({ node, mallory }: Place, count: number): void =>
  times(count, (index) => mallory.tell(node, [{ type: "offer", slice: WHOLE, id: idOf(index), bytes: 5_000 }]));

const rows: Readonly<Record<string, Row>> = {
  sessions: {
    fill: ({ world, node }) =>
      times(1_500, (index) => createPuppet(world, `stranger ${index}`, index % 250).tell(node, [{ type: "ping" }])),
  },
  unacknowledged: {
    fill: ({ world, node }) => {
      const nowhere = Array.from({ length: 60 }, (_, index) => `10.9.0.${index}:1` as Endpoint);
      node.command({ type: "join", endpoints: nowhere });
      world.run(9_000);
    },
    slack: 64 + 8,
  },
  members: { fill: (place) => void enter(place, 1_150) },
  candidates: {
    fill: (place) => {
      const { world, node } = place;
      const invented = Array.from({ length: 600 }, (_, index) =>
        createPuppet(world, `invented ${index}`).statement({
          endpoints: [`10.8.${index >> 8}.${index & 255}:1` as Endpoint],
        }),
      );
      for (const [at, puppet] of enter(place, 6).entries())
        for (const frame of invented.slice(100 * at, 100 * (at + 1))) puppet.tell(node, [frame]);
    },
  },
  relays: { fill: (place) => say(place, 100) },
  outbox: { fill: (place) => say(place, 200) },
  transfers: { fill: (place) => offer(place, 100) },
  pendingSlices: { fill: (place) => offer(place, 100) },
  beaconSenders: {
    setup: { onLan: true },
    fill: ({ node }) =>
      times(100, (index) => {
        const boot = (index + 1).toString(16).padStart(16, "0") as BootId;
        const nonce = Buffer.alloc(24, index);
        const bytes = sealBeacon(beaconKey(roomKeys), nonce, {
          boot,
          port: 4_000,
          heard: [],
          extensions: noExtensions,
        });
        node.step({ type: "beacon", bytes, from: "10.0.9.9:62732" as Endpoint });
      }),
  },
  wanted: {
    // One peer alone does not fill it.
    fill: (place) => {
      for (const [by, puppet] of enter(place, 9).entries())
        times(50, (index) => puppet.tell(place.node, [{ type: "advertise", slice: WHOLE, id: idOf(50 * by + index) }]));
    },
  },
  listedWants: {
    // Each list another one, of messages that nobody has, at a place of its own.
    fill: ({ node, mallory }) =>
      times(16, (list) => {
        const ids = Array.from(
          { length: 64 },
          (_, at) => (64 * list + at).toString(16).padStart(12, "0").repeat(2) as ShortId,
        );
        mallory.tell(node, [{ type: "list", set: "log", lo: "", hi: END, salt: "00".repeat(4), ids }]);
      }),
  },
  holePunches: {
    fill: (place) => {
      const endpoint = "192.0.2.1:53" as Endpoint;
      for (const { id } of enter(place, 80))
        place.mallory.tell(place.node, [{ type: "introduce", peer: id, endpoint }]);
    },
  },
  vouched: {
    fill: (place) => {
      for (const { id } of enter(place, 1_090))
        place.mallory.tell(place.node, [{ type: "probeReply", target: id, answered: true }]);
    },
  },
  remembered: {
    fill: (place) => {
      enter(place, 100);
      // Then those that were reached longest ago give way to others.
      place.world.run(300_000);
      enter(place, 100, 100);
    },
  },
  messages: { config: { maxMessages: 50 }, fill: (place) => say(place, 100) },
  largeMessages: {
    config: { maxMessages: 50 },
    fill: ({ node }) => times(5, (index) => node.say(`message ${index}`.padEnd(2_000, "."))),
  },
  gone: { config: { maxMessages: 50 }, fill: (place) => say(place, 200) },
  views: {
    // Who keeps as many as there are needs no view.
    fill: ({ world, node, mallory }) => {
      times(11, (index) => node.say(`line ${index}`));
      times(10, (index) => {
        const set = { count: 0, fingerprint: "00".repeat(8) };
        const keeps = { since: 0, small: index, large: index };
        mallory.tell(node, [{ type: "digest", log: set, keeps, isForReceiver: false, roster: set, isStored: true }]);
        world.run(1_500);
      });
    },
  },
  unwritten: {
    fill: ({ node, mallory }) => {
      node.store.isHeld = true;
      const push = (): Frame => ({ type: "push", slice: { ...WHOLE, last: 0 }, message: mallory.message().bytes });
      times(100, () => mallory.tell(node, [push(), push(), push()]));
    },
    slack: 64,
  },
  refused: {
    fill: (place) => {
      place.node.store.trouble = { code: "full", detail: "ENOSPC" };
      say(place, 200);
    },
  },
  erasing: {
    fill: (place) => {
      const { node } = place;
      // Nobody acknowledges anything: no more than some 256 are taken.
      say(place, 129);
      const ids = node.core.ids();
      node.store.trouble = { code: "full", detail: "ENOSPC" };
      const body = encodeBody("delete", "alice", "").body;
      for (const target of ids) node.command({ type: "publish", kind: DELETE_KIND, body, target });
    },
  },
  reads: {
    setup: { recentBytes: 0 },
    fill: (place) => {
      const { node, mallory } = place;
      say(place, 1);
      node.store.isHeld = true;
      const ids = node.core.ids();
      times(100, () => mallory.tell(node, [{ type: "want", ids }]));
    },
  },
  recentBytes: {
    setup: { recentBytes: 10_000 },
    fill: (place) => say(place, 50),
    slack: 1_000,
  },
};

function create({ config = {}, setup = {} }: Row): Place {
  const world = createWorld();
  const node = world.node("alice", config, setup);
  const mallory = createPuppet(world, "mallory", 255);
  mallory.prove(node);
  return { world, node, mallory };
}

describe("the tables of a node", () => {
  it("are these, each with somebody who fills it", () => {
    const { node } = create({ fill: () => {} });
    expect(Object.keys(rows).toSorted()).toEqual(Object.keys(node.core.tables()).toSorted());
  });

  // That none is ever more than full is looked at after each step of a node, see `checkStep`.
  it.each(Object.entries(rows))("%s are full, and not more, when more come than there is room for", (table, row) => {
    const place = create(row);
    row.fill(place);
    const { size, bound } = place.node.core.tables()[table] as { size: number; bound: number };
    expect(size).toBeGreaterThanOrEqual(bound - (row.slack ?? 0));
    expect(size).toBeLessThanOrEqual(bound);
    place.node.say("goes on");
    // Nothing is said while the store has so much to do.
    if (table !== "unwritten") expect(told(place.node).at(-1)?.text).toBe("goes on");
  });
});
