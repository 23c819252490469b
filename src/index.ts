/** The public API: open a node, subscribe to its events, give it commands; make and read invites. */
export { version } from "./cli/version.ts";
export { decodeInvite, encodeInvite, type Invite, type InviteError, isRoomName } from "./crypto/invite.ts";
export { randomRoomKey, roomKeyFromName } from "./crypto/roomKeys.ts";
export { openNode } from "./node/node.ts";
export type { ChatNode, DebugRecord, NodeOptions, NodeStats, RoomInfo } from "./node/types.ts";
export type { Command } from "./protocol/api.ts";
export type { ChatError, ChatEvent, Notice } from "./protocol/events.ts";
export type { Author, Message, PeerStatus, PeerView } from "./protocol/views.ts";
export type { Endpoint } from "./wire/endpoint.ts";
export type { BootId, MessageId, PeerId } from "./wire/ids.ts";
export type { MessageKind } from "./wire/message.ts";
