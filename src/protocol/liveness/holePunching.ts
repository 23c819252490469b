/**
 * Reaches a peer behind another NAT (hole punching: Ford, Srisuresh, Kegel 2005, §3). A third node, which both sides
 * reach, tells each of them where it sees the other, and both ping.
 *
 * The first ping opens the NAT of this side and dies before it reaches the other NAT. Otherwise the other NAT might take
 * the unexpected datagram for itself, hold the port from then on, and give the peer another port for this node.
 */
import { type Endpoint, isLinkLocal, isLoopback } from "../../wire/endpoint.ts";
import type { Frame } from "../../wire/frames.ts";
import type { PeerId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import { QUIET_HOPS } from "../link/link.ts";
import type { Session } from "../link/session.ts";
import type { Membership } from "../membership/membership.ts";
import type { Millis } from "../time.ts";

export type HolePunching = {
  /** A proven session says where a peer is. */
  readonly introduced: (frame: Frame & { readonly type: "introduce" }, by: Session) => void;
  /** The next ping is due. */
  readonly ping: (peer: PeerId) => void;
  readonly stop: () => void;
  readonly size: () => number;
};

/**
 * When pings follow that go all the way: the other side has been told by then, and has opened its NAT. With the first one, of
 * 36 bytes each, they are less than twice what an introduction has at least: nobody is made to flood an invented address.
 */
const PINGS_AT_MS: readonly Millis[] = [300, 600, 1_200];
/** A NAT forgets within 30 s what was not answered: so the next time begins afresh. Who introduces waits a little longer. */
const AGAIN_MS: Millis = 30_000;
/** BOUNDED: introductions of the last AGAIN_MS. */
export const HOLE_PUNCHES_MAX = 64;

type Introduction = { readonly endpoint: Endpoint; readonly since: Millis; pings: number };

export function createHolePunching(context: Context, membership: Membership): HolePunching {
  const { link, timers, counters } = context;
  /** The oldest first. */
  const latest = new Map<PeerId, Introduction>();

  const forgetOld = (): void => {
    for (const [peer, { since }] of latest) {
      if (context.now.mono - since < AGAIN_MS) return;
      latest.delete(peer);
    }
  };
  const schedule = (peer: PeerId, { since, pings }: Introduction): void => {
    const afterMs = PINGS_AT_MS[pings];
    if (afterMs !== undefined) timers.set(`hole-punch ${peer}`, since + afterMs, { type: "hole-punch", peer });
  };

  return {
    introduced: ({ peer, endpoint }, by) => {
      if (by.peer === undefined || !membership.isHere(by.peer)) return counters.drop("introduction-by-stranger");
      const session = membership.sessionOf(peer);
      if (session === undefined || isLoopback(endpoint) || isLinkLocal(endpoint))
        return counters.drop("introduction-refused");
      if (session.standing === "validated" && session.endpoint === endpoint && session.unanswered === 0) return;
      forgetOld();
      if (latest.has(peer) || latest.size >= HOLE_PUNCHES_MAX) return counters.drop("introduction-too-soon");
      const introduction = { endpoint, since: context.now.mono, pings: 0 };
      latest.set(peer, introduction);
      link.pingAt(session, endpoint, QUIET_HOPS);
      schedule(peer, introduction);
    },
    ping: (peer) => {
      const introduction = latest.get(peer);
      const session = membership.sessionOf(peer);
      if (introduction === undefined || session === undefined) return;
      if ((session.heardAt ?? Number.NEGATIVE_INFINITY) >= introduction.since && session.standing === "validated")
        return;
      link.pingAt(session, introduction.endpoint);
      introduction.pings += 1;
      schedule(peer, introduction);
    },
    stop: () => {
      for (const peer of latest.keys()) timers.clear(`hole-punch ${peer}`);
      latest.clear();
    },
    size: () => latest.size,
  };
}
