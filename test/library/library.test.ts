// The library as a program uses it: real sockets on this host, discovery off.
import { afterEach, expect, it, vi } from "vitest";
import {
  type Hub,
  type HubOptions,
  newRoom,
  openHub,
  parseAddress,
  parseInvite,
  SmplchatError,
} from "../../src/index.ts";

const hubs: Hub[] = [];

afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub.close();
});

async function hubOf(nick: string, options: Partial<HubOptions> = {}): Promise<Hub> {
  const hub = await openHub({ nick, port: 0, discovery: false, ...options });
  hubs.push(hub);
  return hub;
}

/** Where a hub on this host is reached by another. */
function near(address: string): string {
  return `127.0.0.1:${address.slice(address.lastIndexOf(":") + 1)}`;
}

it("says a line, hears it elsewhere, and tells who has it", async () => {
  const [anna, bob] = [await hubOf("anna"), await hubOf("bob")];
  const annas = await anna.enter("lab");
  const bobs = await bob.enter("lab");
  expect(await bobs.join(near(annas.address()))).toBe(true);
  await vi.waitFor(() => expect(annas.peers()).toHaveLength(2), { timeout: 5_000 });
  const heard = bobs.messages();
  const { id, delivery } = await annas.say("hello");
  const first = await heard.next();
  expect(first.value).toMatchObject({ id, text: "hello", kind: "text", own: false, history: false, room: "lab" });
  expect(first.value?.author).toMatchObject({ nick: "anna", id: anna.id });
  expect(await delivery).toEqual({ reached: 1, of: 1, lacking: [] });
  expect(annas.peers().map(({ nick, self, status }) => ({ nick, self, status }))).toEqual([
    { nick: "anna", self: true, status: "alive" },
    { nick: "bob", self: false, status: "alive" },
  ]);
});

it("keeps the order of lines that are said without waiting", async () => {
  const [anna, bob] = [await hubOf("anna"), await hubOf("bob")];
  const annas = await anna.enter("lab");
  const bobs = await bob.enter("lab", { join: near(annas.address()) });
  const texts = Array.from({ length: 300 }, (_, index) => `line ${index}`);
  const heard: string[] = [];
  bobs.on("message", ({ text }) => heard.push(text));
  const said = await Promise.all(texts.map((text) => annas.say(text)));
  await vi.waitFor(() => expect(heard).toHaveLength(texts.length), { timeout: 20_000 });
  expect(heard).toEqual(texts);
  expect(new Set(said.map(({ id }) => id)).size).toBe(texts.length);
}, 30_000);

it("gives the history in pages, oldest first", async () => {
  const room = await (await hubOf("anna")).enter("lab");
  for (const text of ["one", "two", "three", "four"]) await room.say(text);
  const newest = await room.history({ limit: 2 });
  expect(newest.map(({ text }) => text)).toEqual(["three", "four"]);
  const before = await room.history({ limit: 2, before: newest[0]?.id as string });
  expect(before.map(({ text, own, room: name }) => ({ text, own, name }))).toEqual([
    { text: "one", own: true, name: "lab" },
    { text: "two", own: true, name: "lab" },
  ]);
});

it("finds what was said, newest first, and tells in one line what a search cannot be", async () => {
  const room = await (await hubOf("anna")).enter("lab");
  for (const text of ["Tea one", "coffee", "tea two", "TEA three"]) await room.say(text);
  const textsOf = async (options: Parameters<typeof room.search>[0]): Promise<string[]> => {
    const texts: string[] = [];
    for await (const { text } of room.search(options)) texts.push(text);
    return texts;
  };
  expect(await textsOf({ text: "tea" })).toEqual(["TEA three", "tea two", "Tea one"]);
  expect(await textsOf({ text: "tea", limit: 1 })).toEqual(["TEA three"]);
  expect(await textsOf({ from: "anna", after: "2020-01-01" })).toHaveLength(4);
  expect(await textsOf({ from: "bob" })).toEqual([]);
  const [newest] = await room.history({ limit: 1 });
  expect(await textsOf({ text: "tea", before: newest?.id as string })).toEqual(["tea two", "Tea one"]);
  expect(() => room.search({})).toThrow("search needs text, from, before or after");
  expect(() => room.search({ before: "noon" })).toThrow(
    'before cannot be "noon": wanted the id of a message, or a date',
  );
  expect(() => room.search({ text: "tea", limit: 0 })).toThrow("limit cannot be 0");
  await room.leave();
  expect(() => room.search({ text: "tea" })).toThrow("#lab was left");
});

