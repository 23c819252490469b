/** A room without a network: records commands, answers them as a core would, and plays whatever a test makes it play. */
import { encodeInvite } from "../../src/crypto/invite.ts";
import { openRoom } from "../../src/crypto/roomKeys.ts";
import { type ReadFitting, searchHistory } from "../../src/node/search.ts";
import type { Delivery, RoomChoice, RoomHandle, RoomStats } from "../../src/node/types.ts";
import type { Command, Outcome } from "../../src/protocol/api.ts";
import type { ChatError, ChatEvent } from "../../src/protocol/events.ts";
import type { LogSpan, Message, PeerView } from "../../src/protocol/views.ts";
import { characterCount, REACTION_CHARACTERS_MAX } from "../../src/wire/bodies/body.ts";
import { kindNumber } from "../../src/wire/bodies/kinds.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";
import type { MessageId, PeerId } from "../../src/wire/ids.ts";

export type FakeRoom = RoomHandle & {
  readonly commands: Command[];
  readonly closed: () => boolean;
  /** What is kept, in the order in which it came. */
  readonly kept: () => readonly Message[];
  readonly play: (event: ChatEvent) => void;
  /** A peer that is alive from now on, with its event. */
  readonly addPeer: (nick: string, address?: string) => PeerView;
  /** It left. */
  readonly losePeer: (peer: PeerView) => void;
  /** A message of `peer`, kept and told. `isInOrder`: false where its parents are not here yet. */
  readonly hear: (peer: PeerView, text: string, more?: Partial<Message> & { readonly isInOrder?: boolean }) => Message;
  /** What was said has reached all peers. */
  readonly acknowledge: () => void;
  /** Somebody may answer at a remembered address, or not any more. */
  readonly seek: (isSeeking: boolean) => void;
  /** The network takes no more messages, or takes them again. */
  readonly block: (isBusy: boolean) => void;
  /** What is kept cannot be read from now on. */
  readonly breakHistory: (error: Error) => void;
  /** So far back goes what is kept. */
  readonly reachBack: (span: LogSpan) => void;
};

export type FakeRoomOptions = {
  readonly nick?: string;
  readonly choice?: Partial<RoomChoice>;
  readonly isSeeking?: boolean;
  /** Ids of its messages begin after it. */
  readonly idsFrom?: number;
};

