/** A statement says which program its node runs, and what a later version adds to one goes from member to member as it was signed. */

import { describe, expect, it } from "vitest";
import { readStatement } from "../../../src/crypto/signed.ts";
import { defaultConfig } from "../../../src/protocol/config.ts";
import { type CoreOptions, createCore } from "../../../src/protocol/core.ts";
import { startOf } from "../../../src/sim/world/linkKeys.ts";
import { WIRE_VERSION } from "../../../src/wire/datagram.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { programOf, type StatementContent, WIRES_EXTENSION } from "../../../src/wire/statement.ts";
import { bootFrom, createWorld, identityOf, ROOM, transmits, WALL } from "../fixtures.ts";
import { createPuppet, type Puppet } from "../puppet.ts";

/** The statement with which a node of this program knocks, and the one after it has taken another nick. */
function statementsOf(program?: string): (StatementContent | undefined)[] {
  const world = createWorld();
  const puppet = createPuppet(world, "bob");
  const options: CoreOptions = {
    identity: identityOf("alice"),
    room: ROOM,
    nick: "alice",
    start: startOf(bootFrom(world.rng)),
    config: defaultConfig,
    rng: world.rng,
    now: { mono: 0, wall: WALL },
  };
  const core = createCore(program === undefined ? options : { ...options, program });
  const knock = (to: Endpoint): StatementContent | undefined => {
    const effects = core.handle({ type: "command", command: { type: "join", endpoints: [to] } }, options.now);
    const frames = transmits(effects).flatMap(({ bytes }) => puppet.opened(bytes)?.frames ?? []);
    return frames.flatMap((frame) => (frame.type === "statement" ? [readStatement(frame.bytes)?.content] : []))[0];
  };
  const first = knock("10.0.1.200:62733" as Endpoint);
  core.handle({ type: "command", command: { type: "rename", nick: "alicia" } }, options.now);
  return [first, knock("10.0.1.201:62733" as Endpoint)];
}

describe("the own statement", () => {
  it("says the version of the program and the wire that it speaks, whatever else changes", () => {
    const [first, second] = statementsOf("1.22.3");
    expect([first?.nick, second?.nick]).toEqual(["alice", "alicia"]);
    for (const content of [first, second]) {
      expect(content && programOf(content)).toBe("1.22.3");
      expect(content?.extensions.get(WIRES_EXTENSION)).toEqual(Uint8Array.of(WIRE_VERSION));
    }
  });

  it("says nothing of a program that is not given", () => {
    for (const content of statementsOf()) expect(content?.extensions.size).toBe(0);
  });
});

describe("a statement with what a later version adds", () => {
  const extensions = new Map([
    [3, Uint8Array.of(1, 2, 3)],
    [9_000, new Uint8Array(200).fill(7)],
  ]);

  it("comes to members who were not told it, byte for byte as its author signed it", () => {
    const world = createWorld();
    const node = world.node("alice");
    const [later, ear] = [createPuppet(world, "later", 200), createPuppet(world, "ear", 201)] as [Puppet, Puppet];
    for (const puppet of [later, ear]) puppet.prove(node);
    const heard: Buffer[] = [];
    world.listen(ear.endpoint, (bytes) => {
      for (const frame of ear.opened(bytes)?.frames ?? [])
        if (frame.type === "statement") heard.push(Buffer.from(frame.bytes));
    });
    const said = later.statement({ extensions, incarnation: WALL + 1 });
    later.tell(node, [said]);
    world.until("it to be passed on", () => heard.some((bytes) => bytes.equals(said.bytes)), 10_000);
    expect(readStatement(said.bytes)?.content.extensions).toEqual(extensions);
    expect(node.core.stats().dropped["bad-statement"]).toBeUndefined();
  });
});
