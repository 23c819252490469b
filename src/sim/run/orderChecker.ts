/** Checks by the events of nodes that each message is told once (I4) and in causal order (I3). */
import type { ChatEvent } from "../../protocol/events.ts";
import type { MessageId } from "../../wire/ids.ts";
import { type Complain, entry, short } from "./words.ts";

export type OrderChecker = {
  /** What it keeps of an earlier start was shown then. */
  readonly started: (node: number, kept: readonly MessageId[]) => void;
  readonly onEvent: (node: number, event: ChatEvent) => void;
  /** Since its last start, or in an earlier one. */
  readonly isShown: (node: number, id: MessageId) => boolean;
  /** All that was shown since the last start of each node. */
  readonly shown: () => Iterable<readonly [node: number, id: MessageId]>;
};

type Shown = {
  /** Kept of an earlier start. */
  readonly before: ReadonlySet<MessageId>;
  /** Told of, and whether in causal order at once. */
  readonly told: Map<MessageId, boolean>;
  /** In causal order. */
  readonly ordered: Set<MessageId>;
  /** Answers that came before a question of theirs: a breach if the question comes after all. */
  readonly early: Map<MessageId, MessageId>;
};

export function createOrderChecker(complain: Complain): OrderChecker {
  /** Since the last start of each node. */
  const nodes = new Map<number, Shown>();
  const parentsOf = new Map<MessageId, readonly MessageId[]>();
  const of = (node: number): Shown => entry(nodes, node, () => nothingShown([]));

  const show = (node: number, shown: Shown, id: MessageId): void => {
    shown.ordered.add(id);
    for (const parent of parentsOf.get(id) ?? [])
      if (!shown.ordered.has(parent) && !shown.before.has(parent)) shown.early.set(parent, id);
    const answer = shown.early.get(id);
    if (answer !== undefined)
      complain(`I3: n${node} showed ${short(answer)} before ${short(id)}, which its author had seen`);
  };
  const tell = (node: number, { message, isInOrder }: ChatEvent & { type: "message" }): void => {
    const shown = of(node);
    const { id, parents } = message;
    if (shown.told.has(id)) complain(`I4: n${node} told of ${short(id)} twice`);
    if (shown.before.has(id)) complain(`I4: n${node} told of ${short(id)}, which it had from an earlier start`);
    shown.told.set(id, isInOrder);
    parentsOf.set(id, parents);
    if (isInOrder) show(node, shown, id);
  };
  const order = (node: number, ids: readonly MessageId[]): void => {
    const shown = of(node);
    for (const id of ids) {
      const wasInOrder = shown.told.get(id);
      if (wasInOrder === undefined) complain(`I4: n${node} ordered ${short(id)}, of which it never told`);
      else if (wasInOrder || shown.ordered.has(id)) complain(`I4: n${node} ordered ${short(id)} twice`);
      show(node, shown, id);
    }
  };

  return {
    started: (node, kept) => nodes.set(node, nothingShown(kept)),
    onEvent: (node, event) => {
      if (event.type === "message") tell(node, event);
      if (event.type === "ordered") order(node, event.ids);
    },
    isShown: (node, id) => of(node).ordered.has(id) || of(node).before.has(id),
    shown: function* () {
      for (const [node, { told }] of nodes) for (const id of told.keys()) yield [node, id] as const;
    },
  };
}

// --- internal ---

function nothingShown(before: readonly MessageId[]): Shown {
  return { before: new Set(before), told: new Map(), ordered: new Set(), early: new Map() };
}
