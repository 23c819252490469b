/** Whom a session knows: keys in words, who was verified, whom one ignores, and a nick that comes with another key. */
import { describe, expect, it } from "vitest";
import type { SessionEvent } from "../../../src/chat/model/events.ts";
import { keyWords } from "../../../src/chat/model/keyWords.ts";
import { replyText } from "../../../src/chat/model/replies.ts";
import { sentenceFor } from "../../../src/chat/model/sentences.ts";
import { createPeople, NEWEST_DAY_MAX, PEOPLE_MAX, seePerson, setPerson } from "../../../src/chat/session/people.ts";
import type { KnownPerson } from "../../../src/store/peopleFile.ts";
import type { PeerId } from "../../../src/wire/ids.ts";
import { createFaceRig, type FaceRigOptions } from "../../suites/faceRig.ts";
import { fakePeer } from "../../suites/fakeRoom.ts";

const TODAY = "2026-03-01";

async function setUp(people: readonly KnownPerson[] = [], more: FaceRigOptions = {}) {
  /** The lists that were to be kept. */
  const kept: (readonly KnownPerson[])[] = [];
  const rig = await createFaceRig({
    people,
    today: () => TODAY,
    rememberPeople: async (list) => {
      kept.push(list);
      return undefined;
    },
    ...more,
  });
  const events: SessionEvent[] = [];
  rig.session.subscribe((event) => events.push(event));
  await Promise.resolve();
  /** What a person reads of the line. */
  const say = async (line: string): Promise<string[]> => {
    const before = events.length;
    await rig.session.line(line);
    return events.slice(before).flatMap((event) => sentenceFor(event, "smplchat")?.text ?? []);
  };
  const warnings = () =>
    events.filter(({ type }) => type === "key-changed").map((event) => sentenceFor(event, "x")?.text);
  return { ...rig, events, kept, say, warnings };
}

function person(nick: string, number: number, more: Partial<KnownPerson> = {}): KnownPerson {
  const { id } = fakePeer(nick, number);
  return { id, nick, since: "2026-01-31", nickSince: "2026-01-31", verified: false, ignored: false, ...more };
}

describe("/verify", () => {
  it("shows the words and how to go on; with the words that the other reads out, the key is verified, and kept", async () => {
    const { room, session, say, kept } = await setUp();
    const bob = room.addPeer("bob");
    const [how] = await say("/verify bob");
    expect(how).toContain(`the words of bob·${bob.tag}: ${keyWords(bob.id)}`);
    expect(how).toContain("ask bob to type /whois bob");
    expect(how).toContain(`/verify bob·${bob.tag} WORDS`);
    expect(session.trust().verified.size).toBe(0);
    const typed = keyWords(bob.id).toUpperCase().replaceAll(" ", ",  ");
    expect(await say(`/verify BOB ${typed}`)).toEqual([
      `verified: bob·${bob.tag} has the key that you compared; ✓ marks the name from now on`,
    ]);
    expect([...session.trust().verified]).toEqual([bob.id]);
    expect(kept.at(-1)).toMatchObject([{ id: bob.id, nick: "bob", since: TODAY, verified: true }]);
    expect((await say("/whois bob"))[0]).toContain(`verified ✓, known since ${TODAY}`);
  });

  it("says of wrong words that they are wrong and not which, and changes nothing", async () => {
    const { room, session, say, events, kept } = await setUp();
    const bob = room.addPeer("bob");
    const words = keyWords(bob.id).split(" ");
    const wrong = [
      ["tulip", ...words.slice(1)],
      [...words.slice(0, 7), words[7] === "tulip" ? "zone" : "tulip"],
      words.slice(0, 7),
      words.toReversed(),
    ];
    const told = new Set<string>();
    for (const each of wrong) for (const text of await say(`/verify bob ${each.join(" ")}`)) told.add(text);
    expect([...told]).toEqual([expect.stringMatching(/^these are not the words of bob·t002: nothing was changed/)]);
    const refusals = events.filter(({ type }) => type === "refusal");
    expect(JSON.stringify(refusals)).not.toContain(words[3]);
    expect(session.trust().verified.size).toBe(0);
    expect(kept.flat().some(({ verified }) => verified)).toBe(false);
  });

  it("of a nick that several have asks which of them, and takes the nick with its tag", async () => {
    const { room, session, say } = await setUp();
    const [bob, other] = [room.addPeer("bob"), room.addPeer("bob")];
    expect(await say(`/verify bob ${keyWords(bob.id)}`)).toEqual([
      "several people are called bob: name one of bob·t002, bob·t003",
    ]);
    expect(session.trust().verified.size).toBe(0);
    await say(`/verify bob·t003 ${keyWords(other.id)}`);
    expect([...session.trust().verified]).toEqual([other.id]);
  });

  it("is not for oneself, nor for somebody whom nobody knows", async () => {
    const { say } = await setUp();
    expect(await say("/verify anna")).toEqual([
      "that is you: others verify you with the words that /whois shows you of yourself",
    ]);
    expect(await say("/verify nobody")).toEqual(["nobody here is called nobody; /peers lists who is"]);
    expect((await say("/verify"))[0]).toMatch(/^usage: \/verify NICK \[WORDS\], as in /);
  });

  it("is for who is known and away, too; /whois shows own words to read out", async () => {
    const away = person("dora", 9);
    const { room, session, say } = await setUp([away]);
    await say(`/verify dora ${keyWords(away.id)}`);
    expect([...session.trust().verified]).toEqual([away.id]);
    expect((await say("/whois anna"))[0]).toContain(
      `to be verified, read these words to others: ${keyWords(room.self().id)}`,
    );
  });
});

