/** Checks what callers of the library pass in. If a value does not fit, a TypeError says what would. */
import { nearest } from "../chat/command/nearest.ts";
import { type Address, parseAddress as readAddress } from "../chat/command/parseAddress.ts";
import { isNick, sanitizeLine } from "../chat/model/sanitize.ts";
import { refusalText } from "../chat/model/sentences.ts";
import { decodeInvite, type Invite, isRoomName } from "../crypto/invite.ts";
import { newPrivateRoom, openRoom, ROOM_ID_BYTES, ROOM_KEY_BYTES } from "../crypto/roomKeys.ts";
import { configOf } from "../node/config.ts";
import type { HubOptions as NodeOptions, RoomChoice } from "../node/types.ts";
import { fitting, PORT_DEFAULT, readSetting, type SettingName, type Settings } from "../settings.ts";
import { SmplchatError } from "./errors.ts";

/** All but `nick` may be left out. Numbers mean what the settings of their names mean, in their units. */
export type HubOptions = {
  /** 1 to 32 characters without blanks, controls or check marks, at most 64 bytes. */
  readonly nick: string;
  /** UDP port, 62733 if left out; if it is taken, the next free one. 0: any. */
  readonly port?: number;
  /** Find others on the same LAN by multicast, and be found. True if left out. */
  readonly discovery?: boolean;
  /** Where the identity, the history and the addresses of peers are kept; left out: a fresh identity, and nothing on disk. */
  readonly dataDir?: string;
  /** Testing: drop this share of outgoing datagrams, 0 to 100. */
  readonly dropPercent?: number;
  readonly gossipFanout?: number;
  readonly relaySeenLimit?: number;
  /** Seconds, as those that follow. */
  readonly keepaliveInterval?: number;
  readonly nodeTimeout?: number;
  readonly cleanupInterval?: number;
  readonly latestLimit?: number;
  readonly maxMessages?: number;
  /** Seconds; 0: however long ago. */
  readonly maxAge?: number;
  /** Bytes; 0: however many. */
  readonly maxDisk?: number;
  /** Called with each record of the debug log. */
  readonly debug?: NonNullable<NodeOptions["debug"]>;
};

/** A room to enter: what `parseInvite` and `newRoom` give. */
export type RoomObject = RoomChoice & { readonly endpoints?: readonly string[] };

export function checkHubOptions(given: unknown): NodeOptions {
  const options = checkObject("openHub", given, OPTION_NAMES);
  const { nick, dataDir, debug } = options;
  if (nick === undefined) throw new TypeError('openHub needs a nick: openHub({ nick: "anna" })');
  checkNick(nick);
  if (debug !== undefined && typeof debug !== "function")
    throw misfit("debug", debug, "a function that takes a record");
  const settings: Partial<Settings> = Object.fromEntries(
    Object.entries(SETTINGS).flatMap(([option, setting]) => {
      const value = options[option];
      return value === undefined ? [] : [[setting, checkSetting(option, setting, value)]];
    }),
  );
  return {
    nick: nick as string,
    port: settings.PORT ?? PORT_DEFAULT,
    discovery: settings.DISCOVERY ?? true,
    dataDir: dataDir as string | undefined,
    dropPercent: settings.DROP_PERCENT ?? 0,
    config: configOf(settings),
    debug: debug as NodeOptions["debug"],
  };
}

export function checkNick(nick: unknown): asserts nick is string {
  if (typeof nick !== "string" || !isNick(nick))
    throw misfit("nick", nick, "1 to 32 characters without blanks, controls or check marks, at most 64 bytes");
}

