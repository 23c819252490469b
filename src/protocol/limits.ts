/** Bounds of tables, queues and rates that no setting changes, and constants of the literature with their source. */
import { TEXT_BYTES_MAX } from "../wire/bodies/text.ts";

/** Limits of every table and queue (invariant I6), and the constants of the literature with their source. */
export const limits = {
  /** Process starts heard of or sent to; the least recently used goes. */
  sessions: 4_096,
  /** Members of a roster, the gone ones included. */
  members: 12_000,
  /** Peers that others told of and that have not answered yet; and members that were never met. */
  candidates: 4_096,
  candidatesCredited: 1_024,
  /** Datagrams sent and not yet acknowledged or given up, over all peers. */
  unacknowledged: 16_384,
  /** Frames waiting for one peer. */
  outboxFrames: 4_096,
  /** Messages with relay state. */
  relays: 4_096,
  /** Own messages whose delivery is followed, those of earlier starts among them. */
  outbox: 10_000,
  /** Messages that were let go, by their ids: so long they are not asked for again, and not waited for. */
  gone: 4_096,
  /** Bytes of bodies kept in memory. */
  recentBytes: 4_194_304,
  /** Messages that the store has not confirmed yet; while there are so many nothing more is taken. */
  unwritten: 8_192,
  /** Requests to the store that are not answered yet. */
  reads: 256,
  /** Ids asked for and not yet here. */
  wanted: 16_384,
  /** Ranges compared per peer and second. */
  rangesPerSecond: 4_000,
  /** Process starts heard on the LAN and not known otherwise. */
  beaconSenders: 256,
  /** Addresses being contacted. */
  contacts: 64,
  /** How long an answer to an open datagram is recognised. */
  contactWaitMs: 10_000,
  /** Addresses that answered once and are tried again when their peer is gone. */
  remembered: 256,
  /** Bytes answered to an address per byte received from it until it is validated (RFC 9000 §8). */
  amplification: 3,
  /** Replay window, counters (WireGuard: 8128). */
  replayWindow: 8_128,
  /** A message stamped further ahead of the room's time is neither kept, relayed, counted nor asked for, until it is not. */
  clockAheadMs: 300_000,
  /** What others say lifts this node's clock so far above the room's time, and no further; what one author says, so far. */
  clockLiftMs: 60_000,
  clockLiftAloneMs: 30_000,
  /** Round trip assumed before the first measurement. */
  initialRttMs: 100,
  /** RTO = 2·RTT + this, or RTT + twice this if that is less. */
  rtoSlackMs: 30,
  rtoMsMax: 2_000,
  /** Large messages being fetched, or offered and waiting to be. */
  transfers: 1_024,
  /** Chunks of large messages sent to one session and to all, so that what people say now always finds room. */
  chunksPerSecond: 512,
  chunksPerSecondInAll: 4_096,
  /** Text of one message, bytes of UTF-8. */
  textBytes: TEXT_BYTES_MAX,
} as const;
