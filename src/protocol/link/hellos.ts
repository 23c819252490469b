/**
 * Hellos: datagrams that are sealed with a key which every member can derive. One says who its sender is, by a
 * statement that only the sender can have signed. Beyond that nothing in it counts, whoever made it.
 */
import type { RoomKeys } from "../../crypto/roomKeys.ts";
import { readStatement, type SignedStatement, verifyStatement } from "../../crypto/signed.ts";
import { SEAL_BYTES } from "../../wire/datagram.ts";
import type { Frame } from "../../wire/frames.ts";
import { type BootId, type LinkKey, toHex } from "../../wire/ids.ts";
import type { Millis } from "../time.ts";
import type { Session } from "./session.ts";

/** BOUNDED: HELLOS_MAX. Those that came lately, by the beginnings of their seals. */
export type Hellos = Set<string>;

const HELLOS_MAX = 4_096;
/** Of one session: a hello that is not acknowledged is sent again. */
const HELLO_ACKS_MAX = 4;

/** True: the same has come before, so this one is a replay. */
export function wasSeen(hellos: Hellos, datagram: Uint8Array): boolean {
  const seal = toHex(datagram.subarray(-SEAL_BYTES, -SEAL_BYTES / 2));
  if (hellos.has(seal)) return true;
  hellos.add(seal);
  if (hellos.size > HELLOS_MAX) hellos.delete(hellos.values().next().value as string);
  return false;
}

/** What a node takes of it. */
export function framesOfHello(frames: readonly Frame[]): Frame[] {
  return frames.filter(({ type }) => OF_HELLO.has(type));
}

/** What this process start says of itself in the hello. Not verified. */
export function ownStatementIn(boot: BootId, frames: readonly Frame[]): SignedStatement | undefined {
  for (const frame of frames) {
    const statement = frame.type === "statement" ? readStatement(frame.bytes) : undefined;
    if (statement?.content.boot === boot) return statement;
  }
  return undefined;
}

/** The link key that the statement names, if its signature holds. */
export function linkKeyIn(statement: SignedStatement | undefined, roomKeys: RoomKeys): LinkKey | undefined {
  return statement !== undefined && verifyStatement(roomKeys, statement) ? statement.content.linkKey : undefined;
}

/** It is acknowledged in a frame of its own. */
export function oweHelloAck({ owedHelloAcks }: Session, counter: number, echo: number, at: Millis): void {
  if (owedHelloAcks.length < HELLO_ACKS_MAX) owedHelloAcks.push({ counter, echo, at });
}

/** After `vain` datagrams in a row: most likely nobody is there, but perhaps the peer does not know this node. */
export function mayBeUnknown(vain: number): boolean {
  return vain > 0 && (vain & (vain - 1)) === 0;
}

// --- internal ---

const OF_HELLO: ReadonlySet<Frame["type"]> = new Set(["statement", "ping", "padding", "unknown"]);
