/** What one member says of where a node is seen is not told to the room. */
import { expect, it } from "vitest";
import { readStatement } from "../../../src/crypto/signed.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import { createWorld, gather, names, type TestNode, WALL } from "../fixtures.ts";
import { answering } from "../puppet.ts";

const victim = "198.51.100.9:53" as Endpoint;
const observed = (endpoint: Endpoint): Frame => ({ type: "observed", endpoint, wall: WALL });

it.each([2, 3, 8])("nobody of a room of %i looks for a node where one member alone says that it is", (count) => {
  const world = createWorld();
  const nodes = gather(world, names(count));
  const [target] = nodes as [TestNode];
  const mallory = answering(world, "mallory", 200);
  for (const node of nodes) mallory.prove(node);
  const sent: Endpoint[] = [];
  world.onSend = ({ to }) => void (to === victim && sent.push(to));
  for (let time = 0; time < 60; time += 1) {
    mallory.tell(target, [observed(victim)]);
    mallory.tell(target, [observed(`198.51.100.9:${1_000 + time}` as Endpoint)]);
    world.run(500);
  }
  const listed = mallory
    .tell(target, [{ type: "ping" }], { isOpen: true })
    .flatMap(({ frames }) => frames)
    .flatMap((frame) => (frame.type === "statement" ? [readStatement(frame.bytes)?.content] : []))
    .find((content) => content?.peer === target.identity.id);
  if (count > 2) expect(listed?.endpoints).toEqual([target.endpoint]);
  expect(listed?.endpoints.some((endpoint) => endpoint.startsWith("198."))).toBe(false);
  target.crash();
  world.run(20_000);
  expect(sent).toEqual([]);
});
