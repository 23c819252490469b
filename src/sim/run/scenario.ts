/**
 * The type of a scenario: a room, its network, what is said, and what goes wrong when. Scenarios are read from the files
 * in scenarios/.
 */
import { parse } from "smol-toml";
import { type Config, defaultConfig } from "../../protocol/config.ts";
import type { Millis } from "../../protocol/time.ts";
import { TEXT_BYTES_MAX } from "../../wire/bodies/text.ts";
import { type Hostile, hostileStrategies } from "../hostile/names.ts";
import type { DiskSettings } from "../world/disk.ts";
import { type Check, count, firstComplaint, flag, milliseconds, share, text, whole } from "./checks.ts";

export type Scenario = {
  readonly name: string;
  readonly about: string;
  readonly nodes: number;
  readonly network: Network;
  readonly speech: Speech;
  /** Left out: disks answer at once and claim nothing, and what was written is there after a crash. */
  readonly disk?: DiskSettings | undefined;
  /** Rooms, and in how many of them each node's host is, at least and at most. */
  readonly rooms: number;
  readonly roomsPerHost: readonly [number, number];
  /** So many run a later version, which says and sends what this one does not know. */
  readonly newer: number;
  /** So often, 0 to below 1, somebody deletes a message of its own when somebody has said something. */
  readonly deletes: number;
  /** Bytes of message bodies that a node keeps in memory; left out: as many as in life. */
  readonly recentBytes?: number | undefined;
  readonly faults: readonly Fault[];
  /** Left out: all are honest. */
  readonly hostile?: Hostile | undefined;
  /** The nodes start within this time, one after another, each joining through another that is up. */
  readonly startMs: Millis;
  /** Whom they join through: any of those who are up, always the first node, or nobody: all are on one LAN. */
  readonly through: "any" | "first" | "lan";
  /** All but latecomers know each other when they start, at once. */
  readonly acquainted: boolean;
  /** Silence before the talk, of which the second half is measured. */
  readonly idleMs: Millis;
  /** At most, after the last message and fault, until what was said is everywhere; then the checks. */
  readonly settleMs: Millis;
  /** Silence after that. In its second half nobody may compare logs any more, if they were one before. */
  readonly quietMs: Millis;
  /** Overrides of the protocol's defaults. */
  readonly config: Readonly<Partial<Config>>;
};

export type Network = {
  /** One way, uniform between both. */
  readonly delayMs: readonly [Millis, Millis];
  /** Where nodes are, as [latitude, longitude]: spread over all regions, and the distance adds to the delay. */
  readonly regions: Readonly<Record<string, Place>>;
  /** Independent for each datagram, 0..1, as the next three. */
  readonly loss: number;
  readonly duplicate: number;
  /** Share of datagrams held back by up to a second, so that later ones overtake them. */
  readonly reorder: number;
  /** Share of datagrams followed by a damaged, cut or foreign copy. */
  readonly junk: number;
};

export type Place = readonly [latitude: number, longitude: number];

export type Speech = {
  readonly messages: number;
  readonly everyMs: Millis;
  readonly bytes: number;
  /** Left out: anyone speaks, by chance. Else the first so many do, in turn. */
  readonly authors?: number | undefined;
  /** The first node that is not among the authors (else the last) says so much besides, from the start of the talk. */
  readonly flood?: { readonly messages: number; readonly everyMs: Millis; readonly bytes: number } | undefined;
};

export const faultTypes = {
  partition: "the room falls apart in `groups`",
  crash: "`count` nodes die without a word and start again afterwards with what they had on disk",
  blackout: "one side of the partition loses power whole, and starts again afterwards with what it had on disk",
  leave: "`count` nodes say goodbye and come back afterwards",
  late: "the last `count` nodes start only now, within `forMs`",
  stall: "`count` nodes stand still: what is sent to them waits in their socket",
  sleep: "`count` nodes sleep: what is sent to them is lost, and their time stands still",
  move: "`count` nodes get another address, and notice it within two seconds",
  slow: "`count` nodes take `byMs` for each datagram, one after another",
  skew: "the clocks of `count` nodes are off by `byMs` (negative: behind), from the start to the end",
  deaf: "of `count` pairs the second hears nothing of the first",
  full: "the disks of `count` nodes take nothing more",
  failing: "on the disks of `count` nodes a `share` of writes fails",
  slowDisk: "the disks of `count` nodes take up to `byMs` longer for everything",
  badReads: "of what the disks of `count` nodes read a `share` fails, or comes damaged",
  leaveRoom: "`count` hosts leave one of their rooms for good, and stay in the others",
  replay: "an outsider sends `count` old datagrams a second again, from its own address or a forged one",
} as const;
export type FaultType = keyof typeof faultTypes;

