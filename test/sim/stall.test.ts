/** A node that stood still: what waits in its socket is read before anything counts as lost. */

import { expect, it } from "vitest";
import { defaultConfig } from "../../src/protocol/config.ts";
import { seededRng } from "../../src/protocol/rng.ts";
import { createAgenda } from "../../src/sim/world/agenda.ts";
import { createNetwork } from "../../src/sim/world/network.ts";
import { createVirtualNode, type NodeWorld } from "../../src/sim/world/node.ts";
import { privateRoom } from "../suites/said.ts";

it("after a stall repeats nothing that was acknowledged in the meantime", () => {
  const agenda = createAgenda();
  const rng = seededRng(1);
  const calm = { delayMs: [10, 50], loss: 0, duplicate: 0, reorder: 0, junk: 0, regions: {} } as const;
  const fail = (error: unknown): never => {
    throw error;
  };
  const world: NodeWorld = {
    agenda,
    rng,
    network: createNetwork(calm, agenda, rng),
    config: defaultConfig,
    room: privateRoom(1),
    onEvent: () => {},
    onThrow: (_, error) => fail(error),
  };
  const nodes = Array.from({ length: 4 }, (_, index) => createVirtualNode(index, world));
  const [author] = nodes;
  if (author === undefined) return fail(new Error("no author"));
  for (const node of nodes) node.start(node === author ? [] : [author.endpoint]);
  agenda.runUntil(5_000);
  for (let said = 0; said < 20; said += 1) author.say(`${said}`);
  author.host.stall(3_000);
  agenda.runUntil(9_000);
  expect(author.core().stats()).toMatchObject({ retries: 0, payloadsOut: 60 });
  for (const node of nodes) expect(node.core().ids()).toHaveLength(20);
});
