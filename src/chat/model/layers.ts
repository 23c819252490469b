/**
 * An immutable map: an addition makes another map. The newest entries are in a layer of their own, so an addition copies
 * few entries, and all of them only now and then.
 */

export type Layers<Value> = {
  readonly older: ReadonlyMap<string, Value>;
  /** BOUNDED: RECENT_MAX. */
  readonly recent: ReadonlyMap<string, Value>;
};

export function noLayers<Value>(): Layers<Value> {
  return { older: new Map(), recent: new Map() };
}

export function valueIn<Value>({ older, recent }: Layers<Value>, key: string): Value | undefined {
  return recent.get(key) ?? older.get(key);
}

export function sizeOf({ older, recent }: Layers<unknown>): number {
  return older.size + recent.size;
}

/** `key` is not in it yet. */
export function withValue<Value>({ older, recent }: Layers<Value>, key: string, value: Value): Layers<Value> {
  const next = new Map(recent).set(key, value);
  return next.size < RECENT_MAX ? { older, recent: next } : { older: new Map([...older, ...next]), recent: new Map() };
}

// --- internal ---

/** About the root of what such a map may hold. */
const RECENT_MAX = 100;
