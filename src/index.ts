/** The public API: open a node, subscribe to its events, give it commands; make and read invites. */
export { version } from "./cli/version.ts";
export { decodeInvite, encodeInvite, type Invite, type InviteError, isRoomName } from "./crypto/invite.ts";
export { randomRoomKey, roomKeyFromName } from "./crypto/keyring.ts";
export { openNode } from "./node/node.ts";
export type { ChatNode, DebugRecord, NodeOptions, NodeStats, RoomInfo } from "./node/types.ts";
export type {
  Author,
  BootId,
  ChatError,
  ChatEvent,
  Command,
  Endpoint,
  Message,
  MessageId,
  MessageKind,
  Notice,
  PeerId,
  PeerStatus,
  PeerView,
} from "./protocol/types.ts";