export type Fault = {
  readonly type: FaultType;
  /** From the start of the talk. */
  readonly atMs: Millis;
  readonly forMs: Millis;
  readonly count: number;
  readonly groups: number;
  readonly byMs: Millis;
  /** 0..1. */
  readonly share: number;
  /** It strikes so often, `everyMs` apart, each time with other nodes. */
  readonly times: number;
  readonly everyMs: Millis;
};

/** They need disks that are durable: a `[disk]`. */
export const diskFaults: readonly FaultType[] = ["full", "failing", "slowDisk", "badReads"];

/** When the fault is over for good, from the start of the talk. */
export function endOf(fault: Fault): Millis {
  return fault.type === "skew" ? 0 : fault.atMs + (fault.times - 1) * fault.everyMs + fault.forMs;
}

/** A network that does no harm. */
export const calmNetwork: Network = { delayMs: [10, 50], regions: {}, loss: 0, duplicate: 0, reorder: 0, junk: 0 };

/** The scenario of a TOML text, or what is wrong with it, for a person. */
export function parseScenario(toml: string): Scenario | string {
  let table: Record<string, unknown>;
  try {
    table = parse(toml);
  } catch (error) {
    return (error as Error).message.split("\n")[0] ?? "not TOML";
  }
  return completeScenario(table);
}

/** Fills in what a scenario leaves out; or what is wrong with it, for a person. */
export function completeScenario(table: Readonly<Record<string, unknown>>): Scenario | string {
  const complaint = complaintOf(table);
  if (complaint !== undefined) return complaint;
  const given = table as unknown as Partial<Scenario>;
  return {
    ...basics,
    ...given,
    network: { ...calmNetwork, ...given.network },
    speech: { ...lively, ...given.speech, ...(given.speech?.flood && { flood: { ...rapid, ...given.speech.flood } }) },
    ...(given.disk === undefined ? {} : { disk: { ...usualDisk, ...given.disk } }),
    ...(given.hostile === undefined ? {} : { hostile: { ...usualAttack, ...given.hostile } }),
    faults: (given.faults ?? []).map((fault) => ({ ...single, ...fault })),
  };
}

// --- internal ---

const rapid = { messages: 2_000, everyMs: 5, bytes: 100 };
const lively: Speech = { messages: 200, everyMs: 1_000, bytes: 100 };
/** An SSD that is asked to make sure of each write. */
const usualDisk: DiskSettings = { writeMs: [1, 10], readMs: [0.1, 2] };
const usualAttack = { count: 1, atMs: 0, forMs: 30_000 };
const basics = {
  name: "",
  about: "",
  nodes: 10,
  startMs: 2_000,
  through: "any",
  acquainted: false,
  idleMs: 0,
  settleMs: 30_000,
  quietMs: 0,
  rooms: 1,
  roomsPerHost: [1, 1],
  newer: 0,
  deletes: 0,
  faults: [],
  config: {},
} as const;
const single = { atMs: 0, forMs: 0, count: 1, groups: 2, byMs: 0, share: 0.5, times: 1, everyMs: 1_000 };

