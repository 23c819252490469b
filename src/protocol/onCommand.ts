/** Performs the commands of a person or program. Each has one outcome: done, or refused with a code. */
import { NICK_BYTES_MAX } from "../wire/bodies/text.ts";
import type { MessageId } from "../wire/ids.ts";
import { encodeText } from "../wire/text.ts";
import type { Command, Outcome } from "./api.ts";
import type { ChatError } from "./events.ts";
import type { Partition } from "./liveness/partition.ts";
import { letOldGo } from "./log/age.ts";
import type { Backpressure } from "./log/backpressure.ts";
import { importMessages } from "./log/imports.ts";
import { setBudget } from "./log/log.ts";
import type { Components } from "./onDatagram.ts";
import { hurry } from "./relay/outbox.ts";
import { sample } from "./rng.ts";

export type OnCommand = {
  readonly run: (command: Command) => Outcome;
  /** Datagrams and beacons count. */
  readonly isInRoom: () => boolean;
};

/** Peers that a leaving node tells itself; they tell the others. */
const FAREWELLS = 20;

export function createOnCommand(components: Components, partition: Partition, backpressure: Backpressure): OnCommand {
  const { context, membership, probe, holePunching, knocks, reconnect, discovery, resume } = components;
  const { relay, outbox, reconciliation, intake, newcomer, blobFetch, log } = components;
  let inRoom = true;

  const said = (say: () => MessageId | ChatError): Outcome => {
    if (!inRoom) return refused({ code: "not-in-room" });
    const waiting = backpressure.take();
    if (waiting !== undefined) return refused({ code: "busy", waiting });
    const id = say();
    if (typeof id !== "string") return refused(id);
    relay.publish(id);
    return { isDone: true, id };
  };
  const lookAround = (): void => {
    // Whom this node did not hear through its own fault did not split from it.
    if (resume.isActive()) partition.reset();
    discovery?.start();
  };
  const enter = (): void => {
    inRoom = true;
    membership.setPresent(true);
    probe.start();
    reconnect.start();
    discovery?.start();
  };
  const leave = (): Outcome => {
    if (!inRoom) return refused({ code: "not-in-room" });
    inRoom = false;
    // The process may be about to end.
    hurry(outbox);
    membership.setPresent(false);
    const farewell = { type: "statement", bytes: membership.own().bytes } as const;
    for (const member of sample(context.rng, membership.present(), FAREWELLS))
      context.link.send(membership.session(member), farewell);
    reconnect.leave();
    resume.stop();
    membership.forgetAll();
    partition.reset();
    probe.stop();
    holePunching.stop();
    knocks.stop();
    discovery?.stop();
    blobFetch.stop();
    reconciliation.stop();
    context.emit({ type: "notice", notice: { code: "left-room" } });
    return done;
  };
  const rename = (nick: string): Outcome => {
    const bytes = encodeText(nick).length;
    if (bytes === 0 || bytes > NICK_BYTES_MAX) return refused({ code: "bad-nick", nick, limit: NICK_BYTES_MAX });
    membership.rename(nick);
    return done;
  };

  return {
    isInRoom: () => inRoom,
    run: (command) => {
      switch (command.type) {
        case "say":
          return said(() => intake.say(command.text, command.kind, membership.own().content.nick, command.target));
        case "publish":
          return said(() => intake.publish(command.kind, command.body, command.target));
        case "import":
          return { isDone: true, id: undefined, imported: importMessages(components, command.messages) };
        case "join":
          if (!inRoom) enter();
          // Whoever answers first, the contact or someone it told, what comes then is history.
          if (membership.presentCount() === 0) newcomer.begin();
          knocks.join(command.endpoints);
          return done;
        case "leave":
          return leave();
        case "rename":
          return rename(command.nick);
        case "configure": {
          const { type: _, ...changes } = command;
          context.config = { ...context.config, ...changes };
          context.trim(setBudget(log, context.config));
          intake.showInOrder(letOldGo(context, log));
          return done;
        }
        case "resumed":
          if (command.start !== undefined) {
            context.link.restart(command.start);
            membership.reannounce();
          }
          if (!inRoom) return done;
          resume.resumed(command.goneMs);
          lookAround();
          return done;
        case "network":
          if (!inRoom) membership.network(command.endpoints);
          else if (resume.network(command.endpoints)) lookAround();
          return done;
      }
    },
  };
}

// --- internal ---

const done: Outcome = { isDone: true, id: undefined };

function refused(error: ChatError): Outcome {
  return { isDone: false, error };
}
