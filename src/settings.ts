/**
 * Every setting in one typed table: name, type, unit, bounds, default, and what it does. The table checks values, makes the
 * settings part of `--help` and the table in the README, and tells `/set` what there is.
 *
 * A setting NAME is given as `--name`, as `SMPLCHAT_NAME`, or as `name = ...` in the settings file; the first of these wins.
 */
import { defaultConfig } from "./protocol/config.ts";

/** The UDP port, unless another is said: also what an address without a port means. */
export const PORT_DEFAULT = 62733;

type Common = {
  /** What it does, one line. */
  readonly what: string;
  /** Written in tables in place of the default, where the default is not a fixed value. */
  readonly shown?: string;
  /** `/set NAME VALUE` changes it while the chat runs. */
  readonly live?: true;
};

export type SettingSpec =
  | (Common & {
      readonly type: "integer" | "decimal";
      /** Both included. */
      readonly min: number;
      readonly max: number;
      readonly unit?: "s" | "%";
      readonly default: number | undefined;
    })
  /** Bytes; 0: off. Both bounds included. */
  | (Common & { readonly type: "size" | "age"; readonly min: number; readonly max: number; readonly default: number })
  | (Common & { readonly type: "switch"; readonly default: boolean })
  | (Common & { readonly type: "text" | "path"; readonly default: string | undefined })
  | (Common & { readonly type: "list"; readonly default: readonly string[] });

export const settingsTable = {
  PORT: {
    type: "integer",
    min: 0,
    max: 65535,
    default: PORT_DEFAULT,
    what: "UDP port; if it is taken, the next free one (0: any)",
  },
  NICK: {
    type: "text",
    default: undefined,
    shown: "asked at first start; `$USER` offered",
    what: "nickname",
    live: true,
  },
  JOIN: { type: "list", default: [], shown: "–", what: "addresses or invites to join at start, comma-separated" },
  ROOM: {
    type: "list",
    default: [],
    shown: "the rooms of last time, else `smplchat`",
    what: "rooms to be in: names (open) or invites (private), comma-separated",
  },
  GOSSIP_FANOUT: {
    type: "integer",
    min: 1,
    max: 100,
    default: undefined,
    shown: "20, in larger rooms 1.5·√members up to 50",
    what: "to how many peers a message is relayed",
    live: true,
  },
  RELAY_SEEN_LIMIT: {
    type: "integer",
    min: 1,
    max: 10,
    default: defaultConfig.seenLimit,
    what: "on how many sightings of a message it is relayed",
    live: true,
  },
  KEEPALIVE_INTERVAL: {
    type: "decimal",
    min: 0.1,
    max: 3600,
    unit: "s",
    default: defaultConfig.probeIntervalMs / 1000,
    what: "probe interval",
  },
  NODE_TIMEOUT: {
    type: "decimal",
    min: 1,
    max: 604_800,
    unit: "s",
    default: defaultConfig.nodeTimeoutMs / 1000,
    what: "how long an unreachable peer stays listed",
  },
  CLEANUP_INTERVAL: {
    type: "decimal",
    min: 0.1,
    max: 86_400,
    unit: "s",
    default: defaultConfig.cleanupIntervalMs / 1000,
    what: "how often lists are trimmed",
  },
  LATEST_LIMIT: {
    type: "integer",
    min: 1,
    max: 10_000,
    default: defaultConfig.latestLimit,
    what: "newest messages fetched first when joining",
  },
  MAX_MESSAGES: {
    type: "integer",
    min: 1,
    max: 1_000_000,
    default: defaultConfig.maxMessages,
    what: "messages kept per room; whoever said most lets go first",
    live: true,
  },
  MAX_AGE: {
    type: "age",
    min: 60,
    max: 3_155_760_000,
    default: 0,
    what: "what was said longer ago is let go (30d, 12h, 90m)",
    live: true,
  },
  MAX_DISK: {
    type: "size",
    min: 1_000_000,
    max: 1_000_000_000_000,
    default: 0,
    what: "what these messages may take of the disk per room (500MB); then fewer are kept",
    live: true,
  },
  DISCOVERY: { type: "switch", default: true, what: "find others on the same LAN by multicast, and be found" },
  DEBUG: {
    type: "switch",
    default: false,
    what: "structured debug log on stderr (to a file while the full screen is up)",
  },
  DROP_PERCENT: {
    type: "decimal",
    min: 0,
    max: 100,
    unit: "%",
    default: 0,
    what: "testing: drop this share of outgoing datagrams",
  },
  DATA_DIR: {
    type: "path",
    default: undefined,
    shown: "XDG data",
    what: "where identity, nickname, history and addresses of peers are kept",
  },
} as const satisfies Record<string, SettingSpec>;

