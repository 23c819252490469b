/**
 * Decides who says what in a run: anyone who is awake, or a few in turn. A node of a later version says things that this
 * version does not know.
 */
import { below, type Rng, sample, seededRng, uniform } from "../../protocol/rng.ts";
import { kindNumber } from "../../wire/bodies/kinds.ts";
import { KIND_MAX } from "../../wire/envelope.ts";
import type { MessageId } from "../../wire/ids.ts";
import type { VirtualNode } from "../world/node.ts";
import type { Scenario } from "./scenario.ts";
import { chanceBytes, type Stage } from "./stage.ts";

export type Speech = {
  /** Has somebody say the message with this number, if anyone is there. */
  readonly say: (number: number) => void;
  /** Has the flooder say one of its flood, if it is taken. */
  readonly flood: (number: number, bytes: number) => void;
};

export function createSpeech(
  scenario: Scenario,
  seed: number,
  { nodes, newer }: Stage,
  rng: Rng,
  said: (node: number, id: MessageId, kindNumber: number) => void,
): Speech {
  const { speech } = scenario;
  const later = seededRng(seed ^ 0x5a1d);
  const authorOf = (number: number): number | undefined => {
    const isAwake = (index: number): boolean => nodes[index]?.isAwake() === true;
    if (speech.authors !== undefined) {
      const author = number % Math.min(speech.authors, nodes.length);
      return isAwake(author) ? author : undefined;
    }
    const awake = [...nodes.keys()].filter(isAwake);
    return awake[below(rng, awake.length)];
  };
  const say = (number: number): void => {
    const author = authorOf(number);
    if (author === undefined) return;
    const node = nodes[author] as VirtualNode;
    if (newer.has(author) && uniform(later) < UNKNOWN_SHARE) {
      const kind = UNKNOWN_KIND_MIN + below(later, KIND_MAX - UNKNOWN_KIND_MIN + 1);
      const id = publish(node, kind, later, speech.bytes);
      if (id !== undefined) said(author, id, kind);
    } else {
      const id = node.say(`${number} `.padEnd(speech.bytes, "abcdefghij"));
      if (id !== undefined) said(author, id, kindNumber("text"));
    }
  };
  return {
    say,
    flood: (number, bytes) => {
      const author = flooderOf(scenario) ?? 0;
      const id = nodes[author]?.say(`flood ${number} `.padEnd(bytes, "abcdefghij"));
      if (id !== undefined) said(author, id, kindNumber("text"));
    },
  };
}

/** Undefined: nobody floods the room. */
export function flooderOf({ nodes, speech }: Scenario): number | undefined {
  return speech.flood === undefined ? undefined : Math.min(speech.authors ?? nodes, nodes - 1);
}

// --- internal ---

/** Of what a node of a later version says. */
const UNKNOWN_SHARE = 0.5;
/** Well above what this version knows. */
const UNKNOWN_KIND_MIN = 100;
const TARGET_SHARE = 0.5;

/** A message of a kind that this version does not know, about another one perhaps. */
function publish(node: VirtualNode, kind: number, later: Rng, bytes: number): MessageId | undefined {
  const about = uniform(later) < TARGET_SHARE ? sample(later, node.core().ids(), 1)[0] : undefined;
  const target = about === undefined ? {} : { target: about };
  const outcome = node.command({ type: "publish", kind, body: chanceBytes(later, bytes), ...target });
  return outcome?.isDone === true ? outcome.id : undefined;
}
