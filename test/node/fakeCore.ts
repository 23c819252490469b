// A core that does what a test tells it: for what is around a core.

import type { Core, Effect, Input } from "../../src/protocol/api.ts";
import type { ChatEvent } from "../../src/protocol/events.ts";
import type { Millis, Now } from "../../src/protocol/time.ts";
import type { CoreStats, PeerView } from "../../src/protocol/views.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";
import type { BootId, MessageId } from "../../src/wire/ids.ts";

export type FakeCore = Core & {
  /** Everything handed to it, in order. */
  readonly inputs: { readonly input: Input; readonly now: Now }[];
  deadline: Millis | undefined;
  busy: boolean;
};

export function fakeCore(respond: (input: Input, now: Now) => Effect[] = () => []): FakeCore {
  /** BOUNDED: by the test. What is sent by inputs that were held back. */
  const heldBack: Effect[] = [];
  const release = (): Effect[] => heldBack.splice(0);
  const core: FakeCore = {
    inputs: [],
    deadline: undefined,
    busy: false,
    knowsBoot: () => false,
    handle: (input, now, holdBack = false) => {
      core.inputs.push({ input, now });
      const effects = respond(input, now);
      if (!holdBack) return [...release(), ...effects];
      heldBack.push(...effects.filter(isSent));
      return effects.filter((effect) => !isSent(effect));
    },
    flush: release,
    nextDeadline: () => core.deadline,
    boot: () => "00".repeat(8) as BootId,
    self: () => noPeer,
    peers: () => [],
    ids: () => [],
    ofKinds: () => [],
    isHere: () => false,
    isInRoom: () => true,
    isSeeking: () => false,
    isBusy: () => core.busy,
    unstored: () => 0,
    tables: () => ({}),
    logState: () => ({ fingerprint: "", held: 0 }),
    span: () => ({ oldest: undefined, isWhole: false, gapsUntil: undefined }),
    stats: () => noStats,
    undelivered: () => 0,
  };
  return core;
}

export const ENDPOINT = "127.0.0.1:9" as Endpoint;

export const datagram = (n: number): Input => ({ type: "datagram", bytes: Uint8Array.of(n), from: ENDPOINT });
export const transmit = (n: number): Effect => ({ type: "transmit", bytes: Uint8Array.of(n), to: ENDPOINT });
export const idOf = (n: number): MessageId => String(n).padStart(48, "0") as MessageId;
/** Without a ticket nobody is told what it came to. */
export const append = (n: number, ticket?: number): Effect => ({
  type: "append",
  ticket,
  messages: [{ id: idOf(n), bytes: Uint8Array.of(n) }],
  isOwn: false,
});
export const trim = (n: number): Effect => ({ type: "trim", ids: [idOf(n)] });
/** An event that a test can tell apart by its number. */
export const emit = (n: number): Effect => ({ type: "emit", event: event(n) });
export const event = (n: number): ChatEvent => ({ type: "notice", notice: { code: "clock-skew", aheadMs: n } });

const isSent = ({ type }: Effect): boolean => type === "transmit" || type === "broadcast";

const noPeer = { id: "", tag: "", nick: "", status: "alive", rttMs: undefined } as unknown as PeerView;
const noStats: CoreStats = {
  peers: 0,
  messages: 0,
  datagramsIn: 0,
  datagramsOut: 0,
  bytesIn: 0,
  bytesOut: 0,
  payloadsIn: 0,
  payloadsOut: 0,
  relayed: 0,
  relayedPerMessageMax: 0,
  retries: 0,
  clockAheadMs: 0,
  dropped: {},
};
