/** JSON mode: one object per line in and out, for programs. */
import type { Refusal } from "../chat/model/events.ts";
import type { Session } from "../chat/session/session.ts";
import { causalFeed } from "../chat/stream/causalFeed.ts";
import { runStreamFace, type StreamFaceOptions } from "../chat/stream/face.ts";
import { LINE_BYTES_MAX } from "../chat/stream/lines.ts";
import type { RoomHandle } from "../node/types.ts";
import { readInput } from "./input.ts";
import { jsonDone, jsonError, jsonLine, jsonOf, jsonReady, refOf, type Seen } from "./output.ts";

/** Resolves when the session has ended and its last line is written. */
export function runJson(session: Session, options: StreamFaceOptions): Promise<void> {
  return runStreamFace(session, options, (output) => {
    const write = (value: object): void => output.line(jsonLine(value));
    /** BOUNDED: by the rooms that are named in one line. Undefined: everything is told. */
    let subscribed: ReadonlySet<RoomHandle> | undefined;

    const here = (): object => ({ room: session.label(session.room()) });

    const seen = (): Seen => ({ ...session.trust(), self: session.room().self().id });

    write(jsonReady(session, options.version));
    session.subscribe(
      causalFeed((event, room) => {
        // An answer is told whatever room it is about.
        if (event.ref === undefined && event.type === "chat" && subscribed?.has(room) === false) return;
        for (const value of jsonOf(event, session.label(room), seen())) write(value);
      }),
      output.ready,
    );
    return async (line) => {
      if (line.type === "too-long") {
        const text = `a line may have ${LINE_BYTES_MAX} bytes`;
        return write({ ...jsonError("input-too-long", text, { limit: LINE_BYTES_MAX }), ...here() });
      }
      const read = readInput(line.text);
      const { ref } = read;
      const refuse = (refusal: Refusal): void => {
        for (const value of jsonOf({ type: "refusal", refusal, ref }, session.label(session.room()), seen()))
          write(value);
      };
      if (read.type === "bad-input")
        return write({ ...jsonError("bad-input", read.reason, {}), ...here(), ...refOf(ref) });
      if (read.type === "subscribe") {
        const rooms = read.rooms?.map((name) => roomNamed(session, name));
        const unknown = rooms?.find((room) => "code" in room);
        if (unknown !== undefined) return refuse(unknown as Refusal);
        subscribed = rooms === undefined ? undefined : new Set(rooms as RoomHandle[]);
        return ref === undefined ? undefined : write({ ...jsonDone(), ...here(), ref });
      }
      if (read.type === "refused") return refuse(read.refusal);
      const room = read.room === undefined ? undefined : roomNamed(session, read.room);
      if (room !== undefined && "code" in room) return refuse(room);
      if (read.type === "search") return session.search(read.asked, read.limit, ref, room);
      if (read.type === "history") return session.history(read.asked, ref, room);
      if (read.type === "say") return session.say(read.text, read.kind, ref, room, read.target);
      return session.line(read.text, ref, room);
    };
  });
}

// --- internal ---

function roomNamed(session: Session, name: string): RoomHandle | Refusal {
  const [room, ...others] = session.named(name);
  if (room === undefined) return { code: "unknown-room", name };
  if (others.length === 0) return room;
  return { code: "several-rooms", name, labels: [room, ...others].map(session.label) };
}
