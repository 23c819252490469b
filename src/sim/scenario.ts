/** What is played: a room, its network, what is said, and what goes wrong when. Read from the files in scenarios/. */
import { parse } from "smol-toml";
import type { Millis } from "../protocol/types.ts";

export type Scenario = {
  readonly name: string;
  readonly about: string;
  readonly nodes: number;
  readonly network: Network;
  readonly speech: Speech;
  readonly faults: readonly Fault[];
  /** The nodes start within this time, one after another, each joining through an earlier one. */
  readonly startMs: Millis;
  /** Silence before the talk, of which the second half is measured. */
  readonly idleMs: Millis;
  /** At most, after the last message and fault, until what was said is everywhere; then the checks. */
  readonly settleMs: Millis;
  /** Overrides of the protocol's defaults. */
  readonly config: Readonly<Record<string, number>>;
};

export type Network = {
  /** One way, uniform between both. */
  readonly delayMs: readonly [Millis, Millis];
  /** Independent for each datagram, 0..1, as the next two. */
  readonly loss: number;
  readonly duplicate: number;
  /** Share of datagrams held back by up to a second, so that later ones overtake them. */
  readonly reorder: number;
  /** Share of datagrams followed by a damaged, cut or foreign copy. */
  readonly junk: number;
};

export type Speech = { readonly messages: number; readonly everyMs: Millis; readonly bytes: number };

export type Fault =
  /** The room falls apart in `groups` at `atMs`, for `forMs`. */
  | { readonly type: "partition"; readonly atMs: Millis; readonly forMs: Millis; readonly groups: number }
  /** `count` random nodes die without a word and start again `forMs` later, with what they had on disk. */
  | { readonly type: "crash"; readonly atMs: Millis; readonly forMs: Millis; readonly count: number }
  /** `count` random nodes stand still for `forMs`: what is sent to them waits in their socket. */
  | { readonly type: "stall"; readonly atMs: Millis; readonly forMs: Millis; readonly count: number }
  /** The wall clocks of `count` random nodes are off by `forMs` (negative: behind) from the start. */
  | { readonly type: "skew"; readonly atMs: Millis; readonly forMs: Millis; readonly count: number };

/** The scenario of a TOML text, or what is wrong with it, for a person. */
export function parseScenario(text: string): Scenario | string {
  let table: Record<string, unknown>;
  try {
    table = parse(text);
  } catch (error) {
    return (error as Error).message.split("\n")[0] ?? "not TOML";
  }
  const network = { ...calm, ...(table.network as object | undefined) };
  const speech = { ...lively, ...(table.speech as object | undefined) };
  const scenario = { ...basics, ...table, network, speech } as Scenario;
  return complaint(scenario) ?? scenario;
}

// --- internal ---

const calm: Network = { delayMs: [10, 50], loss: 0, duplicate: 0, reorder: 0, junk: 0 };
const lively: Speech = { messages: 200, everyMs: 1_000, bytes: 100 };
const basics = { name: "", about: "", nodes: 10, startMs: 2_000, idleMs: 0, settleMs: 30_000, faults: [], config: {} };

function complaint(scenario: Scenario): string | undefined {
  const { nodes, network, speech, faults } = scenario;
  if (scenario.name === "") return "a scenario needs a name";
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > 10_000) return `nodes is ${nodes}: 1 to 10000 fit`;
  for (const share of ["loss", "duplicate", "reorder", "junk"] as const) {
    if (!(network[share] >= 0 && network[share] < 1)) return `network.${share} is ${network[share]}: 0 to below 1 fits`;
  }
  const [low, high] = network.delayMs;
  if (!(low >= 0 && high >= low)) return `network.delayMs is ${network.delayMs}: [least, most] fits`;
  if (!(speech.everyMs > 0 && speech.messages >= 0))
    return "speech.everyMs has to be above 0, speech.messages 0 or more";
  const known = ["partition", "crash", "stall", "skew"];
  const odd = faults.find((fault) => !known.includes(fault.type));
  return odd === undefined ? undefined : `fault type ${odd.type}: ${known.join(", ")} fit`;
}