it("marks what was said before it came here, and leaves it out where asked", async () => {
  const [anna, bob] = [await hubOf("anna"), await hubOf("bob")];
  const annas = await anna.enter("lab");
  await annas.say("early");
  const bobs = await bob.enter("lab");
  const all = bobs.messages();
  const live = bobs.messages({ history: false });
  await bobs.join(near(annas.address()));
  expect((await all.next()).value).toMatchObject({ text: "early", history: true });
  await annas.say("late");
  expect((await live.next()).value).toMatchObject({ text: "late", history: false });
});

it("has several rooms in one hub, which know nothing of each other", async () => {
  const [anna, bob] = [await hubOf("anna"), await hubOf("bob")];
  const names = ["lab", "hall", "ship"];
  const heard: string[] = [];
  for (const name of names) {
    const annas = await anna.enter(name);
    const bobs = await bob.enter(name, { join: [near(annas.address())] });
    bobs.on("message", ({ room, text }) => heard.push(`${room} ${text}`));
  }
  for (const room of anna.rooms()) await room.say("hi");
  await vi.waitFor(() => expect(heard.sort()).toEqual(["hall hi", "lab hi", "ship hi"]), { timeout: 5_000 });
  await bob.rooms()[0]?.leave();
  for (const room of anna.rooms()) await room.say("again");
  await vi.waitFor(
    () => expect(heard.filter((line) => line.endsWith("again")).sort()).toEqual(["hall again", "ship again"]),
    {
      timeout: 5_000,
    },
  );
  expect(bob.rooms().map(({ name }) => name)).toEqual(["hall", "ship"]);
});

it("enters a private room by its invite, and no other way", async () => {
  const [anna, bob] = [await hubOf("anna"), await hubOf("bob")];
  const secret = await anna.enter(newRoom("lab"));
  const open = await bob.enter("lab");
  expect(open.private).toBe(false);
  expect(await open.join(near(secret.address()))).toBe(false);
  const invited = await bob.enter({ ...parseInvite(secret.invite()), endpoints: [near(secret.address())] });
  expect(invited.private).toBe(true);
  const heard = invited.messages();
  await secret.say("among us");
  expect((await heard.next()).value?.text).toBe("among us");
}, 20_000);

it("tells who comes and goes", async () => {
  const [anna, bob] = [await hubOf("anna"), await hubOf("bob")];
  const annas = await anna.enter("lab");
  const told: string[] = [];
  annas.on("peer", ({ status, peer }) => told.push(`${peer.nick} ${status}`));
  const ended = annas.on("peer", () => told.push("never"));
  ended();
  const bobs = await bob.enter("lab", { join: near(annas.address()) });
  await vi.waitFor(() => expect(told).toContain("bob alive"), { timeout: 5_000 });
  await bobs.leave();
  await vi.waitFor(() => expect(told).toEqual(["bob alive", "bob left"]), { timeout: 5_000 });
});

it("settles a delivery that reaches nobody, and ends its loops, when the hub is closed", async () => {
  const hub = await hubOf("anna");
  const room = await hub.enter("lab");
  const { delivery } = await room.say("alone");
  const ended = room.messages().next();
  await hub.close();
  expect(await delivery).toEqual({ reached: 0, of: 0, lacking: [] });
  expect(await ended).toEqual({ done: true, value: undefined });
});

it("gives the same room to whoever enters it twice, and another one after it was left", async () => {
  const hub = await hubOf("anna");
  const room = await hub.enter("lab");
  expect(await hub.enter("#lab")).toBe(room);
  await room.leave();
  const again = await hub.enter("lab");
  expect(again).not.toBe(room);
  expect((await again.say("back")).id).toMatch(/^[0-9a-f]{48}$/);
});

it.each([
  [undefined, "openHub needs a nick"],
  [{}, "openHub needs a nick"],
  [{ nick: "a\u001b[31m" }, "nick cannot be"],
  [{ nick: "a b" }, "nick cannot be"],
  [{ nick: 7 }, "nick cannot be 7: wanted 1 to 32 characters"],
  [{ nick: "anna", port: "62733" }, 'port cannot be "62733": wanted a whole number from 0 to 65535'],
  [{ nick: "anna", port: Number.NaN }, "port cannot be NaN"],
  [{ nick: "anna", port: 70_000 }, "port cannot be 70000"],
  [{ nick: "anna", discovery: "off" }, 'discovery cannot be "off": wanted true or false'],
  [{ nick: "anna", dropPercent: 101 }, "dropPercent cannot be 101: wanted a number from 0 to 100"],
  [{ nick: "anna", dataDir: 5 }, "dataDir cannot be 5: wanted a directory"],
  [{ nick: "anna", prot: 1 }, "openHub knows no prot: did you mean port?"],
  [{ nick: "anna", debug: true }, "debug cannot be true: wanted a function"],
  ["anna", 'openHub cannot be "anna": wanted an object'],
])("opens no hub with %j", async (options, sentence) => {
  const opened = openHub(options as never);
  await expect(opened).rejects.toThrow(TypeError);
  await expect(opened).rejects.toThrow(sentence);
});

