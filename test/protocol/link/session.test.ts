/** Sessions: bounded, and what was not used for longest goes. */
import { describe, expect, it } from "vitest";
import type { PairKeys } from "../../../src/crypto/linkKeys.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { createSessions } from "../../../src/protocol/link/session.ts";
import type { BootId, LinkKey } from "../../../src/wire/ids.ts";

const bootOf = (index: number): BootId => index.toString(16).padStart(16, "0") as BootId;

const PAIR: PairKeys = { send: new Uint8Array(32), receive: new Uint8Array(32) };
const agreed: unknown[] = [];
const agree = (boot: BootId, linkKey: LinkKey): PairKeys => {
  agreed.push([boot, linkKey]);
  return PAIR;
};

describe("the table of sessions", () => {
  it("gives the same session for the same boot, with the keys of its link once its link key is known", () => {
    const sessions = createSessions(agree);
    const session = sessions.open(bootOf(1));
    expect(sessions.open(bootOf(1))).toBe(session);
    expect(sessions.get(bootOf(1))).toBe(session);
    expect(session.pair()).toBeUndefined();
    session.linkKey = "0c".repeat(32) as LinkKey;
    expect(session.pair()).toBe(PAIR);
    expect(session.pair()).toBe(PAIR);
    expect(agreed, "an agreement costs something").toEqual([[bootOf(1), "0c".repeat(32)]]);
    expect(session).toMatchObject({ proven: false, standing: "guessed", peer: undefined, endpoint: undefined });
    expect(sessions.get(bootOf(2))).toBeUndefined();
  });

  it("is full at its bound, and lets the least recently used one go", () => {
    const sessions = createSessions(agree);
    for (let index = 0; index < limits.sessions; index += 1) sessions.open(bootOf(index));
    sessions.open(bootOf(0));
    sessions.open(bootOf(limits.sessions));
    expect(sessions.size()).toBe(limits.sessions);
    expect(sessions.get(bootOf(0))).toBeDefined();
    expect(sessions.get(bootOf(1))).toBeUndefined();
    expect(sessions.get(bootOf(2))).toBeDefined();
  });

  it("starts a forgotten boot over: it must prove itself again", () => {
    const sessions = createSessions(agree);
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
