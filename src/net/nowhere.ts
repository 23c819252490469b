/** A transport that leads nowhere, for a node that is to talk to nobody: it has no socket. */
import type { Endpoint } from "../wire/endpoint.ts";
import type { Transport } from "./transport.ts";

export function nowhere(): Transport {
  return {
    address: () => ADDRESS,
    send: () => {},
    onDatagram: () => {},
    counters: () => ({}),
    receiveBufferBytes: 0,
    close: async () => {},
  };
}

// --- internal ---

/** The port of "discard" (RFC 863), where nobody of ours listens. */
const ADDRESS = "127.0.0.1:9" as Endpoint;