export type SettingName = keyof typeof settingsTable;

type ValueOf<T extends SettingSpec["type"]> = T extends "integer" | "decimal" | "size" | "age"
  ? number
  : T extends "switch"
    ? boolean
    : T extends "list"
      ? readonly string[]
      : string;

/** A checked value for every setting; undefined only where there is no default. */
export type Settings = {
  readonly [N in SettingName]:
    | ValueOf<(typeof settingsTable)[N]["type"]>
    | Extract<(typeof settingsTable)[N]["default"], undefined>;
};

export type SettingValue = string | number | boolean | readonly string[];

export const settingNames = Object.keys(settingsTable) as SettingName[];

export const environmentName = (name: SettingName): string => `SMPLCHAT_${name}`;
export const flagName = (name: SettingName): string => `--${name.toLowerCase().replaceAll("_", "-")}`;

export function settingSpec(name: SettingName): SettingSpec {
  return settingsTable[name];
}

/** The setting that a person means by `node_timeout`, `NODE-TIMEOUT`, ...; undefined if there is none. */
export function settingNamed(text: string): SettingName | undefined {
  const name = text.toUpperCase().replaceAll("-", "_");
  return Object.hasOwn(settingsTable, name) ? (name as SettingName) : undefined;
}

/**
 * The value that `given` (text of a flag or variable, or a value of the settings file) means, or `undefined` if it does not
 * fit: `fitting` says what would.
 */
export function readSetting(name: SettingName, given: unknown): SettingValue | undefined {
  const spec = settingSpec(name);
  switch (spec.type) {
    case "integer":
    case "decimal":
      return readNumber(spec, given);
    case "size":
      return readUnits(spec, given, SIZE);
    case "age":
      return readUnits(spec, given, AGE);
    case "switch":
      return readSwitch(given);
    case "list":
      return readList(given);
    case "path":
      return typeof given === "string" && given !== "" && !given.includes("\0") ? given : undefined;
    case "text":
      return typeof given === "string" && given.trim() !== "" ? given.trim() : undefined;
  }
}

/** What a value of this setting has to be, to go after "wanted". */
export function fitting(name: SettingName): string {
  const spec = settingSpec(name);
  switch (spec.type) {
    case "integer":
      return `a whole number from ${spec.min} to ${spec.max}`;
    case "decimal":
      return `a number${spec.unit === "s" ? " of seconds" : ""} from ${spec.min} to ${spec.max}`;
    case "size":
      return `a size from ${unitsText(spec.min, SIZE)} to ${unitsText(spec.max, SIZE)}, or off`;
    case "age":
      return `a time from ${unitsText(spec.min, AGE)} to ${unitsText(spec.max, AGE)} (90m, 12h, 30d), or off`;
    case "switch":
      return "on or off";
    case "list":
      return name === "ROOM" ? "names of rooms or invites, comma-separated" : "addresses or invites, comma-separated";
    case "path":
      return "a directory";
    case "text":
      return "a text that is not empty";
  }
}

/** The default as people read it: `300 s`, `off`, `–`. */
export function shownDefault(name: SettingName): string {
  const spec = settingSpec(name);
  return spec.shown ?? shownValue(name, spec.default);
}

export function shownValue(name: SettingName, value: SettingValue | undefined): string {
  const spec = settingSpec(name);
  if (value === undefined) return spec.shown ?? "–";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "object") return value.length === 0 ? "–" : value.join(",");
  if (spec.type === "size") return unitsText(value as number, SIZE);
  if (spec.type === "age") return unitsText(value as number, AGE);
  return "unit" in spec && spec.unit === "s" ? `${value} s` : String(value);
}

