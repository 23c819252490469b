/** Back after a sleep, a standstill or a time without a network: nothing is missed, nobody is buried, one line is told. */
import { describe, expect, it } from "vitest";
import type { Millis } from "../../../src/protocol/time.ts";
import type { PeerStatus } from "../../../src/protocol/views.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { createWorld, fingerprint, gather, names, notices, type TestNode, transmits, type World } from "../fixtures.ts";

const MINUTE: Millis = 60_000;
/** Longer than one who is gone stays listed. */
const SLEEP = 11 * MINUTE;
const statuses = (node: TestNode): PeerStatus[] =>
  node.events.flatMap((event) => (event.type === "peer" ? [event.status] : []));

/** A room whose first node is about to be away. */
function room(count: number, seed = 1): { world: World; sleeper: TestNode; others: TestNode[] } {
  const world = createWorld({ seed });
  const [sleeper, ...others] = gather(world, names(count)) as [TestNode, ...TestNode[]];
  for (const node of [sleeper, ...others]) node.command({ type: "network", endpoints: [node.endpoint] });
  world.run(1_000);
  return { world, sleeper, others };
}

/** The node is away for so long while the first three others say so many things in turn. */
function sleep({ world, sleeper, others }: ReturnType<typeof room>, forMs: Millis, messages: number): void {
  sleeper.suspend();
  for (let said = 0; said < messages; said += 1) {
    world.run(forMs / messages / 2);
    others[said % 3]?.say(`missed ${said}`);
    world.run(forMs / messages / 2);
  }
}

describe("after a sleep of eleven minutes, when the others have forgotten the sleeper,", () => {
  it("asks eight members and knocks where it met others, in the step in which it wakes, and says nothing yet", () => {
    const place = room(10);
    sleep(place, SLEEP, 1);
    const effects = place.sleeper.resume();
    expect(effects.filter((effect) => effect.type === "emit")).toEqual([]);
    const sent = transmits(effects);
    const knocks = sent.filter(({ bytes }) => bytes.length === 1_200);
    expect(new Set(knocks.map(({ to }) => to)).size).toBe(knocks.length);
    expect(knocks.length).toBe(9);
    const asked = sent.filter(({ bytes }) => bytes.length < 1_200).map(({ to }) => to);
    expect(new Set(asked).size).toBeGreaterThanOrEqual(8);
  });

  it("has all that was said within two seconds, nobody buried, and one line that says so", () => {
    for (const seed of [1, 2, 3]) {
      const place = room(10, seed);
      const { world, sleeper, others } = place;
      sleep(place, SLEEP, 14);
      expect(others.every((node) => node.core.stats().peers === 8)).toBe(true);
      sleeper.events.length = 0;
      sleeper.resume();
      world.until("all logs to be one", () => fingerprint(sleeper) === fingerprint(others[0] as TestNode), 1_000);
      world.until("the line", () => notices(sleeper, "back").length > 0, 2_500);
      world.run(30_000);
      expect(notices(sleeper, "back")).toEqual([
        {
          code: "back",
          goneMs: SLEEP,
          messages: 14,
          peers: expect.any(Number),
          missing: 0,
          answered: expect.any(Number),
          complete: true,
          movedTo: undefined,
        },
      ]);
      const [{ peers = 0, answered = 0 } = {}] = notices(sleeper, "back");
      expect(peers).toBeGreaterThan(0);
      expect(answered).toBeGreaterThanOrEqual(8);
      expect(statuses(sleeper)).toEqual([]);
      expect(sleeper.events.flatMap((event) => (event.type === "notice" ? [event.notice.code] : []))).toEqual(["back"]);
      for (const node of others) expect(node.core.stats().peers).toBe(9);
    }
  });

  it("says that nobody answers yet where nobody does, and what came of it when somebody does", () => {
    const place = room(4);
    const { world, sleeper } = place;
    sleep(place, SLEEP, 3);
    world.lose = () => true;
    sleeper.resume();
    world.run(9_900);
    expect(notices(sleeper, "back")).toEqual([]);
    world.run(600);
    expect(notices(sleeper, "back")).toMatchObject([{ answered: 0, messages: 0 }]);
    world.run(5 * MINUTE);
    world.lose = () => false;
    world.until("the second line", () => notices(sleeper, "back").length === 2, 45_000);
    expect(notices(sleeper, "back")[1]).toMatchObject({ messages: 3, missing: 0, complete: true });
    expect(notices(sleeper, "back")[1]?.goneMs).toBeGreaterThan(SLEEP + 5 * MINUTE);
    world.run(MINUTE);
    expect(notices(sleeper, "back")).toHaveLength(2);
  });

  it("says that there is more to come where it takes longer than ten seconds", () => {
    const place = room(3);
    const { world, sleeper } = place;
    sleep(place, SLEEP, 40);
    // Pings and digests get through, fetched messages do not.
    world.lose = ({ to, bytes }) => to === sleeper.endpoint && bytes.length > 300;
    sleeper.resume();
    world.until("the line", () => notices(sleeper, "back").length > 0, 12_000);
    expect(notices(sleeper, "back")).toMatchObject([{ complete: false }]);
    expect(notices(sleeper, "back")[0]?.missing).toBeGreaterThan(10);
  });

  it("names as many as have answered, of all who are listed, where nothing was said", () => {
    const place = room(6);
    const { world, sleeper, others } = place;
    sleeper.suspend();
    world.run(MINUTE);
    for (const node of others.slice(0, 2)) node.crash();
    sleeper.resume();
    world.until("the line", () => notices(sleeper, "back").length > 0, 11_000);
    expect(sleeper.core.stats().peers).toBe(5);
    expect(notices(sleeper, "back")).toMatchObject([{ messages: 0, peers: 3, answered: 3 }]);
  });

  it("names those who brought what was said, of all who have answered", () => {
    const place = room(4);
    const { world, sleeper, others } = place;
    sleep(place, SLEEP, 6);
    // From the others come pings and digests, and no message.
    world.lose = ({ from, to, bytes }) => to === sleeper.endpoint && from !== others[0]?.endpoint && bytes.length > 250;
    sleeper.resume();
    world.until("the line", () => notices(sleeper, "back").length > 0, 11_000);
    expect(notices(sleeper, "back")).toMatchObject([{ messages: 6, peers: 1, answered: 3, complete: true }]);
  });

  it("asks those who have started anew since, too", () => {
    const place = room(3);
    const { world, sleeper, others } = place;
    sleep(place, 30 * MINUTE, 2);
    for (const node of others) {
      node.crash();
      node.restart();
    }
    world.run(10_000);
    others[0]?.say("as another process");
    world.run(1_000);
    sleeper.resume();
    world.until("the line", () => notices(sleeper, "back").length > 0, 11_000);
    expect(notices(sleeper, "back")).toMatchObject([{ messages: 3, missing: 0, complete: true }]);
  });

  it("says nothing where there is nobody it could know of", () => {
    const world = createWorld();
    const loner = world.node("loner");
    world.run(1_000);
    loner.events.length = 0;
    loner.suspend();
    world.run(SLEEP);
    expect(loner.resume().map(({ type }) => type)).toEqual(["answer"]);
    world.run(30_000);
    expect(loner.events).toEqual([]);
  });
});

