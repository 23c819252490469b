/**
 * Decides who says what in a run: anyone who is awake, or a few in turn. A node of a later version says things that this
 * version does not know.
 */
import { below, type Rng, sample, seededRng, uniform } from "../../protocol/rng.ts";
import { encodeBody } from "../../wire/bodies/body.ts";
import { DELETE_KIND, kindNumber } from "../../wire/bodies/kinds.ts";
import { KIND_MAX } from "../../wire/envelope.ts";
import type { MessageId } from "../../wire/ids.ts";
import type { VirtualNode } from "../world/node.ts";
import type { Scenario } from "./scenario.ts";
import { chanceBytes, type Stage } from "./stage.ts";
import { entry } from "./words.ts";

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
  /** BOUNDED: by the messages of a run. What each node has said and not deleted. */
  const own = new Map<number, MessageId[]>();
  const deleting = seededRng(seed ^ 0xde1e7e);
  const noteSaid = (author: number, id: MessageId, kind: number): void => {
    if (scenario.deletes > 0) entry(own, author, () => []).push(id);
    said(author, id, kind);
  };
  /** Somebody who is awake takes something back. */
  const deleteSome = (): void => {
    if (scenario.deletes === 0 || uniform(deleting) >= scenario.deletes) return;
    const awake = [...own].filter(([index, ids]) => ids.length > 0 && nodes[index]?.isAwake() === true);
    const [author, ids] = awake[below(deleting, Math.max(awake.length, 1))] ?? [];
    if (author === undefined || ids === undefined) return;
    const [target] = ids.splice(below(deleting, ids.length), 1) as [MessageId];
    const body = encodeBody("text", `n${author}`, "").body;
    const outcome = (nodes[author] as VirtualNode).command({ type: "publish", kind: DELETE_KIND, body, target });
    if (outcome?.isDone === true && outcome.id !== undefined) said(author, outcome.id, DELETE_KIND);
  };
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
      if (id !== undefined) noteSaid(author, id, kind);
    } else {
      const id = node.say(`${number} `.padEnd(speech.bytes, "abcdefghij"));
      if (id !== undefined) noteSaid(author, id, kindNumber("text"));
    }
    deleteSome();
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
