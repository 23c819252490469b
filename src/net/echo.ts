/**
 * Checks whether multicast gets through. What a host sends to its own group comes back to it by the same way as what
 * others send (IP_MULTICAST_LOOP). If nothing comes back, nothing from others would come in either.
 */
import type { LanBlocked } from "./lan.ts";

export type Echo = {
  /** There is a network to be heard on, and something is being sent. */
  readonly expect: () => void;
  /** Something sent to a network came back. */
  readonly heard: () => void;
  /** Something was sent to a network; or was not, with the system's code. */
  readonly sent: (failed: string | undefined) => void;
  /** There is no socket, with the system's code. */
  readonly refused: (code: string) => void;
  /** Replaces the one listener. Called once at most. */
  readonly onBlocked: (listener: (blocked: LanBlocked) => void) => void;
  readonly stop: () => void;
};

/** From a first broadcast to the word that none gets through. */
const WAIT_MS = 3_000;

export function createEcho(port: number): Echo {
  let listener: ((blocked: LanBlocked) => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isSettled = false;
  let isSent = false;
  let sendCode: string | undefined;
  let socketCode: string | undefined;

  const verdict = (): LanBlocked => {
    if (isSent) return { reason: "receiving", port };
    if (sendCode !== undefined) return { reason: "sending", port, detail: sendCode };
    return { reason: "port", port, ...(socketCode === undefined ? {} : { detail: socketCode }) };
  };
  const settle = (): void => {
    isSettled = true;
    clearTimeout(timer);
  };
  return {
    expect: () => {
      if (isSettled || timer !== undefined) return;
      const tell = (): void => {
        if (isSettled) return;
        settle();
        listener?.(verdict());
      };
      // What waits in the socket goes first: what is here already is not missing.
      timer = setTimeout(() => setImmediate(tell), WAIT_MS).unref();
    },
    heard: settle,
    sent: (failed) => {
      if (failed === undefined) isSent = true;
      else sendCode = failed;
    },
    refused: (code) => {
      socketCode = code;
    },
    onBlocked: (next) => {
      listener = next;
    },
    stop: settle,
  };
}