describe("after a standstill of 20 s", () => {
  it("nothing is lost, nobody is buried, and nothing is said", () => {
    for (const seed of [1, 2, 3, 4]) {
      const place = room(8, seed);
      const { world, sleeper, others } = place;
      sleep(place, 20_000, 10);
      sleeper.resume();
      sleeper.say("still here");
      world.until(
        "all logs to be one",
        () => others.every((node) => fingerprint(node) === fingerprint(sleeper)),
        3_000,
      );
      world.run(MINUTE);
      expect(sleeper.texts()).toHaveLength(11);
      expect(statuses(sleeper)).toEqual([]);
      expect(notices(sleeper, "back")).toEqual([]);
      for (const node of others) expect(node.core.stats().peers).toBe(7);
    }
  });

  it("a suspicion that ran out meanwhile buries nobody", () => {
    const place = room(8);
    const { world, sleeper } = place;
    world.lose = ({ from, to }) => from === sleeper.endpoint || to === sleeper.endpoint;
    world.until("a suspicion", () => statuses(sleeper).includes("suspect"), 5_000);
    sleeper.suspend();
    world.lose = () => false;
    world.run(60_000);
    sleeper.resume();
    world.run(MINUTE);
    expect(statuses(sleeper)).not.toContain("dead");
    expect(sleeper.core.stats().peers).toBe(7);
  });
});

