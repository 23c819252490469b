/** Takes the answers of the store in: messages that it wrote or refused, and bodies that it read. */
import { readMessage, verifyMessage } from "../crypto/signed.ts";
import type { MessageId } from "../wire/ids.ts";
import type { StoreTrouble } from "./api.ts";
import type { Session } from "./link/session.ts";
import { answerWith, isKeptForm } from "./log/answer.ts";
import { loseMessages } from "./log/log.ts";
import { type Errand, settleRead } from "./log/reads.ts";
import { putBody } from "./log/recentBodies.ts";
import { isWritten, settleBatch, takeOwed } from "./log/writes.ts";
import type { Components } from "./onDatagram.ts";
import { itemOf, sendPages } from "./sync/replicas.ts";
import type { Millis } from "./time.ts";

export type OnStore = {
  readonly written: (ticket: number, trouble: StoreTrouble | undefined) => void;
  readonly read: (
    ticket: number,
    bodies: readonly (Uint8Array | undefined)[],
    trouble: StoreTrouble | undefined,
  ) => void;
  readonly erased: (ids: readonly MessageId[], trouble: StoreTrouble | undefined) => void;
  readonly lost: (ids: readonly MessageId[]) => void;
};

/** What the store refused is written again after this time. */
const WRITE_AGAIN_MS: Millis = 5_000;

export function createOnStore(components: Components): OnStore {
  const { context, log, writes, reads, relay } = components;
  const { link, timers, counters, emit, roomKeys } = context;
  /** The user was told that the store refuses, and not yet that it takes messages again. */
  let isFailing = false;

  const refused = (trouble: StoreTrouble, own: readonly MessageId[]): void => {
    counters.drop("not-stored");
    if (!isFailing || own.length > 0) {
      const { code: reason, detail } = trouble;
      emit({ type: "error", error: { code: "not-stored", reason, detail, messages: writes.refused.size, own } });
    }
    isFailing = true;
    writeLater();
  };
  const writeLater = (): void => {
    if (!timers.has("write-again"))
      timers.set("write-again", context.now.mono + WRITE_AGAIN_MS, { type: "write-again" });
  };
  const kept = (ids: readonly MessageId[], own: readonly MessageId[]): void => {
    if (own.length > 0) emit({ type: "stored", ids: own });
    for (const id of ids) relay.onStored(id);
    if (!isFailing || writes.refused.size > 0) return;
    isFailing = false;
    emit({ type: "notice", notice: { code: "storing-again" } });
  };
  /** The bodies by id, each only if it is that message: a disk may give back anything. */
  const checked = (ids: readonly MessageId[], bodies: readonly (Uint8Array | undefined)[]): Map<string, Uint8Array> => {
    const found = new Map<string, Uint8Array>();
    for (const [at, id] of ids.entries()) {
      const message = bodies[at] && readMessage(roomKeys, bodies[at]);
      // The id is that of what was signed: a damaged signature has the same.
      if (message === undefined || message.id !== id || !verifyMessage(roomKeys, message)) {
        counters.drop("body-unreadable");
        continue;
      }
      // Read before the store had erased it: that is not sent to anybody, nor is it lost.
      if (log.index.ids.has(id) && !isKeptForm(log, id, message.bytes)) {
        counters.drop("body-erased");
        continue;
      }
      putBody(log.recent, id, message.bytes);
      found.set(id, message.bytes);
    }
    return found;
  };
  /**
   * What the store confirmed and has no more is let go of, so that the next comparison brings it again. What it has not
   * confirmed is not looked for there.
   */
  const lost = (ids: readonly MessageId[], wasShown: boolean): void => {
    const inStoreAlone = ids.filter(
      (id) => isWritten(writes, id) && !log.recent.bodies.has(id) && !writes.erasing.has(id),
    );
    const gone = loseMessages(log, inStoreAlone, wasShown);
    for (const _ of gone) counters.drop("lost");
    context.trim(gone);
  };
  const run = (errand: Errand, to: Session, found: ReadonlyMap<string, Uint8Array>): void => {
    switch (errand.type) {
      case "give":
        for (const id of errand.ids) {
          const bytes = found.get(id);
          if (bytes === undefined) continue;
          counters.count("payloadsOut");
          link.send(to, answerWith(id, bytes), { isBulk: errand.isBulk });
        }
        return;
      case "pages":
        return sendPages(context, to, "log", errand.pages, (id) =>
          itemOf(log, id as MessageId, found.get(id) ?? log.recent.bodies.get(id as MessageId)),
        );
      case "chunks": {
        const bytes = found.get(errand.id);
        if (bytes !== undefined) components.blobServer.serve(to, errand.id, bytes, errand.chunks);
      }
    }
  };

  return {
    written: (ticket, trouble) => {
      const batch = settleBatch(writes, ticket, trouble === undefined, (id) => log.index.ids.has(id));
      if (batch === undefined) return;
      if (trouble !== undefined) return refused(trouble, batch.own);
      for (const received of takeOwed(batch)) link.acknowledge(received, 0, context.now.mono);
      kept(
        batch.messages.map(({ id }) => id),
        batch.own,
      );
    },
    erased: (ids, trouble) => {
      if (trouble !== undefined) {
        counters.drop("not-erased");
        return writeLater();
      }
      for (const id of ids) writes.erasing.delete(id);
    },
    lost: (ids) => lost(ids, false),
    read: (ticket, bodies, trouble) => {
      const settled = settleRead(reads, ticket);
      if (settled === undefined) return;
      const found = checked(settled.ids, bodies);
      if (trouble === undefined)
        lost(
          settled.ids.filter((id) => !found.has(id)),
          true,
        );
      for (const errand of settled.errands) {
        const to = link.sessions.get(errand.to);
        if (to !== undefined) run(errand, to, found);
      }
    },
  };
}
