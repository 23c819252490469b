/** Sessions: bounded, and what was not used for longest goes. */
import { describe, expect, it } from "vitest";
import { bootKey } from "../../../src/crypto/roomKeys.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { createSessions } from "../../../src/protocol/link/session.ts";
import type { BootId } from "../../../src/wire/ids.ts";
import { roomKeys } from "../fixtures.ts";

const bootOf = (index: number): BootId => index.toString(16).padStart(16, "0") as BootId;

describe("the table of sessions", () => {
  it("gives the same session for the same boot, with the key of that boot", () => {
    const sessions = createSessions(roomKeys);
    const session = sessions.open(bootOf(1));
    expect(sessions.open(bootOf(1))).toBe(session);
    expect(sessions.get(bootOf(1))).toBe(session);
    expect(session.key()).toEqual(bootKey(roomKeys, bootOf(1)));
    expect(session).toMatchObject({ proven: false, standing: "guessed", peer: undefined, endpoint: undefined });
    expect(sessions.get(bootOf(2))).toBeUndefined();
  });

  it("is full at its bound, and lets the least recently used one go", () => {
    const sessions = createSessions(roomKeys);
    for (let index = 0; index < limits.sessions; index += 1) sessions.open(bootOf(index));
    sessions.open(bootOf(0));
    sessions.open(bootOf(limits.sessions));
    expect(sessions.size()).toBe(limits.sessions);
    expect(sessions.get(bootOf(0))).toBeDefined();
    expect(sessions.get(bootOf(1))).toBeUndefined();
    expect(sessions.get(bootOf(2))).toBeDefined();
  });

  it("starts a forgotten boot over: it must prove itself again", () => {
    const sessions = createSessions(roomKeys);
    const before = sessions.open(bootOf(1));
    before.proven = true;
    before.window.accept(5);
    sessions.forget(bootOf(1));
    const after = sessions.open(bootOf(1));
    expect(after).not.toBe(before);
    expect(after.proven).toBe(false);
    expect([...sessions.all()]).toEqual([after]);
  });
});
