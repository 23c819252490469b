/** The public API: open a hub, enter rooms, say and hear; read addresses and invites. */

export type { Address } from "./chat/command/parseAddress.ts";
export { errorText, noticeText } from "./chat/model/sentences.ts";
export type { Invite } from "./crypto/invite.ts";
export { SmplchatError } from "./library/errors.ts";
export type { Peer, RoomEventName, RoomEvents, RoomMessage, Told } from "./library/events.ts";
export type { HistoryChunks, ImportedHistory, RefusedLine } from "./library/history.ts";
export { type EnterOptions, type Hub, openHub } from "./library/hub.ts";
export type { MessageStream } from "./library/messageStream.ts";
export { type HubOptions, newRoom, parseAddress, parseInvite, type RoomObject } from "./library/options.ts";
export type {
  HistoryOptions,
  MessagesOptions,
  Room,
  Said,
  SayableKind,
  SayOptions,
  SearchOptions,
  Target,
} from "./library/room.ts";
export type { DebugRecord, Delivery, RoomStats } from "./node/types.ts";
export type { Author, Message, PeerStatus, PeerView } from "./protocol/views.ts";
export { version } from "./version.ts";
export type { MessageKind } from "./wire/bodies/kinds.ts";
export type { Endpoint } from "./wire/endpoint.ts";
export type { BootId, MessageId, PeerId } from "./wire/ids.ts";
