/** The public API: open a node, subscribe to its events, give it commands; make and read invites. */

export { decodeInvite, encodeInvite, type Invite, type InviteError, isRoomName } from "./crypto/invite.ts";
export { newPrivateRoom, openRoom, type RoomSecret } from "./crypto/roomKeys.ts";
export { openNode } from "./node/node.ts";
export type { ChatNode, DebugRecord, NodeOptions, NodeStats, RoomInfo } from "./node/types.ts";
export type { Command } from "./protocol/api.ts";
export type { ChatError, ChatEvent, Notice } from "./protocol/events.ts";
export type { Author, Message, PeerStatus, PeerView } from "./protocol/views.ts";
export { version } from "./version.ts";
export type { MessageKind } from "./wire/bodies/kinds.ts";
export type { Endpoint } from "./wire/endpoint.ts";
export type { BootId, MessageId, PeerId } from "./wire/ids.ts";
