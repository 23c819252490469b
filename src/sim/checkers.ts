/** What must hold after every run (the invariants of ARCHITECTURE.md), checked from outside: by what nodes emit and hold. */
import type { ChatEvent, MessageId } from "../protocol/types.ts";
import type { NetworkCounts } from "./network.ts";
import type { VirtualNode } from "./node.ts";

export type Checkers = {
  readonly started: (node: number) => void;
  readonly onEvent: (node: number, event: ChatEvent) => void;
  readonly onThrow: (node: number, error: unknown) => void;
  /** After the run: every invariant that was broken, in words. */
  readonly verdict: (
    nodes: readonly VirtualNode[],
    mustExist: ReadonlySet<MessageId>,
    counts: NetworkCounts,
  ) => string[];
};

/** BOUNDED: complaints kept; one is enough to fail. */
const COMPLAINTS_MAX = 20;

export function createCheckers(): Checkers {
  const complaints: string[] = [];
  const complain = (text: string): void => {
    if (complaints.length < COMPLAINTS_MAX) complaints.push(text);
  };
  /** Per node, since its last start. */
  const shown = new Map<number, Set<MessageId>>();
  const stored = new Map<number, Set<MessageId>>();
  const parentsOf = new Map<MessageId, readonly MessageId[]>();
  /** Answers shown before their question, per node: a breach if the question came after all. */
  const early = new Map<number, Map<MessageId, MessageId>>();

  const show = (node: number, id: MessageId, parents: readonly MessageId[]): void => {
    const seen = shown.get(node) ?? new Set();
    shown.set(node, seen);
    if (seen.has(id)) complain(`I4: n${node} showed ${short(id)} twice`);
    seen.add(id);
    parentsOf.set(id, parents);
    const waiting = early.get(node) ?? new Map();
    early.set(node, waiting);
    for (const parent of parents) if (!seen.has(parent)) waiting.set(parent, id);
    const answer = waiting.get(id);
    if (answer !== undefined)
      complain(`I3: n${node} showed ${short(answer)} before ${short(id)}, which its author had seen`);
  };

  return {
    started: (node) => {
      shown.delete(node);
      stored.delete(node);
      early.delete(node);
    },
    onEvent: (node, event) => {
      if (event.type === "message") show(node, event.message.id, event.message.parents);
      if (event.type !== "stored") return;
      const kept = stored.get(node) ?? new Set();
      stored.set(node, kept);
      if (kept.has(event.message.id)) complain(`I4: n${node} stored ${short(event.message.id)} twice`);
      kept.add(event.message.id);
    },
    onThrow: (node, error) => complain(`I9: n${node} threw ${(error as Error).stack ?? error}`),
    verdict: (nodes, mustExist, counts) => {
      if (counts.oversize > 0) complain(`I6: ${counts.oversize} datagrams above 1200 bytes`);
      const live = nodes.flatMap((node, index) => (node.isUp() ? [{ node, index }] : []));
      const logs = live.map(({ node, index }) => ({
        index,
        ids: node
          .core()
          .log()
          .map((message) => message.id),
      }));
      const everywhere = new Set(logs.flatMap((log) => log.ids));
      for (const id of mustExist) if (!everywhere.has(id)) complain(`I1: ${short(id)} is lost on all nodes`);
      for (const { index, ids } of logs) {
        if (ids.length < everywhere.size) complain(`I1: n${index} holds ${ids.length} of ${everywhere.size} messages`);
        if (ids.some((id, at) => at > 0 && id <= (ids[at - 1] as MessageId)))
          complain(`I1: the log of n${index} is out of order`);
        const seen = shown.get(index)?.size ?? 0;
        if (seen < ids.length) complain(`I1: n${index} showed ${seen} of its ${ids.length} messages`);
      }
      for (const { node, index } of live) {
        for (const [table, { size, bound }] of Object.entries(node.core().tables())) {
          if (size > bound) complain(`I6: table ${table} of n${index} has ${size} rows of ${bound}`);
        }
      }
      return complaints;
    },
  };
}

// --- internal ---

function short(id: MessageId): string {
  return id.slice(0, 20);
}
