/** `/join` in every form that people give it: one clear line each, and nobody is asked for a room's name. */
import { expect, it } from "vitest";
import type { SessionEvent } from "../../../src/chat/model/events.ts";
import { sentenceFor } from "../../../src/chat/model/sentences.ts";
import type { Session } from "../../../src/chat/session/session.ts";
import { encodeInvite } from "../../../src/crypto/invite.ts";
import { newPrivateRoom, openRoom } from "../../../src/crypto/roomKeys.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { createFaceRig } from "../../suites/faceRig.ts";
import type { FakeHub } from "../../suites/fakeHub.ts";

type Setup = { session: Session; hub: FakeHub; lines: () => string[]; asked: string[] };

async function setUp(): Promise<Setup> {
  const asked: string[] = [];
  const { session, hub } = await createFaceRig({
    lookup: async (host) => {
      asked.push(host);
      if (host === "known.example") return ["10.0.0.9"];
      throw new Error("ENOTFOUND");
    },
  });
  const events: SessionEvent[] = [];
  session.subscribe((event) => events.push(event));
  await Promise.resolve();
  events.length = 0;
  const lines = () => {
    const told = events.splice(0).map((event) => sentenceFor(event, session.room().choice.name));
    return told.flatMap((sentence) => (sentence === undefined ? [] : [sentence.text]));
  };
  return { session, hub, lines, asked };
}

/** The line that follows, and whom the room shown then was told to contact. */
async function join({ session, hub, lines }: Setup, what: string): Promise<{ line: string; contacted: string[] }> {
  const before = new Map(hub.entered.map((room) => [room, room.commands.length]));
  await session.line(`/join ${what}`);
  const told = lines();
  expect(told, what).toHaveLength(1);
  const contacted = hub.entered.flatMap((room) =>
    room.commands
      .slice(before.get(room) ?? 0)
      .flatMap((command) =>
        command.type === "join" ? command.endpoints.map((endpoint) => `${room.choice.name} ${endpoint}`) : [],
      ),
  );
  return { line: told[0] ?? "", contacted };
}

const here = ["10.0.0.7:62733", "10.0.0.8:62733"] as Endpoint[];
const den = encodeInvite({ name: "den", private: true, secret: newPrivateRoom(), endpoints: here });
const tea = encodeInvite({ name: "tea", private: false, secret: openRoom("tea"), endpoints: [] });

it("contacts an address, and a host that has one", async () => {
  const rig = await setUp();
  const forms: Record<string, string> = {
    "10.0.0.2": "10.0.0.2:62733",
    "10.0.0.2:5": "10.0.0.2:5",
    "fe80::1": "[fe80::1]:62733",
    "[fe80::1]:7": "[fe80::1]:7",
    "known.example": "10.0.0.9:62733",
    "known.example:5": "10.0.0.9:5",
  };
  for (const [what, endpoint] of Object.entries(forms)) {
    expect(await join(rig, what)).toEqual({ line: `contacting ${endpoint}`, contacted: [`smplchat ${endpoint}`] });
  }
  expect(rig.asked).toEqual(["known.example", "known.example"]);
});

it("goes to a room that is named or invited to, and contacts who is named there", async () => {
  const rig = await setUp();
  const now = (room: string) => `now in #${room}, listening on 10.0.0.1:62733`;
  expect(await join(rig, "#lab")).toEqual({ line: now("lab"), contacted: [] });
  expect(await join(rig, "a.b")).toMatchObject({ line: expect.stringContaining("unknown host a.b") });
  expect(await join(rig, "#a.b")).toEqual({ line: now("a.b"), contacted: [] });
  expect(await join(rig, "cafe\u0301")).toEqual({ line: now("caf\u00e9"), contacted: [] });
  expect(await join(rig, tea)).toEqual({ line: now("tea"), contacted: [] });
  expect(await join(rig, den)).toEqual({ line: now("den"), contacted: here.map((endpoint) => `den ${endpoint}`) });
  expect(await join(rig, "lab")).toEqual({ line: now("lab"), contacted: [] });
  expect(rig.asked, "a word is no host").toEqual(["a.b"]);
  expect(rig.hub.entered.map(({ choice }) => choice.name)).toEqual([
    "smplchat",
    "lab",
    "a.b",
    "caf\u00e9",
    "tea",
    "den",
  ]);
});

it("of the room that is shown says so, or contacts who is named", async () => {
  const rig = await setUp();
  expect(await join(rig, "smplchat")).toEqual({ line: "in #smplchat already", contacted: [] });
  await join(rig, den);
  expect(await join(rig, den)).toEqual({
    line: `contacting ${here.join(", ")}`,
    contacted: here.map((endpoint) => `den ${endpoint}`),
  });
});

it("of this program's own address does not ask whether it is running", async () => {
  const rig = await setUp();
  for (const own of ["10.0.0.1", "10.0.0.1:62733", "127.0.0.1", "[::1]:62733"]) {
    expect(await join(rig, own)).toMatchObject({
      line: expect.stringMatching(/ is the address of this program itself: name that of somebody else$/),
      contacted: [],
    });
  }
  const secret = openRoom("smplchat");
  const own = encodeInvite({ name: "smplchat", private: false, secret, endpoints: ["10.0.0.1:62733" as Endpoint] });
  expect(await join(rig, own)).toEqual({ line: "in #smplchat already", contacted: [] });
});

it("that makes no sense says what is wrong, and changes nothing", async () => {
  const rig = await setUp();
  const wrong: Record<string, string> = {
    "1.2.3": "1.2.3 is no address: not an IP address of a host",
    "224.0.0.1": "224.0.0.1 is no address: not an IP address of a host",
    "255.255.255.255": "255.255.255.255 is no address: not an IP address of a host",
    "10.0.0.2:0": "10.0.0.2:0 is no address: the port is a number from 1 to 65535",
    "10.0.0.2:99999": "10.0.0.2:99999 is no address: the port is a number from 1 to 65535",
    "[fe80::1": "[fe80::1 is no address: wanted ip, ip:port, [ipv6]:port, host or host:port",
    "anna@tea": "anna@tea is no address: wanted ip, ip:port, [ipv6]:port, host or host:port",
    "http://x/": "http://x/ is no address: wanted ip, ip:port, [ipv6]:port, host or host:port",
    "no.such.example": "unknown host no.such.example: the name has no address",
    "#a/b": "#a/b is no room name: letters, digits, - _ and ., at most 64 bytes",
    "#": "# is no room name: letters, digits, - _ and ., at most 64 bytes",
    "tea!": "#tea! is no room name: letters, digits, - _ and ., at most 64 bytes",
    "smplchat:x": "mistyped invite: characters were lost or changed; copy the whole line",
    [`${den}x`]: "mistyped invite: characters were lost or changed; copy the whole line",
  };
  for (const [what, line] of Object.entries(wrong)) expect(await join(rig, what)).toEqual({ line, contacted: [] });
  expect(rig.hub.entered).toHaveLength(1);
});
