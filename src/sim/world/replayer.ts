/** An outsider without the room's key. It hears what passes, and sends old datagrams again. */
import { below, type Rng } from "../../protocol/rng.ts";
import type { Millis } from "../../protocol/time.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import type { Agenda } from "./agenda.ts";
import { OUTSIDER } from "./endpoints.ts";
import type { VirtualNetwork } from "./network.ts";

type Heard = { readonly bytes: Uint8Array; readonly from: Endpoint; readonly to: Endpoint };

/** BOUNDED: datagrams it remembers, a random older one makes room. */
const HEARD_MAX = 2_000;

/** For `forMs`, `perSecond` times a second. */
export function startReplayer(
  world: { readonly agenda: Agenda; readonly network: VirtualNetwork; readonly rng: Rng },
  endpoints: readonly Endpoint[],
  forMs: Millis,
  perSecond: number,
): void {
  const { agenda, network, rng } = world;
  const heard: Heard[] = [];
  const until = agenda.now() + forMs;
  let isOwn = false;
  const stop = network.watch((bytes, from, to) => {
    if (isOwn) return;
    if (heard.length < HEARD_MAX) heard.push({ bytes, from, to });
    else heard[below(rng, HEARD_MAX)] = { bytes, from, to };
  });
  network.listen(OUTSIDER, () => undefined);
  const replay = (): void => {
    const old = heard[below(rng, Math.max(heard.length, 1))];
    if (old === undefined) return;
    isOwn = true;
    const elsewhere = endpoints[below(rng, endpoints.length)] as Endpoint;
    switch (below(rng, 4)) {
      case 0:
        // As it was, only late.
        network.send(old.bytes, old.from, old.to);
        break;
      case 1:
        network.send(old.bytes, OUTSIDER, old.to);
        break;
      case 2:
        network.send(old.bytes, OUTSIDER, elsewhere);
        break;
      default:
        network.send(old.bytes, elsewhere, old.to);
    }
    isOwn = false;
  };
  const tick = (): void => {
    if (agenda.now() >= until) {
      stop();
      return;
    }
    replay();
    agenda.at(agenda.now() + 1_000 / perSecond, tick);
  };
  tick();
}