describe("a nick with another key than the one that is remembered", () => {
  it("is told once, when it comes or speaks, with the way to look closer", async () => {
    const { room, warnings, events } = await setUp([person("bob", 99)]);
    const bob = room.addPeer("bob");
    room.hear(bob, "hi");
    room.play({ type: "peer", status: "alive", peer: bob });
    expect(warnings()).toEqual(["this bob (t002) is not the bob you have known since 2026-01-31: /whois bob·t002"]);
    // Before what it says.
    const types = events.map((event) => (event.type === "chat" ? event.event.type : event.type));
    expect(types.indexOf("key-changed")).toBeLessThan(types.indexOf("peer"));
  });

  it("is told of nicks that look alike, of those who only speak, and of those who take the nick", async () => {
    const { room, warnings } = await setUp([person("paul", 99), person("zoe", 98)]);
    room.hear(fakePeer("pаul", 50), "hi");
    const bob = room.addPeer("bob");
    room.play({
      type: "notice",
      notice: { code: "renamed", peer: { ...bob, nick: "Zoe" }, before: "bob", own: false },
    });
    expect(warnings()).toEqual([
      "this pаul (t050) is not the paul you have known since 2026-01-31: /whois pаul·t050",
      "this Zoe (t002) is not the zoe you have known since 2026-01-31: /whois Zoe·t002",
    ]);
  });

  it("is told more strongly where the known one was verified, at each start until this one is, too", async () => {
    const known = person("bob", 99, { verified: true });
    const old = person("bob", 2);
    const { room, warnings, say } = await setUp([known, old]);
    const bob = room.addPeer("bob");
    expect(warnings()).toEqual([expect.stringMatching(/^careful: this bob \(t002\) is NOT the bob whom you verified/)]);
    await say(`/verify bob·t002 ${keyWords(bob.id)}`);
    const next = await setUp([known, { ...old, verified: true }]);
    next.room.addPeer("bob");
    expect(next.warnings()).toEqual([]);
  });

  it("is told of two new ones in the order in which they come, and of nobody at a later start", async () => {
    const { room, warnings, session, kept } = await setUp();
    for (let count = 0; count < 2; count += 1) room.addPeer("bob");
    expect(warnings()).toEqual([`this bob (t003) is not the bob you have known since ${TODAY}: /whois bob·t003`]);
    await session.close();
    expect(kept.at(-1)).toHaveLength(2);
    const next = await setUp(kept.at(-1), { today: () => "2026-03-02" });
    for (let count = 0; count < 2; count += 1) next.room.addPeer("bob");
    expect(next.warnings()).toEqual([]);
  });

  it("is told as long as the key is new with this nick, also at the next start of the day", async () => {
    const { room, session, warnings, kept } = await setUp([person("bob", 99)]);
    room.addPeer("bob");
    await session.close();
    const next = await setUp(kept.at(-1));
    next.room.addPeer("bob");
    expect([warnings().length, next.warnings().length]).toEqual([1, 1]);
  });

  it("is not told of nicks that programs give, of nicks that nobody knows, of ignored people, of history, of oneself", async () => {
    const ignored = person("eve", 3, { ignored: true });
    const { room, warnings } = await setUp([
      person("root", 99),
      person("eve", 98),
      ignored,
      person("dan", 97),
      person("anna", 1),
    ]);
    room.addPeer("root");
    room.addPeer("eve");
    room.hear(fakePeer("", 60), "hi");
    room.hear(fakePeer("dan", 61), "long ago", { history: true });
    room.hear(room.self(), "mine", { own: true });
    expect(warnings()).toEqual([]);
  });
});

