/** Typed lines: what is said, what is a command, and what is refused rather than sent. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commandNamed, commandNames, commandTable } from "../../../src/chat/command/commands.ts";
import { nearest } from "../../../src/chat/command/nearest.ts";
import { parseLine } from "../../../src/chat/command/parse.ts";

const refusalOf = (line: string) => {
  const parsed = parseLine(line);
  return parsed.type === "refusal" ? parsed.refusal : undefined;
};

describe("a typed line", () => {
  it("is said as it is when it does not start with a slash", () => {
    expect(parseLine("hi  there ")).toEqual({ type: "say", text: "hi  there " });
    expect(parseLine("1/2 and/or")).toEqual({ type: "say", text: "1/2 and/or" });
    expect(parseLine("two\nlines /quit")).toEqual({ type: "say", text: "two\nlines /quit" });
    expect(parseLine("  ")).toEqual({ type: "nothing" });
  });

  it("is a command in any case and under every alias", () => {
    for (const spec of commandTable) {
      for (const name of [spec.name, ...spec.aliases, spec.name.toUpperCase()]) expect(commandNamed(name)).toBe(spec);
    }
    expect(parseLine("/J 10.0.0.2")).toEqual({ type: "command", command: { name: "join", args: ["10.0.0.2"] } });
    expect(parseLine("/Me  waves  twice")).toEqual({
      type: "command",
      command: { name: "me", args: [" waves  twice"] },
    });
    expect(parseLine("/set gossip_fanout 5")).toEqual({
      type: "command",
      command: { name: "set", args: ["gossip_fanout", "5"] },
    });
    expect(parseLine("/say /quit")).toEqual({ type: "command", command: { name: "say", args: ["/quit"] } });
  });

  it("with an unknown command is refused with the nearest known one", () => {
    expect(refusalOf("/jion x")).toMatchObject({ code: "unknown-command", command: "/jion", nearest: "/join" });
    expect(refusalOf("/exti")).toMatchObject({ nearest: "/exit" });
    expect(refusalOf("/he")).toMatchObject({ nearest: "/help" });
    expect(refusalOf("/msg bob hi")).toMatchObject({ code: "unknown-command", command: "/msg" });
    for (const line of ["/", "//join x", "/usr/bin/env", "/ join x"])
      expect(refusalOf(line)?.code).toBe("unknown-command");
  });

  it("with wrong arguments is refused with what it takes", () => {
    expect(refusalOf("/join")).toMatchObject({ code: "bad-argument", command: "join", reason: "missing" });
    expect(refusalOf("/join a b")).toMatchObject({ reason: "too-many" });
    expect(refusalOf("/peers all")).toMatchObject({ command: "peers", usage: "", reason: "too-many" });
    expect(refusalOf("/me ")).toMatchObject({ command: "me", reason: "missing" });
  });

  it("with blanks before a slash is asked about", () => {
    expect(refusalOf("  /quit now")).toEqual({ code: "ask-slash", line: "/quit now" });
    expect(refusalOf("\t/x")).toEqual({ code: "ask-slash", line: "/x" });
    expect(refusalOf("\n/x")).toEqual({ code: "ask-slash", line: "/x" });
  });

  it("is never sent as chat when its first visible character is a slash", () => {
    fc.assert(fc.property(fc.string(), (rest) => parseLine(`/${rest}`).type !== "say"));
    fc.assert(fc.property(fc.string(), (rest) => parseLine(`  /${rest}`).type === "refusal"));
  });
});

describe("the nearest word", () => {
  it("is the word itself when it is known", () => {
    for (const name of commandNames) expect(nearest(name, commandNames)).toBe(name);
    expect(nearest("x".repeat(100_000), commandNames)).toBeDefined();
    expect(nearest("anything", [])).toBeUndefined();
  });
});
