/** Hands each timer that is due to the room that set it. */
import type { TimerRow } from "./context.ts";
import type { Partition } from "./liveness/partition.ts";
import { letOldGo } from "./log/age.ts";
import { askAgainListed } from "./log/listedWants.ts";
import { loosen } from "./log/log.ts";
import { authorOf, isErased } from "./log/messageIndex.ts";
import { writeAgain } from "./log/writes.ts";
import type { Components } from "./onDatagram.ts";
import { hurry } from "./relay/outbox.ts";

/** Returns what is done with a row that is due. */
export function createOnTimer(components: Components, partition: Partition): (row: TimerRow) => void {
  const { context, membership, probe, holePunching, knocks, reconnect, discovery, resume, relay } = components;
  const { reconciliation, intake, newcomer, wants, blobFetch, log, writes, outbox } = components;
  const { link, timers, emit } = context;
  return (row) => {
    switch (row.type) {
      case "lost":
        return link.lost(row.counter, context.now.mono);
      case "ack":
        return link.ackDue(row.boot);
      case "start":
        if (membership.presentCount() > 0 || knocks.isTrying()) return;
        intake.showInOrder(newcomer.giveUp());
        return emit({ type: "notice", notice: { code: "alone", unreachable: 0 } });
      case "beacon":
        return discovery?.tick();
      case "probe":
        return probe.tick();
      case "probe-deadline":
        return probe.deadline(row.peer);
      case "hole-punch":
        return holePunching.ping(row.peer);
      case "suspicion":
        return membership.suspicionExpired(row.peer);
      case "look":
        return probe.look(row.peer);
      case "announce":
        return membership.announceDue();
      case "gossip":
        return probe.gossip();
      case "cleanup":
        for (const { endpoint, id } of membership.cleanup()) reconnect.lost(endpoint, id);
        intake.showInOrder(letOldGo(context, log));
        loosen(log);
        return timers.set("cleanup", context.now.mono + context.config.cleanupIntervalMs, row);
      case "resume":
        return resume.check();
      case "offline":
        return resume.offline();
      case "recall":
        return reconnect.recall();
      case "retry":
        return reconnect.retry();
      case "partition":
        return partition.check();
      case "knock":
        return knocks.retry(row.endpoint);
      case "want":
        return wants.askAgain(row.id);
      case "want-listed":
        return askAgainListed(context, wants.listed, row.number);
      case "fetch-blob":
        return blobFetch.onTimer(row.key);
      case "download":
        return reconciliation.onPagesLate(row.set, row.boot, row.number);
      case "reconcile": {
        const session = link.sessions.get(row.boot);
        if (session !== undefined) reconciliation.begin(session, row.set);
        return;
      }
      case "causal-order":
        return intake.giveUp();
      case "newcomer":
        return intake.showInOrder(newcomer.check(reconciliation.isFetching("log") || blobFetch.isActive()));
      case "receipt":
        return relay.onDeadline(row.id, row.task);
      case "marks":
        return hurry(outbox);
      case "write-again":
        writeAgain(writes, (id) => authorOf(log.index, id) === context.identity.id);
        return context.erase([...writes.erasing.values()].filter(({ id }) => isErased(log.index, id)));
    }
  };
}