describe("/ignore", () => {
  it("hides what a key says under any nick, is kept, and lists whom it hides", async () => {
    const { room, session, say, kept } = await setUp();
    const bob = room.addPeer("bob");
    expect(await say("/ignore")).toEqual(["you ignore nobody; /ignore NICK hides what someone says"]);
    expect(await say("/ig bob")).toEqual([
      "ignoring bob·t002: what this key says is hidden; /unignore bob·t002 shows it again",
    ]);
    expect([...session.trust().ignored]).toEqual([bob.id]);
    expect(kept.at(-1)).toMatchObject([{ id: bob.id, ignored: true }]);
    expect((await say("/ignore"))[0]).toMatch(/^you ignore bob·\w{4}; /);
    expect(await say("/ignore anna")).toEqual(["that is you: nobody hides the own lines"]);
    expect(await say("/unignore bob")).toEqual(["bob·gk37 is not ignored any more"]);
    expect(await say("/unignore bob")).toEqual(["bob·t002 is not ignored; /ignore lists whom you ignore"]);
    expect(session.trust().ignored.size).toBe(0);
    expect(kept.at(-1)?.some(({ ignored }) => ignored)).toBe(false);
  });

  it("is as it was at the next start, also for who is not here", async () => {
    const { session, say } = await setUp([person("eve", 9, { ignored: true })]);
    expect(session.trust().ignored.size).toBe(1);
    await say("/unignore eve");
    expect(session.trust().ignored.size).toBe(0);
  });

  it("leaves ignored people out where messages are counted: /reply means what one sees", async () => {
    const { room, say } = await setUp();
    const [bob, eve] = [room.addPeer("bob"), room.addPeer("eve")];
    const seen = room.hear(bob, "tea?");
    room.hear(eve, "spam");
    await say("/ignore eve");
    await say("/reply yes");
    expect(room.kept().at(-1)).toMatchObject({ kind: "reply", text: "yes", target: seen.id });
  });
});

describe("the list of people", () => {
  it("that cannot be kept is told once, and tried again", async () => {
    const trouble = { code: "unwritable", path: "/x/people", reason: "ENOSPC" } as const;
    const { room, session, events, say } = await setUp([], { rememberPeople: async () => trouble });
    room.addPeer("bob");
    await say("/ignore bob");
    await say("/unignore bob");
    await session.close();
    const told = events.filter((event) => event.type === "refusal" && event.refusal.code === "people-not-kept");
    expect(told.map((event) => sentenceFor(event, "x")?.text)).toEqual([
      "the list of people you know cannot be saved in /x/people (the disk is full): the next start will not know the change",
    ]);
  });

  it("is written soon after somebody came, and when the session ends", async () => {
    const { room, session, kept } = await setUp();
    room.addPeer("bob");
    room.addPeer("eve");
    expect(kept).toEqual([]);
    await session.close();
    expect(kept.map((list) => list.map(({ nick }) => nick))).toEqual([["bob", "eve"]]);
  });

  it("holds so many, and lets nobody go who was verified or is ignored, nor many for the keys of one day", () => {
    const before = [person("anna", 1, { verified: true }), person("eve", 2, { ignored: true })];
    const many = Array.from({ length: PEOPLE_MAX }, (_, at) => person(`p${at}`, at + 10));
    const people = createPeople([...before, ...many]);
    expect(people.known.size).toBe(PEOPLE_MAX);
    const madeUp = (at: number): PeerId => (at + 1_000_000).toString(16).padStart(64, "0") as PeerId;
    for (let at = 0; at < 3 * PEOPLE_MAX; at += 1) seePerson(people, { id: madeUp(at), nick: `n${at}` }, TODAY);
    const left = [...people.known.values()];
    expect(left).toHaveLength(PEOPLE_MAX);
    expect(left.filter(({ since }) => since === TODAY)).toHaveLength(NEWEST_DAY_MAX);
    expect(left.filter(({ verified, ignored }) => verified || ignored).map(({ nick }) => nick)).toEqual([
      "anna",
      "eve",
    ]);
    for (let at = 0; at < 2 * PEOPLE_MAX; at += 1)
      setPerson(people, { id: madeUp(at), nick: "x" }, { ignored: true }, TODAY);
    expect(people.known.size).toBe(PEOPLE_MAX);
    expect(people.trust.verified.size).toBe(1);
    expect(people.trust.ignored.size).toBe(PEOPLE_MAX - 1);
  });
});

it("an answer about people shows nothing of a nick that a terminal would obey, and no check mark of its own", () => {
  const text = replyText({ code: "verified", peer: { ...fakePeer("e\u001b[31mve✓", 5) } });
  expect(text).toMatch(/^verified: eve·t005 /);
});
