/**
 * A room in which everyone knows everyone from the start, so that a simulation need not introduce a thousand nodes to each
 * other. The nodes share one roster, and each holds only what differs in its own: N rosters of N members would not fit.
 */

import type { SignedStatement } from "../../crypto/signed.ts";
import { createOrderedSet } from "../../protocol/idset/orderedSet.ts";
import { hashOf } from "../../protocol/membership/rank.ts";
import {
  createRoster,
  type Member,
  type Roster,
  type RosterId,
  type RosterTables,
  rosterId,
  type Table,
} from "../../protocol/membership/roster.ts";
import { type BootId, frontOf, type PeerId } from "../../wire/ids.ts";
import { type Acquaintance, type NodeWorld, randomBoot, type VirtualNode } from "./node.ts";

/** For each of these nodes: its boot id, and a roster of its own that holds the others. */
export function acquaint(nodes: readonly VirtualNode[], rng: NodeWorld["rng"]): Map<VirtualNode, Acquaintance> {
  const members = new Map<PeerId, Member>();
  const boots = new Map<BootId, PeerId>();
  const fronts = new Map<string, PeerId>();
  const statements = new Map<RosterId, SignedStatement>();
  const ids = createOrderedSet<RosterId>();
  const bootOf = new Map<VirtualNode, BootId>();
  for (const node of nodes) {
    const boot = randomBoot(rng);
    const statement = node.introduction(boot);
    const unaccused = { since: 0, accusers: [], cleared: [] };
    members.set(node.id, { id: node.id, hash: hashOf(node.id), statement, status: "alive", ...unaccused });
    boots.set(boot, node.id);
    fronts.set(frontOf(node.id), node.id);
    statements.set(rosterId(statement), statement);
    ids.insert(rosterId(statement));
    bootOf.set(node, boot);
  }
  const rosterOf = (): Roster => {
    const tables: RosterTables = {
      members: new LayeredMap(members),
      boots: new LayeredMap(boots),
      fronts: new LayeredMap(fronts),
      statements: new LayeredMap(statements),
      ids: ids.fork(),
    };
    return createRoster(tables);
  };
  return new Map([...bootOf].map(([node, boot]) => [node, { boot, rosterOf }]));
}

// --- internal ---

/** A map over another one that does not change any more. */
class LayeredMap<Key, Value extends object | string> implements Table<Key, Value> {
  readonly #below: ReadonlyMap<Key, Value>;
  /** What differs from below; undefined: gone. BOUNDED: as its user bounds the map. */
  readonly #own = new Map<Key, Value | undefined>();
  size: number;

  constructor(below: ReadonlyMap<Key, Value>) {
    this.#below = below;
    this.size = below.size;
  }

  get(key: Key): Value | undefined {
    return this.#own.has(key) ? this.#own.get(key) : this.#below.get(key);
  }

  set(key: Key, value: Value): this {
    if (this.get(key) === undefined) this.size += 1;
    this.#own.set(key, value);
    return this;
  }

  delete(key: Key): boolean {
    if (this.get(key) === undefined) return false;
    this.size -= 1;
    if (this.#below.has(key)) this.#own.set(key, undefined);
    else this.#own.delete(key);
    return true;
  }

  *values(): Generator<Value, undefined> {
    for (const [key, value] of this.#below) if (!this.#own.has(key)) yield value;
    for (const value of this.#own.values()) if (value !== undefined) yield value;
    return undefined;
  }
}
