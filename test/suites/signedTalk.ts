/** Talks that people have signed, and the files that they make. */

import { historyLines } from "../../src/chat/history/export.ts";
import { headerLine } from "../../src/chat/history/format.ts";
import { type Identity, identityFromSeed } from "../../src/crypto/identity.ts";
import { createRoomKeys, openRoom } from "../../src/crypto/roomKeys.ts";
import { type SignedMessage, signMessage } from "../../src/crypto/signed.ts";
import type { RoomChoice, RoomHandle } from "../../src/node/types.ts";
import { viewMessage } from "../../src/protocol/log/intake.ts";
import type { PeerId } from "../../src/wire/ids.ts";
import { type Said, unsigned } from "./said.ts";

export const LAB: RoomChoice = { name: "lab", private: false, secret: openRoom("lab") };
export const TALK_START = Date.UTC(2026, 0, 31, 12);

export type Talk = {
  /** A second after the one before, which is its parent unless it is said otherwise. */
  readonly say: (name: string, text: string, more?: Said) => SignedMessage;
  readonly messages: readonly SignedMessage[];
};

export function createTalk(room: RoomChoice = LAB): Talk {
  const keys = createRoomKeys(room.secret);
  const people = new Map<string, { readonly identity: Identity; seq: number }>();
  const messages: SignedMessage[] = [];
  return {
    messages,
    say: (name, text, more = {}) => {
      const person = people.get(name) ?? { identity: personOf(name), seq: TALK_START - 1 };
      people.set(name, person);
      person.seq += 1;
      const last = messages.at(-1);
      const content = unsigned({
        nick: name,
        text,
        seq: person.seq,
        hlc: TALK_START + 1_000 * messages.length,
        parents: last === undefined ? [] : [last.id],
        ...more,
      });
      const message = signMessage(keys, person.identity, content);
      messages.push(message);
      return message;
    },
  };
}

export function personOf(name: string): Identity {
  return identityFromSeed(Buffer.alloc(32, `seed of ${name} `));
}

/** Lines in turn of anna and bob. */
export function smallTalk(count: number, room?: RoomChoice): Talk {
  const talk = createTalk(room);
  for (let n = 1; n <= count; n += 1) talk.say(n % 2 === 1 ? "anna" : "bob", `line ${n}`);
  return talk;
}

/** The lines of the file that holds these and no others. */
export async function fileOf(messages: readonly SignedMessage[], room: RoomChoice = LAB): Promise<string[]> {
  const signed = async (take: (batch: readonly SignedMessage[]) => void | Promise<void>): Promise<number> => {
    for (let from = 0; from < messages.length; from += 3) await take(messages.slice(from, from + 3));
    return 0;
  };
  const read: RoomHandle["read"] = async (ids) =>
    ids.map((id) => {
      const message = messages.find((one) => one.id === id);
      return message && viewMessage(message, "" as PeerId, true);
    });
  const ofKinds: RoomHandle["ofKinds"] = (kinds) =>
    messages
      .filter(({ content }) => kinds.includes(content.kind))
      .map(({ id, content: { author, kind, target } }) => ({ id, author, kind, target }));
  return allOf(historyLines({ choice: room, signed, read, ofKinds }));
}

export async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export function asInput(lines: readonly string[]): Iterable<Uint8Array> {
  return [Buffer.from(lines.map((line) => `${line}\n`).join(""))];
}

export const LAB_HEADER = headerLine({ name: "lab", private: false, id: LAB.secret.id });
