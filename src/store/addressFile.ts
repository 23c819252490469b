/**
 * The file with a room's remembered addresses. It is a small text file that is replaced as a whole; what other programs
 * wrote into it meanwhile is kept. It is written when there is time, and nothing waits for it.
 */
import { dirname, join } from "node:path";
import { createRememberedAddresses, type RememberedAddress } from "../protocol/entry/rememberedAddresses.ts";
import { limits } from "../protocol/limits.ts";
import { parseEndpoint } from "../wire/endpoint.ts";
import type { PeerId } from "../wire/ids.ts";
import { makeDirectory } from "./directory.ts";
import { readPrivateFile, writePrivateFile } from "./privateFile.ts";

/**
 * `damaged`: the node goes on as if nothing was remembered; without a reason it is no file of addresses. `unwritable`: it
 * remembers only until it ends. `reason`: the system's code, `ENOSPC`, or an ExposedError's.
 */
export type AddressTrouble =
  | { readonly code: "damaged"; readonly path: string; readonly reason: string | undefined }
  | { readonly code: "unwritable"; readonly path: string; readonly reason: string };

export type Addresses = {
  /** The `limits.remembered` of the latest successes, the newest first. */
  readonly newestFirst: () => readonly RememberedAddress[];
  readonly remember: (address: RememberedAddress) => void;
  /** The one listener gets what happened before, too. An error that lasts is told once. */
  readonly onTrouble: (listener: (trouble: AddressTrouble) => void) => void;
  /** Settles when what is new is written, or was found to be unwritable. */
  readonly close: () => Promise<void>;
};

/** Remembered as long as the process runs. */
export function addressesInMemory(): Addresses {
  const addresses = createRememberedAddresses();
  const close = async (): Promise<void> => {};
  return { newestFirst: addresses.newestFirst, remember: addresses.put, onTrouble: () => {}, close };
}

/** A first address is written soon, what follows at most so often. */
const WRITE_SOON_MS = 500;
const WRITE_INTERVAL_MS = 10_000;
/** When so many are known another one can wait, and that one was reached again can wait longest. */
const ENOUGH = 16;
const WRITE_ENOUGH_MS = 60_000;
const WRITE_REFRESHED_MS = 300_000;

/** `room`: the room's id, so that its name stands nowhere on disk. Nothing is written before there is something to write. */
export function addressesOnDisk(dataDir: string, room: Uint8Array): Addresses {
  const path = join(dataDir, "rooms", Buffer.from(room).toString("hex").slice(0, 32), "addresses");
  /** BOUNDED: one for each code. */
  const waiting = new Map<AddressTrouble["code"], AddressTrouble>();
  let listener: ((trouble: AddressTrouble) => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let timerAt = 0;
  let writing: Promise<void> = Promise.resolve();
  let writtenAt = Number.NEGATIVE_INFINITY;
  let isChanged = false;
  let isFailing = false;

  const tell = (trouble: AddressTrouble): void => {
    if (listener === undefined) waiting.set(trouble.code, trouble);
    else listener(trouble);
  };
  const read = (): readonly RememberedAddress[] => {
    const found = readAddresses(path);
    if (!("code" in found)) return found;
    tell(found);
    return [];
  };
  let addresses = createRememberedAddresses(read());

  const write = async (): Promise<void> => {
    isChanged = false;
    writtenAt = performance.now();
    // Another program of this user may be in the room, too: what it wrote is kept.
    const others = readAddresses(path);
    if (!("code" in others)) addresses = createRememberedAddresses([...others, ...addresses.newestFirst()]);
    try {
      makeDirectory(dirname(path), dataDir);
      await writePrivateFile(path, format(addresses.newestFirst()));
      isFailing = false;
    } catch (error) {
      if (!isFailing) tell({ code: "unwritable", path, reason: codeOf(error) });
      isFailing = true;
    }
  };
  const writeWithin = (intervalMs: number): void => {
    isChanged = true;
    const at = Math.max(performance.now() + WRITE_SOON_MS, writtenAt + intervalMs);
    if (timer !== undefined && timerAt <= at) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(() => {
      timer = undefined;
      writing = writing.then(write);
    }, at - performance.now()).unref();
  };
  const writeNow = async (): Promise<void> => {
    await writing;
    if (isChanged) await write();
  };

  return {
    newestFirst: () => addresses.newestFirst(),
    remember: (address) => {
      const isKnown = addresses.get(address.endpoint)?.peer === address.peer;
      addresses.put(address);
      writeWithin(isKnown ? WRITE_REFRESHED_MS : addresses.size() > ENOUGH ? WRITE_ENOUGH_MS : WRITE_INTERVAL_MS);
    },
    onTrouble: (next) => {
      listener = next;
      for (const trouble of waiting.values()) next(trouble);
      waiting.clear();
    },
    close: async () => {
      clearTimeout(timer);
      await writeNow();
    },
  };
}

// --- internal ---

const FIRST_LINE = "smplchat addresses 1";

/** The number of lines shows a file that was cut short. */
function format(entries: readonly RememberedAddress[]): string {
  const lines = entries.map(({ endpoint, peer, at }) => `${at} ${endpoint} ${peer}`);
  return `${[FIRST_LINE, ...lines, `${lines.length} in all`].join("\n")}\n`;
}

function parse(text: string): RememberedAddress[] | undefined {
  const [first, ...lines] = text.split("\n");
  if (first !== FIRST_LINE || lines.pop() !== "" || lines.pop() !== `${lines.length} in all`) return undefined;
  if (lines.length > limits.remembered) return undefined;
  const entries: RememberedAddress[] = [];
  for (const line of lines) {
    const [, at, endpoint = "", peer] = /^(\d{1,15}) (\S{1,80}) ([0-9a-f]{64})$/.exec(line) ?? [];
    if (at === undefined || parseEndpoint(endpoint) === undefined) return undefined;
    entries.push({ endpoint: endpoint as RememberedAddress["endpoint"], peer: peer as PeerId, at: Number(at) });
  }
  return entries;
}

function readAddresses(path: string): RememberedAddress[] | AddressTrouble {
  try {
    const text = readPrivateFile(path);
    return text === undefined ? [] : (parse(text) ?? { code: "damaged", path, reason: undefined });
  } catch (error) {
    const reason = codeOf(error);
    return reason === "ENOTDIR" ? [] : { code: "damaged", path, reason };
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
