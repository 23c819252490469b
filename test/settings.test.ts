/** The one table of settings: bounds hold, and help, README and the table say the same. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { defaultConfig } from "../src/protocol/config.ts";
import {
  fitting,
  readSetting,
  type SettingName,
  settingNamed,
  settingNames,
  settingSpec,
  settingsHelp,
  settingsMarkdown,
  shownValue,
} from "../src/settings.ts";

describe("a setting's value", () => {
  it("at its bounds fits, and beyond them does not", () => {
    for (const name of settingNames) {
      const spec = settingSpec(name);
      if (spec.type !== "integer" && spec.type !== "decimal") continue;
      for (const value of [spec.min, spec.max, spec.default]) {
        expect(readSetting(name, String(value)), name).toBe(value);
        expect(readSetting(name, value), name).toBe(value);
      }
      for (const bad of [
        spec.min - 1,
        spec.max + 1,
        "",
        " ",
        "x",
        "1e3",
        "0x10",
        "NaN",
        "-",
        true,
        null,
        [],
        {},
        Number.NaN,
      ]) {
        expect(readSetting(name, bad), `${name} ${String(bad)}`).toBeUndefined();
      }
      expect(fitting(name)).toContain(String(spec.max));
    }
  });

  it("is whole where halves make no sense, and may be a fraction of a second", () => {
    expect(readSetting("PORT", "1.5")).toBeUndefined();
    expect(readSetting("GOSSIP_FANOUT", 2.5)).toBeUndefined();
    expect(readSetting("KEEPALIVE_INTERVAL", "0.25")).toBe(0.25);
    expect(readSetting("NODE_TIMEOUT", 2n)).toBe(2);
  });

  it("of a size has a unit, or is bytes, or off", () => {
    for (const [given, bytes] of [
      ["500MB", 500_000_000],
      ["500 mb", 500_000_000],
      ["1.5gb", 1_500_000_000],
      ["1TB", 1_000_000_000_000],
      ["2000000", 2_000_000],
      [2_000_000, 2_000_000],
      [2_000_000n, 2_000_000],
      ["2000000B", 2_000_000],
      ["off", 0],
      [0, 0],
    ] as const)
      expect(readSetting("MAX_DISK", given), String(given)).toBe(bytes);
    for (const bad of ["", "1KB", "999999", "2TB", "MB", "-5MB", "5 M B", "1e9", true, null, ["5MB"], Number.NaN])
      expect(readSetting("MAX_DISK", bad), String(bad)).toBeUndefined();
    expect(fitting("MAX_DISK")).toBe("a size from 1 MB to 1 TB, or off");
    expect(shownValue("MAX_DISK", 1_500_000_000)).toBe("1.5 GB");
  });

  it("of an age has a unit people use, and is seconds inside", () => {
    for (const [given, seconds] of [
      ["30d", 2_592_000],
      ["12 h", 43_200],
      ["90M", 5_400],
      ["1.5h", 5_400],
      ["60", 60],
      [3_600n, 3_600],
      ["off", 0],
    ] as const)
      expect(readSetting("MAX_AGE", given), String(given)).toBe(seconds);
    for (const bad of ["", "59", "1s", "d", "30 days", "-1d", "101y", "99999d", true, ["1d"]])
      expect(readSetting("MAX_AGE", bad), String(bad)).toBeUndefined();
    expect(fitting("MAX_AGE")).toBe("a time from 1 m to 36525 d (90m, 12h, 30d), or off");
    expect(shownValue("MAX_AGE", 43_200)).toBe("12 h");
  });

  it("of a switch is on or off in the usual words", () => {
    for (const word of ["on", "1", "TRUE", "yes", true]) expect(readSetting("DEBUG", word)).toBe(true);
    for (const word of ["off", "0", "False", "no", false]) expect(readSetting("DISCOVERY", word)).toBe(false);
    for (const word of ["", "2", "maybe", 5]) expect(readSetting("DEBUG", word)).toBeUndefined();
  });

  it("of a list is split at commas, from one text or several", () => {
    expect(readSetting("JOIN", " a , b,,c ")).toEqual(["a", "b", "c"]);
    expect(readSetting("JOIN", ["a,b", "c"])).toEqual(["a", "b", "c"]);
    expect(readSetting("JOIN", [])).toEqual([]);
    for (const nothing of [[1], "", " , ", [""]]) expect(readSetting("JOIN", nothing)).toBeUndefined();
  });
});

describe("the table", () => {
  it("has every setting of the contract, with the tuned values of the protocol", () => {
    const contract =
      "PORT NICK JOIN ROOM GOSSIP_FANOUT RELAY_SEEN_LIMIT KEEPALIVE_INTERVAL NODE_TIMEOUT CLEANUP_INTERVAL";
    const rest = "LATEST_LIMIT MAX_MESSAGES DISCOVERY DEBUG DROP_PERCENT DATA_DIR";
    expect(settingNames).toEqual(expect.arrayContaining(`${contract} ${rest}`.split(" ")));
    expect(settingSpec("GOSSIP_FANOUT").default).toBe(defaultConfig.fanout);
    expect(settingSpec("PORT").default).toBe(62733);
  });

  it("finds a setting however its name is spelled", () => {
    for (const name of settingNames) {
      expect(settingNamed(name.toLowerCase())).toBe(name);
      expect(settingNamed(name.replaceAll("_", "-"))).toBe(name);
    }
    expect(settingNamed("constructor")).toBeUndefined();
  });

  it("makes the help and the README's table", () => {
    for (const name of settingNames) {
      expect(settingsHelp()).toMatch(new RegExp(`^  ${name} +${escaped(name)}`, "m"));
      expect(settingsMarkdown()).toContain(`| ${name} |`);
    }
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const shown = /<!-- settings -->\n([\s\S]*?)\n<!-- \/settings -->/.exec(readme)?.[1];
    expect(shown?.trim()).toBe(settingsMarkdown());
  });
});

function escaped(name: SettingName): string {
  return settingSpec(name).what.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