describe("a host whose address changes", () => {
  const elsewhere = "10.0.5.5:62733" as Endpoint;
  const seenAt = (node: TestNode, of: TestNode, now: Millis): Endpoint | undefined =>
    node.core.peers({ mono: now, wall: 0 }).find(({ id }) => id === of.identity.id)?.address;

  it("tells everyone, is reached there by all, and says so in one line", () => {
    for (const seed of [1, 2, 3]) {
      const { world, sleeper, others } = room(20, seed);
      sleeper.moveTo(elsewhere);
      const isKnown = (): boolean => others.every((node) => seenAt(node, sleeper, world.now()) === elsewhere);
      world.until("all to know where it is", isKnown, 3_000);
      others.forEach((node, at) => {
        node.say(`to you ${at}`);
      });
      sleeper.say("to you all");
      world.until("all to have all", () => [sleeper, ...others].every((node) => node.texts().length === 20), 2_000);
      world.run(MINUTE);
      expect(notices(sleeper, "back")).toMatchObject([{ goneMs: 0, missing: 0, complete: true, movedTo: elsewhere }]);
      for (const node of others) expect(statuses(node)).not.toContain("dead");
      expect(sleeper.core.self().address).toBe(elsewhere);
    }
  });

  it("says nothing when it is back where it was before anyone was told", () => {
    const { world, sleeper } = room(5);
    const before = sleeper.endpoint;
    sleeper.moveTo(elsewhere);
    world.run(200);
    sleeper.moveTo(before);
    world.run(MINUTE);
    expect(notices(sleeper, "back")).toEqual([]);
    expect(sleeper.core.self().address).toBe(before);
  });

  it("says nothing when it only gets another address in addition", () => {
    const { world, sleeper } = room(5);
    sleeper.command({ type: "network", endpoints: [sleeper.endpoint, elsewhere] });
    world.run(MINUTE);
    expect(notices(sleeper, "back")).toEqual([]);
    expect(sleeper.core.self().address).toBe(sleeper.endpoint);
  });
});

describe("a host without a network", () => {
  const loseAll = ({ world, sleeper }: ReturnType<typeof room>): void => {
    world.lose = ({ from, to }) => from === sleeper.endpoint || to === sleeper.endpoint;
    sleeper.command({ type: "network", endpoints: [] });
  };

  it("says so once after five seconds, and what came of it when there is one again", () => {
    const place = room(5);
    const { world, sleeper, others } = place;
    loseAll(place);
    world.run(4_900);
    expect(notices(sleeper, "offline")).toEqual([]);
    world.run(200);
    expect(notices(sleeper, "offline")).toHaveLength(1);
    others[0]?.say("meanwhile");
    world.run(10 * MINUTE);
    world.lose = () => false;
    sleeper.command({ type: "network", endpoints: [sleeper.endpoint] });
    world.until("the line", () => notices(sleeper, "back").length > 0, 4_000);
    expect(notices(sleeper, "back")).toMatchObject([{ messages: 1, missing: 0, complete: true }]);
    expect(notices(sleeper, "back")[0]?.goneMs).toBeCloseTo(10 * MINUTE + 5_100, -3);
    world.run(MINUTE);
    expect(notices(sleeper, "offline")).toHaveLength(1);
    expect(notices(sleeper, "healed")).toEqual([]);
    expect(sleeper.core.stats().peers).toBe(4);
  });

  it("counts what came before it was noticed that there is one again", () => {
    const place = room(5);
    const { world, sleeper, others } = place;
    loseAll(place);
    world.run(10_000);
    for (const node of others.slice(0, 2)) node.say("meanwhile");
    world.run(1_000);
    world.lose = () => false;
    world.until("what was missed", () => sleeper.texts().length === 2, 60_000);
    sleeper.command({ type: "network", endpoints: [sleeper.endpoint] });
    world.until("the line", () => notices(sleeper, "back").length > 0, 4_000);
    expect(notices(sleeper, "back")).toMatchObject([{ messages: 2, missing: 0, complete: true }]);
  });

  it("says nothing of a link that flaps", () => {
    const place = room(5);
    const { world, sleeper } = place;
    for (let flap = 0; flap < 5; flap += 1) {
      loseAll(place);
      world.run(1_000);
      world.lose = () => false;
      sleeper.command({ type: "network", endpoints: [sleeper.endpoint] });
      world.run(2_000);
    }
    world.run(MINUTE);
    expect(notices(sleeper, "offline")).toEqual([]);
    expect(notices(sleeper, "back")).toEqual([]);
    expect(sleeper.core.stats().peers).toBe(4);
  });

  it("that has woken up waits for one with what it has to say", () => {
    const place = room(5);
    const { world, sleeper } = place;
    sleep(place, SLEEP, 5);
    loseAll(place);
    sleeper.resume();
    world.run(20_000);
    world.lose = () => false;
    sleeper.moveTo("10.0.5.5:62733" as Endpoint);
    world.run(30_000);
    expect(notices(sleeper, "back")).toMatchObject([{ messages: 5, missing: 0, complete: true }]);
  });
});
