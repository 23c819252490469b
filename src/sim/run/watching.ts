/** Opens every datagram of a run, room by room, counts what it says and checks what it claims. */
import type { UnixMillis } from "../../protocol/time.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { END, type Frame } from "../../wire/frames.ts";
import type { BootId, MessageId } from "../../wire/ids.ts";
import type { HostWorld } from "../world/host.ts";
import type { VirtualNode } from "../world/node.ts";
import { createSniffer, type Sniffed } from "../world/sniffer.ts";
import { type Checkers, isAheadAt } from "./checkers.ts";
import { createClaims } from "./claims.ts";
import type { Scenario } from "./scenario.ts";
import type { Room, Stage } from "./stage.ts";

export type Watched = {
  /** Undefined: not asked for. */
  readonly sniffed: () => Sniffed | undefined;
  /** From now on frames that compare logs are counted. */
  readonly startQuiet: () => void;
  readonly comparedInQuiet: () => Compared;
};

/** Frames that compared logs. `checks`: claims over everything, with which a node asks now and then whether equal digests are true. */
export type Compared = { readonly frames: number; readonly checks: number };

/** What asks and compares. Pages and messages only answer that: where much is lost, the last of them are repeated for a while. */
const COMPARING: ReadonlySet<string> = new Set(["ranges", "list", "fetch", "same", "want", "wantListed"]);

export function watchRooms(
  scenario: Scenario,
  { rooms, nodes }: Stage,
  { agenda, network }: HostWorld,
  isSniffing: boolean,
  checkersOf: (node: number) => Checkers,
  isHostile: () => boolean = () => false,
): Watched {
  const sniffer = createSniffer();
  const compared = { frames: 0, checks: 0 };
  let isQuiet = false;
  const numbers = new Map<BootId, number>();
  const numberOf = (boot: BootId, { nodes: inRoom }: Room): number | undefined => {
    for (const [number, node] of numbers.has(boot) ? [] : inRoom) if (node.boot() === boot) numbers.set(boot, number);
    return numbers.get(boot);
  };
  const claimsOf = (room: Room) =>
    createClaims({
      roomKeys: room.keys,
      authors: [...room.nodes.values()].map(({ id }) => id),
      claimed: (by, id, how) => {
        const number = numberOf(by, room);
        if (number !== undefined) checkersOf(number).claimed(number, id, how);
      },
    });
  const watchers = rooms.map((room) => {
    const claims = claimsOf(room);
    return (bytes: Uint8Array, from: Endpoint, to: Endpoint): void => {
      // Whatever a hostile member claims, in its own name or another's, binds no node.
      const opened = isHostile() ? undefined : room.opener.open(bytes, from, to);
      if (opened === undefined) return;
      if (isSniffing) sniffer.see(opened, agenda.now());
      claims.see(opened);
      if (!isQuiet) return;
      for (const frame of opened.frames.filter(isComparingLogs)) compared[isCheck(frame) ? "checks" : "frames"] += 1;
    };
  });
  const isLookedInto = isSniffing || scenario.quietMs > 0 || nodes.some(({ disk }) => disk.isDurable);
  if (isLookedInto) for (const watcher of watchers) network.watch(watcher);
  return {
    sniffed: () => (isSniffing ? sniffer.result() : undefined),
    startQuiet: () => {
      isQuiet = true;
    },
    comparedInQuiet: () => ({ ...compared }),
  };
}

/** All were equal and nobody talked, and so many frames compared logs. */
export function complaintsOfQuiet({ frames, checks }: Compared, nodes: number): string[] {
  // Where much is lost a question from before may come once more. Each node checks one other at most in that time.
  return frames <= nodes && checks <= CHECK_FRAMES_MAX * nodes
    ? []
    : [`I10: ${frames + checks} frames compared logs when all were equal and nobody talked`];
}

/**
 * All were equal for a while: who is not alone knows of somebody that has each of its messages. What a wrong clock stamped too far
 * ahead nobody else takes yet: it waits, and is said to.
 */
export function complaintsOfWaiting(nodes: readonly VirtualNode[], now: UnixMillis): string[] {
  const isHeldBeside = (id: MessageId, node: VirtualNode): boolean =>
    nodes.some((other) => other !== node && other.isUp() && other.core().ids().includes(id));
  const aheadAt = (node: VirtualNode): number =>
    node
      .core()
      .ids()
      .filter((id) => isAheadAt(id, now) && !isHeldBeside(id, node)).length;
  return nodes.flatMap((node, number) => {
    const undelivered = node.isUp() && node.core().stats().peers > 0 ? node.core().undelivered() : 0;
    const waiting = undelivered === 0 ? 0 : Math.max(undelivered - aheadAt(node), 0);
    return waiting === 0 ? [] : [`I8: n${number} calls ${waiting} of its messages waiting that all have`];
  });
}

// --- internal ---

/** A claim and its answer, each sent five times where all but the last are lost. */
const CHECK_FRAMES_MAX = 10;

function isCheck(frame: Frame): boolean {
  return frame.type === "same" || (frame.type === "ranges" && frame.parts.length === 1 && frame.parts[0]?.hi === END);
}

function isComparingLogs(frame: { readonly type: string; readonly set?: unknown }): boolean {
  return COMPARING.has(frame.type) && frame.set !== "roster";
}
