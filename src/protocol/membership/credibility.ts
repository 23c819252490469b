/**
 * What an informant has earned. If it told of many peers that were met since, more of its candidates are believed at once.
 * If nobody met the peers it told of, it is ignored for a while. (Slow start, RFC 5681, with trust in place of bandwidth.)
 */
import type { PeerId } from "../../wire/ids.ts";

export type Informant = {
  readonly name: string;
  /** Of the peers it told of first: met since. */
  met: number;
  /** Given up; halved with each CLEANUP_INTERVAL. */
  failed: number;
  /** Members on its word alone. */
  credited: number;
  /** Members because it says that they answered. */
  vouched: number;
  /** Being greeted. */
  greeting: number;
  /** To be greeted. BOUNDED: a quarter of `limits.candidates`. */
  readonly queue: PeerId[];
};

/** Who told of so many that were met, and of at most a fourth as many that were not, is believed: */
const TRUSTED_FROM = 4;
const TRUSTED_FAILED = 1 / 4;
/** so many at a time, and so many more for each that was met. */
const CREDIT_FIRST = 32;
const CREDIT_PER_MET = 16;
/** Nobody answered of so many, and fewer than that were met. */
const NOT_HEEDED_FROM = 8;
/** Peers that one source vouches for, besides one for each that was met. */
const VOUCHED_MAX = 16;

export function createInformant(name: string): Informant {
  return { name, met: 0, failed: 0, credited: 0, vouched: 0, greeting: 0, queue: [] };
}

export function isTrusted({ met, failed }: Informant): boolean {
  return met >= TRUSTED_FROM && failed <= met * TRUSTED_FAILED;
}

export function hasCredit(informant: Informant): boolean {
  return isTrusted(informant) && informant.credited < CREDIT_FIRST + CREDIT_PER_MET * informant.met;
}

/** Whether anything that it says of unknown peers is to be looked at. */
export function isHeeded({ met, failed }: Informant): boolean {
  return failed < NOT_HEEDED_FROM || failed <= met;
}

export function mayVouch({ met, vouched }: Informant): boolean {
  return vouched < VOUCHED_MAX + met;
}

export function isForgettable({ met, failed, credited, vouched, greeting, queue }: Informant): boolean {
  return met + failed + credited + vouched + greeting + queue.length === 0;
}