/** What this version cannot read: not even the nick at the time of writing, which is in the body. */
export function unreadable({ id, tag }: PeerView, number = 300): Partial<Message> {
  return { author: { id, tag, nick: "" }, kind: "unknown", kindNumber: number };
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

export function createFakeRoom(options: FakeRoomOptions = {}): FakeRoom {
  const name = options.choice?.name ?? "smplchat";
  const state: FakeState = {
    choice: { name, secret: openRoom(name), private: false, ...options.choice },
    idsFrom: options.idsFrom ?? 0,
    self: fakePeer(options.nick ?? "anna", 1),
    peers: [],
    isIn: true,
    isClosed: false,
    isSeeking: options.isSeeking ?? false,
    isBusy: false,
    broken: undefined,
    span: undefined,
    waiters: [],
    listeners: new Set(),
    messages: [],
    undelivered: new Set(),
    deliveries: new Map(),
    commands: [],
  };
  return { ...handleOf(state), ...controlsOf(state) };
}

// --- internal ---

type FakeState = {
  readonly choice: RoomChoice;
  readonly idsFrom: number;
  self: PeerView;
  peers: PeerView[];
  isIn: boolean;
  isClosed: boolean;
  isSeeking: boolean;
  isBusy: boolean;
  broken: Error | undefined;
  span: LogSpan | undefined;
  readonly waiters: (() => void)[];
  readonly listeners: Set<(event: ChatEvent) => void>;
  readonly messages: Message[];
  readonly undelivered: Set<MessageId>;
  readonly deliveries: Map<MessageId, Delivery>;
  readonly commands: Command[];
};

function handleOf(state: FakeState): RoomHandle {
  const { choice, messages } = state;
  const history = async (limit: number, before?: MessageId): Promise<Message[]> => {
    if (state.broken !== undefined) throw state.broken;
    const sorted = [...messages].sort((a, b) => (a.id < b.id ? -1 : 1));
    return sorted.filter(({ id }) => before === undefined || id < before).slice(-limit);
  };
  const fitting: ReadFitting = async (fits, limit, before) => {
    const page = await history(limit, before);
    const isFound = ({ id, author, kind, text }: Message): boolean =>
      kind !== "unknown" && fits({ id, author: author.id, nick: author.nick, text });
    return { oldest: page[0]?.id, messages: page.filter(isFound) };
  };
  return {
    choice,
    invite: () => encodeInvite({ ...choice, endpoints: [] }),
    address: () => state.self.address as Endpoint,
    self: () => state.self,
    peers: () => [...state.peers],
    stats: () => ({ ...STATS, peers: state.peers.length, messages: messages.length }),
    run: async (command) => {
      if (state.isClosed) return refused({ code: "not-in-room" });
      state.commands.push(command);
      return run(state, command);
    },
    history,
    search: (query, isGiven) => searchHistory(fitting, query, isGiven),
    read: async (ids) => {
      if (state.broken !== undefined) throw state.broken;
      return ids.map((id) => messages.find((message) => message.id === id));
    },
    ofKinds: (kinds) =>
      messages
        .filter((message) => kinds.includes(message.kindNumber))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .map(({ id, author, kindNumber: kind, target }) => ({ id, author: author.id, kind, target })),
    ids: () => messages.map(({ id }) => id).toSorted(),
    span: () => state.span ?? { oldest: messages[0]?.time, isWhole: true, gapsUntil: undefined },
    signed: async () => 0,
    import: async (messages) => ({ fates: messages.map(() => "added"), letGo: 0 }),
    replay: async (take, limit) => {
      if (state.broken !== undefined) throw state.broken;
      const sorted = messages.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((one) => ({ ...one, history: true }));
      await take(limit === undefined ? sorted : sorted.slice(-limit));
    },
    delivery: (id) => state.deliveries.get(id),
    undelivered: () => state.undelivered.size,
    isBusy: () => state.isBusy,
    whenReady: () => (state.isBusy ? new Promise<void>((resolve) => state.waiters.push(resolve)) : Promise.resolve()),
    isIn: () => state.isIn,
    isSeeking: () => state.isSeeking,
    subscribe: (listener) => {
      state.listeners.add(listener);
      return () => state.listeners.delete(listener);
    },
    close: async () => {
      state.isClosed = true;
      letGo(state);
    },
  };
}

function controlsOf(state: FakeState): Omit<FakeRoom, keyof RoomHandle> {
  return {
    commands: state.commands,
    closed: () => state.isClosed,
    kept: () => [...state.messages],
    play: (event) => play(state, event),
    addPeer: (nick, address) => {
      const number = state.peers.length + 2;
      const peer = fakePeer(nick, number, address === undefined ? {} : { address: address as Endpoint });
      state.peers = [...state.peers, peer];
      play(state, { type: "peer", status: "alive", peer });
      return peer;
    },
    losePeer: (peer) => {
      state.peers = state.peers.filter(({ id }) => id !== peer.id);
      play(state, { type: "peer", status: "left", peer: { ...peer, status: "left" } });
    },
    hear: (peer, text, more = {}) => keep(state, peer, text, more),
    acknowledge: () => {
      const { length } = state.peers;
      for (const id of state.undelivered) {
        state.deliveries.set(id, { reached: length, of: length, lacking: [] });
        play(state, { type: "delivery", id, reached: length, of: length, lacking: [] });
      }
      state.undelivered.clear();
    },
    seek: (isSeeking) => {
      state.isSeeking = isSeeking;
    },
    block: (isBusy) => {
      state.isBusy = isBusy;
      if (!isBusy) letGo(state);
    },
    breakHistory: (error) => {
      state.broken = error;
    },
    reachBack: (span) => {
      state.span = span;
    },
  };
}

function play(state: FakeState, event: ChatEvent): void {
  if (event.type === "delivery") {
    const { reached, of, lacking } = event;
    state.deliveries.set(event.id, { reached, of, lacking });
  }
  for (const listener of [...state.listeners]) listener(event);
}

function letGo({ waiters }: FakeState): void {
  for (const resolve of waiters.splice(0)) resolve();
}

function keep(
  state: FakeState,
  author: PeerView,
  text: string,
  { isInOrder = true, ...more }: Partial<Message> & { readonly isInOrder?: boolean },
): Message {
  const number = state.messages.length + 1;
  const { kind = "text" } = more;
  const message: Message = {
    id: (state.idsFrom + number).toString(16).padStart(48, "0") as MessageId,
    author: { id: author.id, tag: author.tag, nick: author.nick },
    seq: number,
    kind,
    kindNumber: kind === "unknown" ? 300 : kindNumber(kind),
    target: undefined,
    text,
    time: Date.UTC(2026, 0, 31, 12, 0, number),
    parents: [],
    own: false,
    history: false,
    ...more,
  };
  state.messages.push(message);
  play(state, { type: "message", message, isInOrder });
  return message;
}

function run(state: FakeState, command: Command): Outcome {
  switch (command.type) {
    case "say": {
      const { text, kind, target } = command;
      const bytes = Buffer.byteLength(text);
      const mayBeEmpty = kind === "react" || kind === "delete" || kind === "topic";
      if (!state.isIn) return refused({ code: "not-in-room" });
      if (state.isBusy) return refused({ code: "busy", waiting: 300 });
      if (text.trim() === "" && !mayBeEmpty) return refused({ code: "text-empty" });
      const characters = characterCount(text);
      if (kind === "react" && characters > REACTION_CHARACTERS_MAX)
        return refused({ code: "bad-reaction", characters, limit: REACTION_CHARACTERS_MAX });
      if (bytes > FAKE_TEXT_LIMIT) return refused({ code: "text-too-long", bytes, limit: FAKE_TEXT_LIMIT });
      const { id } = keep(state, state.self, text, { own: true, kind, target });
      state.undelivered.add(id);
      return { isDone: true, id };
    }
    case "join":
      state.isIn = true;
      return done;
    case "leave":
      if (!state.isIn) return refused({ code: "not-in-room" });
      state.isIn = false;
      play(state, { type: "notice", notice: { code: "left-room" } });
      return done;
    case "rename": {
      const before = state.self.nick;
      state.self = { ...state.self, nick: command.nick };
      play(state, { type: "notice", notice: { code: "renamed", peer: state.self, before, own: true } });
      return done;
    }
    default:
      return done;
  }
}

const done: Outcome = { isDone: true, id: undefined };

function refused(error: ChatError): Outcome {
  return { isDone: false, error };
}

const STATS: RoomStats = {
  peers: 0,
  messages: 0,
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
};