/** Throws a SmplchatError where an invite makes no sense: people paste these. */
export function checkRoom(given: unknown): RoomObject {
  if (typeof given === "string") {
    if (given.startsWith("smplchat:")) return parseInvite(given);
    const name = given.replace(/^#/, "").normalize("NFC");
    if (!isRoomName(name))
      throw misfit("room", given, "letters, digits, - _ and ., at most 64 bytes; or a whole invite");
    return { name, private: false, secret: openRoom(name) };
  }
  const room = checkObject("a room", given, ["name", "private", "secret", "endpoints"]);
  const secret = checkObject("a room's secret", room.secret, ["id", "epoch", "key"]);
  if (typeof room.name !== "string" || !isRoomName(room.name))
    throw misfit("room.name", room.name, "letters, digits, - _ and ., at most 64 bytes");
  if (typeof room.private !== "boolean") throw misfit("room.private", room.private, "true or false");
  checkBytes("room.secret.id", secret.id, ROOM_ID_BYTES);
  checkBytes("room.secret.key", secret.key, ROOM_KEY_BYTES);
  if (!Number.isSafeInteger(secret.epoch) || (secret.epoch as number) < 0)
    throw misfit("room.secret.epoch", secret.epoch, "a whole number from 0 on");
  return given as RoomObject;
}

/** Throws a SmplchatError, and a TypeError if it is no text. Without a port: 62733. Looks nothing up. */
export function parseAddress(text: string): Address {
  if (typeof text !== "string") throw misfit("address", text, "a text like 10.0.0.2, [fe80::1]:62733 or host:port");
  const address = readAddress(text);
  if ("code" in address) throw new SmplchatError(address.code, refusalText(address), { ...address });
  return address;
}

/** Throws a SmplchatError, and a TypeError if it is no text. */
export function parseInvite(text: string): Invite {
  if (typeof text !== "string") throw misfit("invite", text, "a text that starts with smplchat:");
  const invite = decodeInvite(text.trim());
  if (!("error" in invite)) return invite;
  const refusal = { code: "bad-invite", reason: invite.error } as const;
  throw new SmplchatError(refusal.code, refusalText(refusal), refusal);
}

/** A private room that has not been before: `room.invite()` lets others in. */
export function newRoom(name: string): RoomObject {
  if (typeof name !== "string" || !isRoomName(name))
    throw misfit("name", name, "letters, digits, - _ and ., at most 64 bytes");
  return { name, private: true, secret: newPrivateRoom() };
}

/** An object with these fields and no others; undefined stands for none. */
export function checkObject(what: string, given: unknown, fields: readonly string[]): Record<string, unknown> {
  if (given === undefined) return {};
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw misfit(what, given, `an object with ${fields.join(", ")}`);
  const unknown = Object.keys(given).find((key) => !fields.includes(key));
  if (unknown !== undefined)
    throw new TypeError(
      `${what} knows no ${sanitizeLine(unknown).slice(0, 100)}: did you mean ${nearest(unknown, fields)}?`,
    );
  return given as Record<string, unknown>;
}

/** `wanted` goes after "wanted". */
export function misfit(what: string, value: unknown, wanted: string): TypeError {
  return new TypeError(`${what} cannot be ${shown(value)}: wanted ${wanted}`);
}

// --- internal ---

const SETTINGS: Readonly<Record<Exclude<keyof HubOptions, "nick" | "debug">, SettingName>> = {
  port: "PORT",
  discovery: "DISCOVERY",
  dataDir: "DATA_DIR",
  dropPercent: "DROP_PERCENT",
  gossipFanout: "GOSSIP_FANOUT",
  relaySeenLimit: "RELAY_SEEN_LIMIT",
  keepaliveInterval: "KEEPALIVE_INTERVAL",
  nodeTimeout: "NODE_TIMEOUT",
  cleanupInterval: "CLEANUP_INTERVAL",
  latestLimit: "LATEST_LIMIT",
  maxMessages: "MAX_MESSAGES",
  maxAge: "MAX_AGE",
  maxDisk: "MAX_DISK",
};

const OPTION_NAMES = ["nick", ...Object.keys(SETTINGS), "debug"];

function checkSetting(option: string, setting: SettingName, value: unknown): unknown {
  const wanted = setting === "DISCOVERY" ? "boolean" : setting === "DATA_DIR" ? "string" : "number";
  const words = wanted === "boolean" ? "true or false" : fitting(setting);
  // Texts that a person could type for a setting are no numbers in a program.
  if (typeof value !== wanted || readSetting(setting, value) === undefined) throw misfit(option, value, words);
  return value;
}

function checkBytes(what: string, value: unknown, length: number): void {
  if (!(value instanceof Uint8Array)) throw misfit(what, value, `${length} bytes (a Uint8Array)`);
  if (value.length !== length) throw new TypeError(`${what} cannot have ${value.length} bytes: wanted ${length}`);
}

/** One short line, and no key: of objects only what kind they are. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(sanitizeLine(value).slice(0, 100));
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "function" ? "a function" : String(value);
}
