// Multicast on systems that have, get and refuse networks. That it works on a real one is tested in namespaces only.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Lan, LanBlocked } from "../../src/net/lan.ts";
import { LAN_GROUPS, openMulticast } from "../../src/net/multicast.ts";
import { describeLan } from "../suites/lan.ts";
import { createSwitch, type FakeHost, info, LOOPBACK } from "./fakeDgram.ts";

describeLan("multicast over sockets without a network", {
  repeats: true,
  open: (count) => {
    const lan = createSwitch();
    return Promise.all(Array.from({ length: count }, () => openMulticast(lan.host())));
  },
});

const beacon = Uint8Array.of(1, 2, 3);
const opened: Lan[] = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "clearTimeout", "clearInterval"] });
});
afterEach(async () => {
  for (const lan of opened.splice(0)) await lan.close();
  vi.useRealTimers();
});

/** One host, its LAN, and the complaints that it makes. */
async function open(prepare: (host: FakeHost) => void = () => {}): Promise<Rig> {
  const host = createSwitch().host();
  prepare(host);
  const lan = await openMulticast({ port: 7, createSocket: host.createSocket, interfaces: host.interfaces });
  opened.push(lan);
  const blocked: LanBlocked[] = [];
  lan.onBlocked((why) => blocked.push(why));
  return { host, lan, blocked };
}
type Rig = { host: FakeHost; lan: Lan; blocked: LanBlocked[] };

/** Lets time pass, and what comes of it happen. */
async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  for (let round = 0; round < 5; round += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe("the group", () => {
  it("is joined on every network, in both families; over the loopback by IPv4 alone", async () => {
    const { host } = await open();
    expect(host.memberships).toEqual([
      `${LAN_GROUPS[4]} 10.0.0.1`,
      `${LAN_GROUPS[4]} 127.0.0.1`,
      `${LAN_GROUPS[6]} ::%eth0`,
    ]);
  });

  it("is sent to with a hop limit of one: no beacon leaves the link", async () => {
    const { host } = await open();
    expect(host.hops).toEqual([1, 1]);
  });

  it("is joined within seconds on a network that comes up later, and again on one that was gone", async () => {
    const { host, lan } = await open((it) => it.plug(LOOPBACK));
    const joins = (): number => host.memberships.filter((each) => each.endsWith(" 10.0.0.9")).length;
    host.plug({ wlan0: [info("10.0.0.9")], ...LOOPBACK });
    await pass(3_500);
    expect(joins()).toBe(1);
    await pass(3_000);
    expect(joins()).toBe(2);
    expect(lan.counters()).toEqual({});
  });

  it("is joined at once on a network that came up just before a broadcast", async () => {
    const { host, lan } = await open((it) => it.plug(LOOPBACK));
    host.plug({ wlan0: [info("10.0.0.9")], ...LOOPBACK });
    lan.broadcast(beacon);
    expect(host.memberships.at(-1)).toBe(`${LAN_GROUPS[4]} 127.0.0.1`);
    expect(host.memberships).toContain(`${LAN_GROUPS[4]} 10.0.0.9`);
  });

  it("that a network refuses is counted once, and the others are joined", async () => {
    const { host, lan } = await open((it) => {
      it.failures.addMembership = "ENODEV";
    });
    await pass(10_000);
    expect(lan.counters()).toEqual({ "join-ENODEV": 3 });
    delete host.failures.addMembership;
    await pass(3_000);
    expect(host.memberships).toHaveLength(3);
  });

  it("is joined as soon as the system gives a socket, if it did not at first", async () => {
    const { host, lan } = await open((it) => {
      it.failures.bind = "EADDRINUSE";
    });
    expect(host.memberships).toEqual([]);
    expect(lan.counters()).toEqual({ "bind-EADDRINUSE": 2 });
    delete host.failures.bind;
    await pass(3_000);
    expect(host.memberships).toHaveLength(3);
  });

  it("survives a system that tells nothing of its interfaces", async () => {
    const { lan } = await open((it) => {
      Object.assign(it, {
        interfaces: () => {
          throw Object.assign(new Error("no"), { code: "EPERM" });
        },
      });
    });
    lan.broadcast(beacon);
    expect(lan.counters()).toEqual({ "interfaces-EPERM": 2 });
  });
});

describe("that multicast is blocked", () => {
  it("is never said where a broadcast comes back", async () => {
    const { lan, blocked } = await open();
    lan.broadcast(beacon);
    await pass(60_000);
    expect(blocked).toEqual([]);
  });

  it("is said once, with the system's reason, where it lets nothing out", async () => {
    const { lan, blocked } = await open((host) => {
      host.failures.send = "EPERM";
    });
    for (let time = 0; time < 5; time += 1) {
      lan.broadcast(beacon);
      await pass(2_900);
      if (time === 0) expect(blocked).toEqual([]);
    }
    expect(blocked).toEqual([{ reason: "sending", port: 7, detail: "EPERM" }]);
    expect(lan.counters()).toEqual({ "send-EPERM": 10 });
  });

  it("is said once where a network cannot even be chosen", async () => {
    const { lan, blocked } = await open((host) => {
      host.failures.setMulticastInterface = "EADDRNOTAVAIL";
    });
    lan.broadcast(beacon);
    await pass(10_000);
    expect(blocked).toEqual([{ reason: "sending", port: 7, detail: "EADDRNOTAVAIL" }]);
  });

  it("is said once where all goes out and nothing comes in", async () => {
    const { lan, blocked } = await open((host) => {
      host.isDeaf = true;
    });
    lan.broadcast(beacon);
    await pass(3_500);
    lan.broadcast(beacon);
    await pass(10_000);
    expect(blocked).toEqual([{ reason: "receiving", port: 7 }]);
  });

  it("is said once where the port is not to be had", async () => {
    const { lan, blocked } = await open((host) => {
      host.failures.bind = "EADDRINUSE";
    });
    lan.broadcast(beacon);
    await pass(20_000);
    expect(blocked).toEqual([{ reason: "port", port: 7, detail: "EADDRINUSE" }]);
  });

  it("is not said of a host that has no network, until it has one", async () => {
    const { host, lan, blocked } = await open((it) => {
      it.plug(LOOPBACK);
      it.isDeaf = true;
    });
    lan.broadcast(beacon);
    await pass(20_000);
    expect(blocked).toEqual([]);
    host.plug({ wlan0: [info("10.0.0.9")], ...LOOPBACK });
    lan.broadcast(beacon);
    await pass(4_000);
    expect(blocked).toEqual([{ reason: "receiving", port: 7 }]);
  });

  it("is not said while nothing is broadcast, nor after it was closed", async () => {
    const { lan, blocked } = await open((host) => {
      host.isDeaf = true;
    });
    await pass(20_000);
    lan.broadcast(beacon);
    await lan.close();
    await pass(20_000);
    expect(blocked).toEqual([]);
  });
});
