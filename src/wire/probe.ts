/** Frames about a third node: to ask after it, what came of that, and where it is. */
import { type Reader, type Writer, within } from "./cursor.ts";
import { type Endpoint, readEndpoint, writeEndpoint } from "./endpoint.ts";
import { fromHex, PEER_ID_BYTES, type PeerId, toHex } from "./ids.ts";

export type ProbeFrame =
  /**
   * The receiver pings `target` and sends probeReply: when that answers, or when it did not in time. `introduce`: the sender
   * does not reach it, and the receiver tells each of the two where it sees the other.
   */
  | { readonly type: "probeRequest"; readonly target: PeerId; readonly introduce: boolean }
  /** `answered`: the receiver ends its probe. Otherwise it knows that the silence is not its own (Lifeguard's nack). */
  | { readonly type: "probeReply"; readonly target: PeerId; readonly answered: boolean }
  /** The sender sees `peer` there, and tells it of the receiver: both try to reach each other now. */
  | { readonly type: "introduce"; readonly peer: PeerId; readonly endpoint: Endpoint };

export const PROBE_TYPES = { probeRequest: 7, probeReply: 8, introduce: 24 } as const;

/** The type and its fields. */
export function writeProbe(writer: Writer, frame: ProbeFrame): void {
  writer.u8(PROBE_TYPES[frame.type]);
  writer.bytes(fromHex(frame.type === "introduce" ? frame.peer : frame.target));
  if (frame.type === "introduce") writeEndpoint(writer, frame.endpoint);
  else writer.u8((frame.type === "probeRequest" ? frame.introduce : frame.answered) ? 1 : 0);
}

/** The fields after the type. */
export function readProbe(reader: Reader, type: ProbeFrame["type"]): ProbeFrame {
  const peer = toHex(reader.bytes(PEER_ID_BYTES)) as PeerId;
  if (type === "introduce") return { type, peer, endpoint: readEndpoint(reader) };
  const flag = within(reader.u8(), 0, 1) === 1;
  return type === "probeRequest" ? { type, target: peer, introduce: flag } : { type, target: peer, answered: flag };
}
