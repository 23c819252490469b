/**
 * The people whose keys are known: a list for each identity of a data directory, `people` beside `identity`, `people-2` beside
 * `identity-2`. It says whom one has verified and whom one ignores, so it is for its owner alone. A line is a key, the days since
 * which it is known and has this nick, `verified` or `known`, `ignored` or `heard`, and the nick in quotation marks.
 */
import { join } from "node:path";
import type { PeerId } from "../wire/ids.ts";
import { type ListFile, type ListForm, openListFile } from "./listFile.ts";

/** `since`: the day on which the key was first seen, `2026-01-31`; `nickSince`: first seen with this nick. */
export type KnownPerson = {
  readonly id: PeerId;
  readonly nick: string;
  readonly since: string;
  readonly nickSince: string;
  readonly verified: boolean;
  readonly ignored: boolean;
};

/** In the order in which they were last seen. */
export type PeopleFile = ListFile<KnownPerson>;

/** `slot`: of the identity in that directory. Never rejects. */
export function openPeopleFile(dataDir: string, slot: number): Promise<PeopleFile> {
  return openListFile(join(dataDir, slot === 1 ? "people" : `people-${slot}`), FORM);
}

// --- internal ---

const FORM: ListForm<KnownPerson> = {
  name: "people",
  readLine,
  lineOf: ({ id, nick, since, nickSince, verified, ignored }) =>
    `${id} ${since} ${nickSince} ${verified ? "verified" : "known"} ${ignored ? "ignored" : "heard"} ${JSON.stringify(nick)}`,
  keyOf: ({ id }) => id,
};

const LINE =
  /^(?<id>[0-9a-f]{64}) (?<since>\d{4}-\d\d-\d\d) (?<nickSince>\d{4}-\d\d-\d\d) (?<verified>verified|known) (?<ignored>ignored|heard) (?<nick>"[^\n]{0,400}")$/u;

function readLine(line: string): KnownPerson | undefined {
  const { id, since = "", nickSince = "", verified, ignored, nick = "" } = LINE.exec(line)?.groups ?? {};
  if (id === undefined) return undefined;
  const read = nickIn(nick);
  if (read === undefined) return undefined;
  return {
    id: id as PeerId,
    nick: read,
    since,
    nickSince,
    verified: verified === "verified",
    ignored: ignored === "ignored",
  };
}

function nickIn(text: string): string | undefined {
  try {
    const nick: unknown = JSON.parse(text);
    return typeof nick === "string" ? nick : undefined;
  } catch {
    return undefined;
  }
}
