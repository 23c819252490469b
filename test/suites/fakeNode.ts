/** A ChatNode without a network: records commands, says back what a core would, and plays whatever a test makes it play. */
import type { ChatNode, RoomInfo } from "../../src/node/types.ts";
import type { Command } from "../../src/protocol/api.ts";
import type { ChatEvent } from "../../src/protocol/events.ts";
import type { Message, PeerView } from "../../src/protocol/views.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";
import type { MessageId, PeerId } from "../../src/wire/ids.ts";

export type FakeNode = ChatNode & {
  readonly commands: Command[];
  readonly closed: () => boolean;
  readonly play: (event: ChatEvent) => void;
  /** A peer that is alive from now on, with its event. */
  readonly addPeer: (nick: string, address?: string) => PeerView;
  /** A message of `peer`, kept and told. */
  readonly hear: (peer: PeerView, text: string, more?: Partial<Message>) => Message;
  /** What was said has reached all peers. */
  readonly acknowledge: () => void;
  /** Somebody may answer at a remembered address, or not any more. */
  readonly seek: (isSeeking: boolean) => void;
  /** The network takes no more messages, or takes them again. */
  readonly block: (isBusy: boolean) => void;
};

/** What this version cannot read: not even the nick at the time of writing, which is in the body. */
export function unreadable({ id, tag }: PeerView, kindNumber = 300): Partial<Message> {
  return { author: { id, tag, nick: "" }, kind: "unknown", kindNumber };
}

export const FAKE_TEXT_LIMIT = 850;

export function fakePeer(nick: string, number: number, more: Partial<PeerView> = {}): PeerView {
  return {
    id: number.toString(16).padStart(64, "0") as PeerId,
    tag: `t${String(number).padStart(3, "0")}`,
    nick,
    status: "alive",
    sinceMs: 5_000,
    address: `10.0.0.${number}:62733` as Endpoint,
    rttMs: 3,
    lastHeardMs: 400,
    ...more,
  };
}

export function createFakeNode(
  options: { readonly nick?: string; readonly room?: Partial<RoomInfo>; readonly isSeeking?: boolean } = {},
): FakeNode {
  let self = fakePeer(options.nick ?? "anna", 1);
  let peers: PeerView[] = [];
  let inRoom = true;
  let closed = false;
  let seeking = options.isSeeking ?? false;
  let busy = false;
  const waiters: (() => void)[] = [];
  const letGo = (): void => {
    for (const resolve of waiters.splice(0)) resolve();
  };
  const listeners = new Set<(event: ChatEvent) => void>();
  const messages: Message[] = [];
  const undelivered = new Set<MessageId>();
  const commands: Command[] = [];

  const play = (event: ChatEvent): void => {
    for (const listener of [...listeners]) listener(event);
  };
  const keep = (author: PeerView, text: string, more: Partial<Message>): Message => {
    const number = messages.length + 1;
    const message: Message = {
      id: number.toString(16).padStart(48, "0") as MessageId,
      author: { id: author.id, tag: author.tag, nick: author.nick },
      seq: number,
      kind: "text",
      kindNumber: 1,
      target: undefined,
      text,
      time: Date.UTC(2026, 0, 31, 12, 0, number),
      parents: [],
      own: false,
      history: false,
      ...more,
    };
    messages.push(message);
    play({ type: "stored", message });
    play({ type: "message", message });
    return message;
  };
  const say = (text: string, kind: Message["kind"]): void => {
    const bytes = Buffer.byteLength(text);
    if (busy) play({ type: "error", error: { code: "busy", waiting: 300 } });
    else if (!inRoom) play({ type: "error", error: { code: "not-in-room" } });
    else if (text.trim() === "") play({ type: "error", error: { code: "text-empty" } });
    else if (bytes > FAKE_TEXT_LIMIT) {
      play({ type: "error", error: { code: "text-too-long", bytes, limit: FAKE_TEXT_LIMIT } });
    } else undelivered.add(keep(self, text, { own: true, kind }).id);
  };

  return {
    room: { name: "smplchat", private: false, invite: "", ...options.room },
    commands,
    closed: () => closed,
    play,
    addPeer: (nick, address) => {
      const number = peers.length + 2;
      const peer = fakePeer(nick, number, address === undefined ? {} : { address: address as Endpoint });
      peers = [...peers, peer];
      play({ type: "peer", status: "alive", peer });
      return peer;
    },
    hear: (peer, text, more = {}) => keep(peer, text, more),
    acknowledge: () => {
      for (const id of undelivered)
        play({ type: "delivery", id, reached: peers.length, of: peers.length, lacking: [] });
      undelivered.clear();
    },
    address: () => self.address as Endpoint,
    self: () => self,
    peers: () => [...peers],
    log: (limit) => (limit === undefined ? [...messages] : messages.slice(-limit)),
    stats: () => ({
      peers: peers.length,
      messages: messages.length,
      datagramsIn: 1,
      datagramsOut: 2,
      bytesIn: 3,
      bytesOut: 4,
      payloadsIn: 5,
      payloadsOut: 6,
      relayedPerMessageMax: 0,
      relayed: 7,
      retries: 8,
      clockAheadMs: 0,
      dropped: { "bad-seal": 9 },
      heapBytes: 10,
      receiveBufferBytes: 11,
    }),
    command: (command) => {
      commands.push(command);
      if (command.type === "say") say(command.text, command.kind);
      if (command.type === "join") inRoom = true;
      if (command.type === "leave") {
        inRoom = false;
        play({ type: "notice", notice: { code: "left-room" } });
      }
      if (command.type === "rename") {
        const before = self.nick;
        self = { ...self, nick: command.nick };
        play({ type: "notice", notice: { code: "renamed", peer: self, before, own: true } });
      }
    },
    isSeeking: () => seeking,
    isBusy: () => busy,
    whenReady: () => (busy ? new Promise<void>((resolve) => waiters.push(resolve)) : Promise.resolve()),
    block: (isBusy) => {
      busy = isBusy;
      if (!busy) letGo();
    },
    seek: (isSeeking) => {
      seeking = isSeeking;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    undelivered: () => undelivered.size,
    close: async () => {
      closed = true;
      letGo();
    },
  };
}