it("opens with a nick alone, on another port if the usual one is taken", async () => {
  const [first, second] = [await hubOf("anna"), await hubOf("bob")];
  const [one, other] = [await first.enter("lab"), await second.enter("lab")];
  expect(one.address()).not.toBe(other.address());
});

it("refuses in words what makes no sense in a room, and changes nothing", async () => {
  const hub = await hubOf("anna");
  const good = newRoom("lab");
  const enter = (room: unknown, options?: unknown): Promise<unknown> => hub.enter(room as never, options as never);
  await expect(enter("a b")).rejects.toThrow('room cannot be "a b": wanted letters, digits');
  await expect(enter({ type: "bogus" })).rejects.toThrow("a room knows no type: did you mean name?");
  await expect(enter(undefined)).rejects.toThrow(TypeError);
  const short = { ...good, secret: { ...good.secret, key: new Uint8Array(5) } };
  await expect(enter(short)).rejects.toThrow("room.secret.key cannot have 5 bytes: wanted 32");
  await expect(enter("lab", { join: "10.0.0.999" })).rejects.toMatchObject({ code: "bad-address" });
  await expect(enter("lab", { jion: [] })).rejects.toThrow("enter knows no jion: did you mean join?");
  await expect(enter("smplchat:AAAA")).rejects.toMatchObject({ code: "bad-invite" });
  expect(hub.rooms()).toEqual([]);

  const room = await hub.enter("lab");
  await expect(room.say("")).rejects.toMatchObject({ code: "text-empty" });
  await expect(room.say("x".repeat(70_000))).rejects.toMatchObject({ code: "text-too-long" });
  await expect(room.say({ type: "bogus" } as never)).rejects.toThrow("a text cannot be an object: wanted a string");
  await expect(room.say("hi", { kind: "shout" as never })).rejects.toThrow(
    'kind cannot be "shout": wanted "text", "action" or "notice"',
  );
  await expect(room.join("10.0.0.2:99999")).rejects.toThrow("the port is a number from 1 to 65535");
  await expect(room.join(5 as never)).rejects.toThrow(TypeError);
  await expect(room.rename("a\u001bb")).rejects.toThrow(TypeError);
  await expect(room.history({ limit: 0 })).rejects.toThrow("limit cannot be 0: wanted a whole number from 1 to 10000");
  await expect(room.history({ before: "nonsense" })).rejects.toThrow('before cannot be "nonsense"');
  expect(() => room.on("massage" as never, () => undefined)).toThrow('on cannot be "massage": wanted message, peer');
  expect(await room.history()).toEqual([]);
});

it("refuses everything in words after it was closed", async () => {
  const hub = await hubOf("anna");
  const room = await hub.enter("lab");
  await hub.close();
  for (const late of [room.say("hi"), room.history(), room.join("127.0.0.1"), room.rename("eve"), hub.enter("lab")]) {
    await expect(late).rejects.toThrow(SmplchatError);
    await expect(late).rejects.toMatchObject({ code: "closed" });
  }
  expect(() => room.on("message", () => undefined)).toThrow("#lab was left");
  expect(() => room.messages()).toThrow("#lab was left");
  await hub.close();
  await room.leave();
});

it("refuses a room that is being entered while it is closed, with a code", async () => {
  const hub = await hubOf("anna");
  const entering = hub.enter("lab");
  await Promise.all([hub.close(), expect(entering).rejects.toMatchObject({ code: "closed" })]);
});

it("reads addresses and invites, and says what is wrong with them", () => {
  expect(parseAddress("10.0.0.2")).toEqual({ type: "endpoint", endpoint: "10.0.0.2:62733" });
  expect(parseAddress("ship.example:7000")).toEqual({ type: "host", host: "ship.example", port: 7000 });
  expect(() => parseAddress("10.0.0.2:0")).toThrow(SmplchatError);
  expect(() => parseAddress(undefined as never)).toThrow(TypeError);
  expect(() => parseInvite("smplchat:AAAA")).toThrow("mistyped invite");
  expect(() => parseInvite("http://example.org")).toThrow("not an invite");
});
