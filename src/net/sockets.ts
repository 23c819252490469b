/** What all sockets of node:dgram here share: literal addresses only, and error codes. */
import type { SocketOptions } from "node:dgram";

/** Addresses are literal: nothing is ever asked of DNS, and a datagram reaches the kernel before `send` returns. */
export const literalOnly: NonNullable<SocketOptions["lookup"]> = (hostname, family, done) => {
  done(null, hostname, family as unknown as number);
};

/** The system's code of an error: `EPERM`. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code ?? "unknown";
}
