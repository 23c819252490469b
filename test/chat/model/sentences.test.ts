// What people read of being found, of a network on which nobody can be, and of having been away.

import { describe, expect, it } from "vitest";
import { errorText, noticeText, sentenceFor } from "../../../src/chat/model/sentences.ts";
import type { Notice } from "../../../src/protocol/events.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { fakePeer } from "../../suites/fakeRoom.ts";

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

describe("history that is complete", () => {
  it.each([
    [0, "history is complete, the same as bob's: 0 messages fetched"],
    [1, "history is complete, the same as bob's: 1 message fetched"],
    [200, "history is complete, the same as bob's: 200 messages fetched"],
  ])("is told with whose it equals and what came (%i)", (messages, text) => {
    expect(noticeText({ code: "history-synced", messages, peer: fakePeer("bob", 7) }, "tea")).toBe(text);
  });

  it("is no news to people where nothing came", () => {
    const told = (messages: number) => {
      const notice: Notice = { code: "history-synced", messages, peer: fakePeer("bob", 7) };
      return sentenceFor({ type: "chat", event: { type: "notice", notice } }, "tea");
    };
    expect([told(0), told(1)?.tone]).toEqual([undefined, "info"]);
  });
});

describe("someone with another version of the wire", () => {
  const told = (isNewer: boolean): string =>
    noticeText({ code: "other-version", endpoint: "10.0.0.7:62733" as Endpoint, isNewer }, "tea");

  it("is told with which of the two has to be updated", () => {
    expect(told(true)).toBe("10.0.0.7:62733 runs a newer smplchat: update this one to talk with it");
    expect(told(false)).toBe("10.0.0.7:62733 runs an older smplchat: it has to be updated to talk with this one");
  });
});

describe("a network on which nobody is found", () => {
  it.each([
    ["sending", "EPERM", "this system lets no multicast out (EPERM)"],
    ["receiving", undefined, "no multicast comes in; is UDP 62732 open?"],
    ["port", "EADDRINUSE", "UDP port 62732 is not available (EADDRINUSE)"],
  ] as const)("for %s is told in one line, with what works instead", (reason, detail, why) => {
    const blocked = { code: "discovery-blocked", reason, port: 62732, ...(detail && { detail }) } as const;
    const text = noticeText(blocked, "tea");
    expect(text).toBe(`others on this network cannot be found automatically: ${why}; /join ADDRESS still works`);
  });
});

describe("having been away", () => {
  const MINUTE = 60_000;
  const back = (more: object): string => {
    const plain = { goneMs: 41 * MINUTE, messages: 14, peers: 3, missing: 0, answered: 8, complete: true } as const;
    return noticeText({ code: "back", ...plain, ...more }, "tea");
  };

  it("is told with what it came to", () => {
    expect(back({})).toBe("back after 41 min: 14 new from 3 peers, 0 missing");
    expect(back({ messages: 0, peers: 1 })).toBe("back after 41 min: 0 new from 1 peer, 0 missing");
    expect(back({ missing: 2 })).toBe("back after 41 min: 14 new from 3 peers, 2 missing");
  });

  it("never claims more than is known", () => {
    expect(back({ messages: 0, peers: 0, answered: 0 })).toBe("back after 41 min: nobody answers yet");
    expect(back({ complete: false, missing: 6 })).toBe(
      "back after 41 min: 14 new from 3 peers, at least 6 still missing",
    );
    expect(back({ complete: false })).toBe("back after 41 min: 14 new from 3 peers, not all compared yet");
  });

  it("says where this host is now, if that is somewhere else", () => {
    const movedTo = "10.0.0.9:62733" as Endpoint;
    expect(back({ movedTo })).toBe("back after 41 min at 10.0.0.9: 14 new from 3 peers, 0 missing");
    expect(back({ movedTo, goneMs: 0 })).toBe("now at 10.0.0.9: 14 new from 3 peers, 0 missing");
    expect(back({ movedTo: "10.0.0.9:7" as Endpoint, goneMs: 0 })).toMatch(/^now at 10.0.0.9:7: /);
  });

  it("without a network, or without what was remembered, is told as well", () => {
    expect(noticeText({ code: "offline" }, "tea")).toBe(
      "no network: nobody beyond this host can be reached until it is back",
    );
    const path = "/home/anna/addresses";
    expect(noticeText({ code: "addresses-damaged", path }, "tea")).toBe(
      "the addresses remembered in /home/anna/addresses cannot be read: the list begins anew",
    );
    expect(noticeText({ code: "addresses-damaged", path, reason: "EACCES" }, "tea")).toContain("(permission denied)");
    expect(errorText({ code: "addresses-unwritable", path, reason: "ENOSPC" })).toBe(
      "the addresses of peers cannot be saved in /home/anna/addresses: the disk is full",
    );
  });

  it("without the history is told with where it is, and what becomes of what is said", () => {
    expect(noticeText({ code: "history-damaged", path: "/home/anna/history-damaged-1" }, "tea")).toBe(
      "the stored messages are damaged: they are kept aside in /home/anna/history-damaged-1, and fetched from peers again",
    );
    expect(errorText({ code: "history-unusable", path: "/home/anna/history", reason: "EROFS" })).toBe(
      "messages are not kept on disk, as /home/anna/history cannot be used (the file system is read-only): " +
        "they are in memory only, and gone when this program ends",
    );
  });
});
