/** Each message once, and an answer never before its question: each breach of it in front of the checker. */
import { describe, expect, test } from "vitest";
import type { Message } from "../../../src/protocol/views.ts";
import { createOrderChecker } from "../../../src/sim/run/orderChecker.ts";
import { said } from "./checkerRig.ts";

const question = said(1);
const answer = said(2, { parents: [question.id] });
const other = said(3);

function watch() {
  const complaints: string[] = [];
  const checker = createOrderChecker((text) => complaints.push(text));
  const tell = (message: Message, isInOrder = true): void =>
    checker.onEvent(0, { type: "message", message, isInOrder });
  const order = (...messages: readonly Message[]): void =>
    checker.onEvent(0, { type: "ordered", ids: messages.map(({ id }) => id) });
  return { checker, complaints, tell, order };
}

describe("no complaint", () => {
  test("about answers that wait for their question, whatever comes between", () => {
    const { complaints, checker, tell, order } = watch();
    tell(answer, false);
    tell(other);
    expect(checker.isShown(0, answer.id)).toBe(false);
    tell(question);
    order(answer);
    expect(complaints).toEqual([]);
    expect([question, answer, other].every(({ id }) => checker.isShown(0, id))).toBe(true);
  });

  test("about a question that was there before the start, and about one that never comes", () => {
    const { complaints, checker, tell } = watch();
    checker.started(0, [question.id]);
    tell(answer);
    tell(said(5, { parents: [said(4).id] }));
    expect(complaints).toEqual([]);
    expect(checker.isShown(0, question.id)).toBe(true);
  });

  test("about a message that is told of again after a crash that lost it", () => {
    const { complaints, checker, tell } = watch();
    tell(other);
    checker.started(0, []);
    tell(other);
    expect(complaints).toEqual([]);
  });
});

describe("I3", () => {
  test("an answer shown before its question", () => {
    const { complaints, tell } = watch();
    tell(answer);
    tell(question);
    expect(complaints).toEqual([expect.stringMatching(/^I3: n0 showed .* before /)]);
  });

  test("an answer ordered before its question is", () => {
    const { complaints, tell, order } = watch();
    tell(question, false);
    tell(answer, false);
    order(answer, question);
    expect(complaints).toEqual([expect.stringMatching(/^I3: n0 showed .* before /)]);
  });
});

describe("I4", () => {
  test("a message told of twice", () => {
    const { complaints, tell } = watch();
    tell(other);
    tell(other);
    expect(complaints).toEqual([expect.stringMatching(/^I4: n0 told of .* twice$/)]);
  });

  test("a message told of that was there before the start", () => {
    const { complaints, checker, tell } = watch();
    checker.started(0, [other.id]);
    tell(other);
    expect(complaints).toEqual([expect.stringMatching(/^I4: n0 told of .* from an earlier start$/)]);
  });

  test("a message ordered of which nothing was told", () => {
    const { complaints, order } = watch();
    order(other);
    expect(complaints).toEqual([expect.stringMatching(/^I4: n0 ordered .* of which it never told$/)]);
  });

  test("a message ordered that was in order at once, or was ordered before", () => {
    const { complaints, tell, order } = watch();
    tell(other);
    order(other);
    tell(question, false);
    order(question);
    order(question);
    const twice = expect.stringMatching(/^I4: n0 ordered .* twice$/);
    expect(complaints).toEqual([twice, twice]);
  });
});
