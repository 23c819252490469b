/** What happens of itself: each row of the timer table goes to the part that it belongs to. */
import type { TimerRow } from "./context.ts";
import type { Split } from "./liveness/partition.ts";
import type { Inbound, Parts } from "./onDatagram.ts";

/** Returns what is done with a row that is due. */
export function createDue(parts: Parts, inbound: Inbound, split: Split): (row: TimerRow) => void {
  const {
    context,
    membership,
    probe,
    introductions,
    contact,
    reconnect,
    discovery,
    homecoming,
    relay,
    reconciliation,
    speech,
    arrival,
    wants,
    transfer,
  } = parts;
  const { link, timers, emit } = context;
  return (row) => {
    switch (row.type) {
      case "lost":
        return inbound.lost(row.counter);
      case "ack":
        return link.ackDue(row.boot);
      case "start":
        if (membership.presentCount() > 0 || contact.isTrying()) return;
        speech.deliver(arrival.giveUp());
        return emit({ type: "notice", notice: { code: "alone", unreachable: 0 } });
      case "beacon":
        return discovery?.tick();
      case "probe":
        return probe.tick();
      case "probe-deadline":
        return probe.deadline(row.peer);
      case "introduction":
        return introductions.ping(row.peer);
      case "suspicion":
        return membership.suspicionExpired(row.peer);
      case "gossip":
        return probe.gossip();
      case "cleanup":
        for (const { endpoint, id } of membership.cleanup()) reconnect.lost(endpoint, id);
        return timers.set("cleanup", context.now.mono + context.config.cleanupIntervalMs, row);
      case "homecoming":
        return homecoming.check();
      case "offline":
        return homecoming.offline();
      case "recall":
        return reconnect.recall();
      case "retry":
        return reconnect.retry();
      case "split":
        return split.check();
      case "contact":
        return contact.retry(row.endpoint);
      case "want":
        return wants.askAgain(row.prefix);
      case "transfer":
        return transfer.onTimer(row.key);
      case "catch-up":
        return reconciliation.onPagesLate(row.set, row.boot, row.number);
      case "reconcile": {
        const session = link.sessions.get(row.boot);
        if (session !== undefined) reconciliation.begin(session, row.set);
        return;
      }
      case "gate":
        return speech.giveUp();
      case "sync":
        return speech.deliver(arrival.check(reconciliation.isFetching("log") || transfer.isActive()));
      case "receipt":
        return relay.onDeadline(row.id, row.task);
    }
  };
}
