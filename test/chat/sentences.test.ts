// What people read of being found, and of a network on which nobody can be.
import { describe, expect, it } from "vitest";
import { noticeText } from "../../src/chat/sentences.ts";
import type { Endpoint, Notice } from "../../src/protocol/types.ts";
import { fakePeer } from "../suites/fakeNode.ts";

describe("someone who was found", () => {
  it.each([
    ["192.168.1.7:62733", "found bob (192.168.1.7)"],
    ["192.168.1.7:62734", "found bob (192.168.1.7:62734)"],
    ["[fd00::7]:62733", "found bob (fd00::7)"],
    ["[fe80::7%eth0]:62733", "found bob (fe80::7%eth0)"],
    ["[fd00::7]:7", "found bob ([fd00::7]:7)"],
  ])("at %s is told with the address, and the port unless it is the usual one", (endpoint, text) => {
    const notice: Notice = { code: "joined", peer: fakePeer("bob", 7), endpoint: endpoint as Endpoint };
    expect(noticeText(notice, "tea")).toBe(text);
  });
});

describe("a network on which nobody is found", () => {
  it.each([
    ["sending", "EPERM", "this system lets no multicast out (EPERM)"],
    ["receiving", undefined, "no multicast comes in; is UDP 62732 open?"],
    ["port", "EADDRINUSE", "UDP port 62732 is not to be had (EADDRINUSE)"],
  ] as const)("for %s is told in one line, with what works instead", (reason, detail, why) => {
    const blocked = { code: "discovery-blocked", reason, port: 62732, ...(detail && { detail }) } as const;
    const text = noticeText(blocked, "tea");
    expect(text).toBe(`others on this network cannot be found by themselves: ${why}; /join ADDRESS works all the same`);
  });
});