const isPair = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "number" && !Number.isNaN(part));
const pair: Check = [(value) => isPair(value) && value[0] >= 0 && value[1] >= value[0], "[least, most] fits"];
const places: Check = [
  (value) => Object.values(value as object).every((at) => isPair(at) && Math.abs(at[0]) <= 90),
  "a table of name = [latitude, longitude] fits",
];
const table: Check = [(value) => typeof value === "object" && value !== null && !Array.isArray(value), "a table fits"];
const list: Check = [Array.isArray, "a list of tables fits"];
const contacts: Check = [(value) => ["any", "first", "lan"].includes(value as string), "any, first, lan fit"];
const attacks: Check = [
  (value) => Array.isArray(value) && value.length > 0 && value.every((name) => name in hostileStrategies),
  `a list of these fits: ${Object.keys(hostileStrategies).join(", ")}`,
];
const orders: Check = [(value) => typeof value === "number" && value >= 0 && value <= 8, "0 to 8 fits"];
const faultType: Check = [
  (value) => typeof value === "string" && value in faultTypes,
  `${Object.keys(faultTypes).join(", ")} fit`,
];

const checks = {
  scenario: {
    name: text,
    about: text,
    nodes: whole(1, 10_000),
    startMs: milliseconds,
    through: contacts,
    acquainted: flag,
    idleMs: milliseconds,
    settleMs: milliseconds,
    quietMs: milliseconds,
    network: table,
    speech: table,
    disk: table,
    rooms: whole(1, 1_000),
    roomsPerHost: pair,
    newer: whole(0, 10_000),
    deletes: share,
    recentBytes: whole(0, 1_000_000_000),
    config: table,
    faults: list,
    hostile: table,
  },
  network: { delayMs: pair, regions: places, loss: share, duplicate: share, reorder: share, junk: share },
  speech: {
    messages: whole(0, 100_000),
    everyMs: whole(1, 3_600_000),
    bytes: whole(1, TEXT_BYTES_MAX),
    authors: whole(1, 10_000),
    flood: table,
  },
  flood: { messages: whole(1, 100_000), everyMs: whole(1, 3_600_000), bytes: whole(1, TEXT_BYTES_MAX) },
  disk: { writeMs: pair, readMs: pair },
  hostile: { count: whole(1, 1_000), strategies: attacks, atMs: milliseconds, forMs: milliseconds },
  config: { ...Object.fromEntries(Object.keys(defaultConfig).map((key) => [key, count])), bodies: orders, ids: orders },
  fault: {
    type: faultType,
    atMs: milliseconds,
    forMs: milliseconds,
    count: whole(1, 10_000),
    groups: whole(2, 10_000),
    byMs: [(value: unknown) => typeof value === "number" && Math.abs(value) <= 86_400_000, "milliseconds fit"],
    share,
    times: whole(1, 1_000),
    everyMs: whole(1, 3_600_000),
  } satisfies Record<string, Check>,
};

function complaintOf(scenario: Readonly<Record<string, unknown>>): string | undefined {
  const { name, network = {}, speech = {}, disk, config = {}, faults = [], hostile } = scenario;
  if (typeof name !== "string" || name === "") return "a scenario needs a name";
  const outside = firstComplaint("", scenario, checks.scenario);
  if (outside !== undefined) return outside;
  return (
    firstComplaint("network.", network as object, checks.network) ??
    firstComplaint("speech.", speech as object, checks.speech) ??
    firstComplaint("speech.flood.", (speech as Partial<Speech>).flood ?? {}, checks.flood) ??
    (disk === undefined ? undefined : firstComplaint("disk.", disk as object, checks.disk)) ??
    firstComplaint("config.", config as object, checks.config) ??
    (hostile === undefined
      ? undefined
      : firstComplaint("hostile.", { strategies: undefined, ...(hostile as object) }, checks.hostile)) ??
    (faults as object[])
      .map((fault, at) => firstComplaint(`fault ${at + 1}: `, { type: undefined, ...fault }, checks.fault))
      .find((complaint) => complaint !== undefined) ??
    lackingDisk(disk, faults as Fault[])
  );
}

function lackingDisk(disk: unknown, faults: readonly Fault[]): string | undefined {
  const at = faults.findIndex(({ type }) => diskFaults.includes(type));
  return disk !== undefined || at < 0 ? undefined : `fault ${at + 1}: ${faults[at]?.type} needs a [disk]`;
}
