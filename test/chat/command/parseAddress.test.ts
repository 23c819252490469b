/** Addresses as people write them, without DNS wherever the address is literal. */
import { describe, expect, it } from "vitest";
import { parseAddress, resolveAddress } from "../../../src/chat/command/parseAddress.ts";
import { parseContact, parseTarget } from "../../../src/chat/command/target.ts";
import { encodeInvite } from "../../../src/crypto/invite.ts";
import { openRoom } from "../../../src/crypto/roomKeys.ts";

const forbidden = () => Promise.reject(new Error("a literal address must not be looked up"));

describe("an address", () => {
  it("of literal form is read in every spelling, with the usual port where none is given", async () => {
    const spellings = {
      "10.0.0.2": "10.0.0.2:62733",
      "10.0.0.2:7": "10.0.0.2:7",
      "::1": "[::1]:62733",
      "[::1]": "[::1]:62733",
      "[FE80:0::1]:80": "[fe80::1]:80",
      "2001:db8::5": "[2001:db8::5]:62733",
      "::ffff:10.0.0.2": "10.0.0.2:62733",
    };
    for (const [text, endpoint] of Object.entries(spellings)) {
      expect(await resolveAddress(text, forbidden), text).toEqual([endpoint]);
    }
  });

  it("that makes no sense is refused with what is wrong", () => {
    const reasons = {
      "10.0.0.2:0": "port",
      "10.0.0.2:65536": "port",
      "10.0.0.2:x": "port",
      "[::1]:x": "port",
      "host:": "port",
      "256.1.1.1": "ip",
      "10.0.0": "ip",
      "12345": "ip",
      "0.0.0.0": "ip",
      "224.0.0.1": "ip",
      "239.255.115.109:62733": "ip",
      "255.255.255.255": "ip",
      "ff02::1": "ip",
      "[ff15::f36d:706c]:5": "ip",
      "[10.0.0.2]:5": "ip",
      "[zz]:5": "ip",
      "a b": "form",
      "-x.org": "form",
      "": "form",
      "a:b:c": "form",
      "http://x/": "form",
    };
    for (const [text, reason] of Object.entries(reasons)) {
      expect(parseAddress(text), text).toEqual({ code: "bad-address", address: text, reason });
    }
  });

  it("of a host is looked up, and is unknown when nobody answers in time", async () => {
    const several = ["10.9.9.9", "fd00::1", "10.9.9.9", "no address"];
    expect(await resolveAddress("Example.org:5", async (host) => (host === "example.org" ? several : []))).toEqual([
      "10.9.9.9:5",
      "[fd00::1]:5",
    ]);
    expect(await resolveAddress("example.org", async () => [])).toMatchObject({ reason: "not-found" });
    expect(await resolveAddress("nowhere.invalid", () => Promise.reject(new Error("ENOTFOUND")))).toEqual({
      code: "unknown-host",
      host: "nowhere.invalid",
      reason: "not-found",
    });
    expect(await resolveAddress("slow.invalid", () => new Promise(() => {}), 20)).toMatchObject({ reason: "timeout" });
  });
});

describe("what /join is given", () => {
  it("is a room as a word or with #, an invite with its prefix, otherwise an address", () => {
    for (const room of ["#tea", "tea"]) expect(parseTarget(room)).toEqual({ type: "room", name: "tea" });
    expect(parseTarget("#a.b")).toEqual({ type: "room", name: "a.b" });
    expect(parseTarget("cafe\u0301")).toEqual({ type: "room", name: "caf\u00e9" });
    for (const word of ["#a b", "a b"]) expect(parseTarget(word)).toEqual({ code: "bad-room", name: "a b" });
    expect(parseTarget("tea!")).toEqual({ code: "bad-room", name: "tea!" });
    const invite = encodeInvite({ name: "tea", private: false, secret: openRoom("tea"), endpoints: [] });
    expect(parseTarget(invite)).toMatchObject({ type: "invite", invite: { name: "tea", private: false } });
    expect(parseTarget(`${invite}x`)).toEqual({ code: "bad-invite", reason: "mistyped" });
    for (const address of ["tea.example", "tea:7", "10.0.0.2", "[::1]", "::1"])
      expect(parseTarget(address)).toEqual({ type: "address", text: address });
    for (const bad of ["999.0.0.1", "anna@tea", "[", "tea:", "[fe80"])
      expect(parseTarget(bad), bad).toMatchObject({ code: "bad-address" });
  });

  it("is a host as a word where a room has a place of its own", () => {
    expect(parseContact("tea")).toEqual({ type: "address", text: "tea" });
    expect(parseContact("#tea")).toEqual({ type: "room", name: "tea" });
  });
});
