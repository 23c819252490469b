/**
 * The two classes of messages, each with a retention of its own: those that a datagram carries, and large ones, which travel
 * in chunks. So the number of messages that are kept bounds their bytes, too, and long texts do not push out short ones.
 */
import { PUSH_BYTES_MAX } from "../../wire/blob.ts";
import { MESSAGE_BYTES_MAX } from "../../wire/envelope.ts";
import { createRetention, type IsOlder, type Retention } from "./retention.ts";

export type Classes = { readonly small: Retention; readonly large: Retention };

/** A node keeps one large message for so many others, and at least one. */
export const LARGE_ONE_IN = 20;
/** Large messages take no more bytes than that, however many others are kept. */
export const LARGE_BYTES_IN_ALL = 64 * 2 ** 20;

/** Does not fit a push: its id travels, and whoever lacks it fetches it. `size`: bytes of the message. Its class goes by the whole form. */
export function isLarge(size: number): boolean {
  return size > PUSH_BYTES_MAX;
}

/** Large messages that are kept beside `most` others. */
export function largeMost(most: number): number {
  return Math.min(Math.max(Math.floor(most / LARGE_ONE_IN), 1), Math.floor(LARGE_BYTES_IN_ALL / MESSAGE_BYTES_MAX));
}

/** Messages of both classes that are kept beside each other. */
export function mostInAll(most: number): number {
  return most + largeMost(most);
}

/** Bytes of all messages that are kept, at most. */
export function bytesMost(most: number): number {
  return most * PUSH_BYTES_MAX + largeMost(most) * MESSAGE_BYTES_MAX;
}

/** So many of each are kept. */
export type ClassLimits = { readonly small: number; readonly large: number };

export function classLimits(most: number): ClassLimits {
  return { small: most, large: largeMost(most) };
}

export function createClasses({ small, large }: ClassLimits, isOlder: IsOlder): Classes {
  return { small: createRetention(small, isOlder), large: createRetention(large, isOlder) };
}

export function classOf({ small, large }: Classes, isLarge: boolean): Retention {
  return isLarge ? large : small;
}

export function setMost({ small, large }: Classes, most: number): void {
  const limits = classLimits(most);
  small.max = limits.small;
  large.max = limits.large;
}