/** The settings part of `--help`. */
export function settingsHelp(): string {
  const rows = settingNames.map((name) => [name, shownDefault(name).replaceAll("`", ""), settingSpec(name).what]);
  const width = Math.max(...settingNames.map((name) => name.length));
  return rows.map(([name = "", shown = "", what = ""]) => `  ${name.padEnd(width)}  ${what} [${shown}]`).join("\n");
}

/** The README's table of settings. */
export function settingsMarkdown(): string {
  const rows = settingNames.map((name) => `| ${name} | ${shownDefault(name)} | ${settingSpec(name).what} |`);
  return ["| name | default | what it does |", "|---|---|---|", ...rows].join("\n");
}

// --- internal ---

function readNumber(spec: SettingSpec & { type: "integer" | "decimal" }, given: unknown): number | undefined {
  const text = typeof given === "string" ? given.trim() : "";
  const plain = spec.type === "integer" ? /^\d{1,15}$/ : /^(\d{1,15}(\.\d{0,9})?|\.\d{1,9})$/;
  const value = typeof given === "bigint" ? Number(given) : plain.test(text) ? Number(text) : given;
  if (typeof value !== "number" || !(value >= spec.min && value <= spec.max)) return undefined;
  return spec.type === "integer" && !Number.isInteger(value) ? undefined : value;
}

type Units = { readonly pattern: RegExp; readonly of: Readonly<Record<string, number>>; readonly least: string };
/** Bytes, and seconds. */
const SIZE: Units = {
  pattern: /^(\d{1,15}(?:\.\d{1,9})?) ?([kmgt]?b)?$/i,
  of: { KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 },
  least: "B",
};
const AGE: Units = {
  pattern: /^(\d{1,15}(?:\.\d{1,9})?) ?([smhd])?$/i,
  of: { s: 1, m: 60, h: 3_600, d: 86_400 },
  least: "s",
};

/** `500MB`, `500 mb`, `1.5GB`, bytes as a plain number, or `off`; and times alike. */
function readUnits(spec: SettingSpec & { type: "size" | "age" }, given: unknown, units: Units): number | undefined {
  if (typeof given === "string" && ["off", "0"].includes(given.trim().toLowerCase())) return 0;
  const [, number = "", unit = ""] = units.pattern.exec(typeof given === "string" ? given.trim() : String(given)) ?? [];
  const isNumber = typeof given === "number" || typeof given === "bigint" || typeof given === "string";
  if (!isNumber || number === "") return undefined;
  const [, factor] = Object.entries(units.of).find(([name]) => name.toLowerCase() === unit.toLowerCase()) ?? ["", 1];
  const value = Math.floor(Number(number) * factor);
  return value === 0 || (value >= spec.min && value <= spec.max) ? value : undefined;
}

function unitsText(value: number, { of, least }: Units): string {
  if (value === 0) return "off";
  const [unit, factor] = Object.entries(of).findLast(([, each]) => value >= each) ?? [least, 1];
  return `${Number((value / factor).toFixed(3))} ${unit}`;
}

function readSwitch(given: unknown): boolean | undefined {
  if (typeof given === "boolean") return given;
  const word = String(given).trim().toLowerCase();
  if (["on", "1", "true", "yes"].includes(word)) return true;
  if (["off", "0", "false", "no"].includes(word)) return false;
  return undefined;
}

/** 1 to 100 entries; blanks around them and empty ones fall away. An empty array is an empty list. */
function readList(given: unknown): readonly string[] | undefined {
  const parts = Array.isArray(given) ? given : [given];
  if (!parts.every((part) => typeof part === "string")) return undefined;
  const entries = parts.flatMap((part: string) => part.split(",")).map((entry) => entry.trim());
  const list = entries.filter((entry) => entry !== "");
  return list.length > 100 || (list.length === 0 && parts.length > 0) ? undefined : list;
}
