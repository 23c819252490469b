/** `/set`: shows the settings, and changes those that can change while the chat runs. */
import { maxAgeMsOf, maxBytesOf } from "../../node/config.ts";
import {
  fitting,
  flagName,
  readSetting,
  type SettingName,
  settingNamed,
  settingNames,
  settingSpec,
  shownValue,
} from "../../settings.ts";
import type { Refusal, Reply, SettingRow } from "../model/events.ts";
import type { CommandContext, LiveSettings, Outcome } from "./commandContext.ts";
import { nearest } from "./nearest.ts";

/** NICK is changed by `/nick`: the caller sees to that. */
export function setSetting(
  context: CommandContext,
  named: string | undefined,
  value: string | undefined,
  reply: (reply: Reply) => Outcome,
  refuse: (refusal: Refusal) => Outcome,
): Outcome {
  if (named === undefined) return reply({ code: "settings", rows: settingNames.map((name) => rowOf(context, name)) });
  const setting = settingNamed(named);
  if (setting === undefined) {
    return refuse({ code: "unknown-setting", name: named, nearest: nearest(named, settingNames) ?? "" });
  }
  if (value === undefined) return reply({ code: "set", row: rowOf(context, setting) });
  if (!isLive(setting)) return refuse({ code: "not-live", setting, flag: flagName(setting) });
  const read = readSetting(setting, value);
  if (typeof read !== "number") return refuse({ code: "bad-value", setting, value, wanted: fitting(setting) });
  Object.assign(context.live, { [setting]: read });
  const { GOSSIP_FANOUT: fanout, RELAY_SEEN_LIMIT: seenLimit, MAX_MESSAGES: maxMessages } = context.live;
  const [maxAgeMs, maxBytes] = [maxAgeMsOf(context.live.MAX_AGE), maxBytesOf(context.live.MAX_DISK)];
  context.options.hub.configure({ fanout, seenLimit, maxMessages, maxAgeMs, maxBytes });
  return reply({ code: "set", row: rowOf(context, setting) });
}

// --- internal ---

function isLive(name: SettingName): name is keyof LiveSettings {
  return name !== "NICK" && settingSpec(name).live === true;
}

/** What is in force now, not what the start was given. */
function rowOf(context: CommandContext, name: SettingName): SettingRow {
  const live = settingSpec(name).live === true;
  if (name === "NICK") return { name, value: context.room().self().nick, live };
  if (name === "ROOM") return { name, value: context.room().choice.name, live };
  return { name, value: shownValue(name, isLive(name) ? context.live[name] : context.options.settings[name]), live };
}
