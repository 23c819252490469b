/**
 * Plumtree (Leitão, Pereira, Rodrigues, "Epidemic Broadcast Trees", 2007). The body goes along the links of a tree, its id
 * along the other links. A node that hears of an id and gets no body grafts that link. Here it runs over datagrams that
 * may be lost.
 */
import type { Millis } from "../../protocol/time.ts";
import { type Model, randomOverlay } from "./model.ts";

/** HyParView's active view at N = 10,000 in the paper: fanout 4 + 1. */
const NEIGHBOURS = 5;
/** Until a body that was announced counts as lost, and then between one announcer and the next: the defaults of iroh-gossip. */
const GRAFT_FIRST_MS: Millis = 80;
const GRAFT_NEXT_MS: Millis = 40;

export const plumtree: Model = {
  name: "Plumtree",
  about: "active view of 5, graft after 80 ms, then every 40 ms (iroh-gossip)",
  create: (world) => {
    const eager = randomOverlay(world, NEIGHBOURS);
    const lazy = Array.from({ length: world.nodes }, () => new Set<number>());
    /** Announcers not yet asked, by node and message. */
    const missing = new Map<string, number[]>();
    const toLazy = (node: number, peer: number): void => {
      if (eager[node]?.delete(peer)) lazy[node]?.add(peer);
    };
    const toEager = (node: number, peer: number): void => {
      lazy[node]?.delete(peer);
      eager[node]?.add(peer);
    };
    const push = (node: number, message: number, from: number): void => {
      for (const to of eager[node] ?? []) if (to !== from) world.send(node, to, { kind: "body", message, body: true });
      for (const to of lazy[node] ?? []) if (to !== from) world.send(node, to, { kind: "ihave", message, body: false });
    };
    const graft = (node: number, message: number): void => {
      const key = `${node} ${message}`;
      const announcer = missing.get(key)?.shift();
      if (world.has(node, message) || announcer === undefined) {
        missing.delete(key);
        return;
      }
      toEager(node, announcer);
      world.send(node, announcer, { kind: "graft", message, body: false });
      world.after(GRAFT_NEXT_MS, () => graft(node, message));
    };
    const announced = (node: number, message: number, from: number): void => {
      if (world.has(node, message)) return;
      const key = `${node} ${message}`;
      const waiting = missing.get(key);
      if (waiting !== undefined) waiting.push(from);
      else {
        missing.set(key, [from]);
        world.after(GRAFT_FIRST_MS, () => graft(node, message));
      }
    };
    return {
      say: (author, message) => push(author, message, author),
      receive: (node, from, { kind, message }) => {
        switch (kind) {
          case "body":
            if (world.sees(node, message)) {
              toEager(node, from);
              push(node, message, from);
            } else {
              toLazy(node, from);
              world.send(node, from, { kind: "prune", message, body: false });
            }
            return;
          case "prune":
            return toLazy(node, from);
          case "ihave":
            return announced(node, message, from);
          default:
            toEager(node, from);
            if (world.has(node, message)) world.send(node, from, { kind: "body", message, body: true });
        }
      },
    };
  },
};
