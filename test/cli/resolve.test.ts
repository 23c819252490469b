/** Flag, environment, file, default: the first that is given wins, and each is named when it does not fit. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ROOMS_MAX } from "../../src/chat/session/sessionState.ts";
import { readArguments } from "../../src/cli/options.ts";
import { configFile, dataDirectory, type Host, isProfileName, thisHost } from "../../src/cli/paths.ts";
import { resolveSettings, SettingsError, type Sources } from "../../src/cli/resolve.ts";
import { chooseRooms, readWanted } from "../../src/cli/room.ts";
import { readSettingsFile } from "../../src/cli/settingsFile.ts";
import { encodeInvite } from "../../src/crypto/invite.ts";
import { newPrivateRoom, openRoom } from "../../src/crypto/roomKeys.ts";
import { settingNames } from "../../src/settings.ts";
import type { RememberedRoom } from "../../src/store/roomsFile.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

function settingsFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "smplchat-test-"));
  made.push(folder);
  writeFileSync(join(folder, "settings.toml"), text);
  return join(folder, "settings.toml");
}

const resolve = (more: Partial<Sources>) => resolveSettings({ flags: {}, environment: {}, file: undefined, ...more });
const fromFile = (text: string) => resolve({ file: readSettingsFile(settingsFile(text), true) });

describe("settings", () => {
  it("come from the flag, else the environment, else the file, else the default", () => {
    const file = { path: "/x/settings.toml", values: { port: 3, gossip_fanout: 3, MAX_MESSAGES: 3 } };
    const environment = { SMPLCHAT_PORT: "2", SMPLCHAT_GOSSIP_FANOUT: "2", SMPLCHAT_NICK: "" };
    const { settings, origins } = resolve({ flags: { PORT: "1" }, environment, file });
    expect(settings).toMatchObject({ PORT: 1, GOSSIP_FANOUT: 2, MAX_MESSAGES: 3, LATEST_LIMIT: 50, NICK: undefined });
    expect(Object.fromEntries(origins)).toEqual({
      PORT: "flag --port",
      GOSSIP_FANOUT: "environment SMPLCHAT_GOSSIP_FANOUT",
      MAX_MESSAGES: "/x/settings.toml",
    });
  });

  it("that do not fit are refused with name, value, origin and what would fit", () => {
    const wanted = "wanted a whole number from 0 to 65535";
    expect(() => resolve({ flags: { PORT: "99999" } })).toThrow(`PORT cannot be "99999" (flag --port): ${wanted}`);
    expect(() => resolve({ environment: { SMPLCHAT_PORT: "x\ny" } })).toThrow(
      `PORT cannot be "x y" (environment SMPLCHAT_PORT): ${wanted}`,
    );
    expect(() => resolve({ file: { path: "/x.toml", values: { port: [] } } })).toThrow(`PORT cannot be "" (/x.toml)`);
    expect(() => resolve({ file: { path: "/x.toml", values: { port: {} } } })).toThrow(SettingsError);
  });

  it("that are tables, or lists of anything but texts, are refused in the same way, whatever the setting", () => {
    expect(() => fromFile('[[join]]\naddress = "10.0.0.2"\nport = 5\n')).toThrow(
      /^JOIN cannot be "\[\{ address = 10\.0\.0\.2, port = 5 \}\]" \(.*settings\.toml\): wanted addresses or invites/,
    );
    for (const name of settingNames.map((one) => one.toLowerCase())) {
      for (const text of [
        `[${name}]\na = 1`,
        `[[${name}]]\na = [1, { b = 2 }]`,
        `${name} = 1979-05-27`,
        `${name} = [[]]`,
      ]) {
        const line = new RegExp(`^${name.toUpperCase()} cannot be "[^\n]+" \\(.*settings\\.toml\\): wanted [^\n]+$`);
        expect(() => fromFile(text), text).toThrow(expect.objectContaining({ message: expect.stringMatching(line) }));
        expect(() => fromFile(text), text).toThrow(SettingsError);
      }
    }
  });

  it("with unknown names stop the start in the file, and warn in the environment", () => {
    expect(() => fromFile("gosip_fanout = 5")).toThrow(/unknown setting "gosip_fanout" .*did you mean gossip_fanout\?/);
    expect(() => fromFile("port = 5\nPORT = 6")).toThrow("PORT is given twice");
    expect(resolve({ environment: { SMPLCHAT_PROT: "5", SMPLCHAT_PORT: "5", PROT: "5" } }).warnings).toEqual([
      "unknown environment variable SMPLCHAT_PROT is ignored: did you mean SMPLCHAT_PORT?",
    ]);
  });
});

describe("the settings file", () => {
  it("may be absent, unless it was named", () => {
    const absent = join(dirname(settingsFile("")), "absent.toml");
    expect(readSettingsFile(absent, false)).toBeUndefined();
    expect(() => readSettingsFile(absent, true)).toThrow("there is none");
    expect(() => readSettingsFile(tmpdir(), true)).toThrow("it is a directory");
  });

  it("is TOML, with the place named where it is not", () => {
    expect(
      fromFile('nick = "zoe"\njoin = ["a", "b"]\nkeepalive_interval = 0.5\ndebug = true\n').settings,
    ).toMatchObject({
      NICK: "zoe",
      JOIN: ["a", "b"],
      KEEPALIVE_INTERVAL: 0.5,
      DEBUG: true,
    });
    expect(() => fromFile("nick = \n")).toThrow(/settings\.toml, line 1, column \d+: [^\n]+$/);
  });
});

describe("the rooms to be in", () => {
  const endpoints = ["10.0.0.7:62733" as Endpoint];
  const secret = newPrivateRoom();
  const den = encodeInvite({ name: "den", private: true, secret, endpoints });
  const tea = encodeInvite({ name: "tea", private: false, secret: openRoom("tea"), endpoints: [] });
  const open = (flags: Sources["flags"], known: readonly RememberedRoom[] = []) =>
    chooseRooms(readWanted(resolve({ flags })), known);
  const namesOf = (rooms: ReturnType<typeof open>) => rooms.map(({ room }) => room.name);
  const remembered = (name: string, state: RememberedRoom["state"]): RememberedRoom => {
    return { name, private: false, secret: openRoom(name), state };
  };

  it("are those that are named, and those that invites lead to, each once; addresses are for all of them", () => {
    expect(open({})).toEqual([{ room: { name: "smplchat", private: false, secret: openRoom("smplchat") }, joins: [] }]);
    expect(open({ ROOM: "tea" })[0]?.room).toEqual({ name: "tea", private: false, secret: openRoom("tea") });
    expect(open({ ROOM: den })).toMatchObject([{ room: { name: "den", private: true }, joins: endpoints }]);
    expect(open({ ROOM: ["lab,tea"], JOIN: [den, "h.example:5"] })).toMatchObject([
      { room: { name: "lab" }, joins: ["h.example:5"] },
      { room: { name: "tea" }, joins: ["h.example:5"] },
      { room: { name: "den" }, joins: [...endpoints, "h.example:5"] },
    ]);
    expect(open({ ROOM: [den, "tea"], JOIN: [den, tea] }).map(({ joins }) => joins)).toEqual([endpoints, []]);
  });

  it("are those of last time where none is wanted", () => {
    const known = [remembered("lab", "in"), remembered("tea", "shown"), remembered("old", "left")];
    expect(open({}, known).map(({ room, isShown }) => [room.name, isShown])).toEqual([
      ["lab", false],
      ["tea", true],
    ]);
    expect(namesOf(open({ ROOM: "lab" }, known))).toEqual(["lab"]);
    expect(namesOf(open({}, [remembered("old", "left")]))).toEqual(["smplchat"]);
  });

  it("a name that is that of several is refused with what tells them apart, and that is taken", () => {
    const known = [remembered("den", "in"), { name: "den", private: true, secret, state: "left" } as const];
    const [open4, private4] = known.map(({ secret: { id } }) => Buffer.from(id).toString("hex").slice(0, 4));
    for (const ROOM of ["den", "#den"])
      expect(() => open({ ROOM }, known)).toThrow(
        `several of your rooms are called den: name one of den~${open4} (open), den~${private4} (private, left)`,
      );
    expect(open({ ROOM: `den~${private4}` }, known)[0]?.room).toEqual({ name: "den", private: true, secret });
    expect(open({ ROOM: `#den~${open4}` }, known)[0]?.room.private).toBe(false);
    expect(() => open({ ROOM: "den~0000" }, [])).toThrow('ROOM cannot be "den~0000"');
  });

  it("a name is that of a private room one was in before it is that of an open one", () => {
    const known: RememberedRoom[] = [{ name: "den", private: true, secret, state: "left" }];
    expect(open({ ROOM: "den" }, known)[0]?.room).toEqual({ name: "den", private: true, secret });
    expect(open({ ROOM: "den" })[0]?.room.private).toBe(false);
  });

  it("are refused when names make no sense, and when they are too many", () => {
    expect(() => open({ ROOM: "a b" })).toThrow('ROOM cannot be "a b" (flag --room): wanted a room name');
    expect(() => open({ ROOM: `${den}x` })).toThrow("mistyped");
    expect(() => open({ ROOM: "" })).toThrow("wanted names of rooms or invites");
    expect(() => open({ JOIN: ["#tea"] })).toThrow("a room goes to ROOM");
    expect(() => open({ JOIN: ["10.0.0.2:x"] })).toThrow('JOIN cannot be "10.0.0.2:x" (flag --join)');
    const many = Array.from({ length: ROOMS_MAX + 1 }, (_, n) => `r${n}`);
    expect(() => open({ ROOM: many })).toThrow(`at most ${ROOMS_MAX}`);
  });
});

describe("the command line", () => {
  it("gives every setting a flag of its name", () => {
    const argv = "--gossip-fanout 5 --join a --join b,c --debug --discovery off --no-input --profile p".split(" ");
    expect(readArguments(argv, "1")).toEqual({
      type: "chat",
      flags: { GOSSIP_FANOUT: "5", JOIN: ["a", "b,c"], DEBUG: true, DISCOVERY: "off" },
      switches: { plain: false, json: false, ephemeral: false, input: false, profile: "p", config: undefined },
      words: [],
    });
    expect(readArguments(["--plain", "lab", "10.0.0.2", "-"], "1")).toMatchObject({
      type: "chat",
      words: ["lab", "10.0.0.2", "-"],
    });
    expect(readArguments(["invite", "--new", "den", "--port", "5"], "1")).toMatchObject({
      type: "invite",
      name: "den",
      flags: { PORT: "5" },
    });
  });

  it("prints help and version, and names in one line what it does not know", () => {
    expect(readArguments(["--version"], "1.2.3")).toEqual({ type: "print", text: "1.2.3\n" });
    expect(readArguments(["-h"], "1")).toMatchObject({ type: "print", text: expect.stringContaining("GOSSIP_FANOUT") });
    for (const argv of [
      ["--nikc", "x"],
      ["join"],
      ["join", "lab"],
      ["help"],
      ["--port"],
      ["invite", "--bad"],
      ["invite", "more"],
      ["send", "--wait", "5"],
    ]) {
      const result = readArguments(argv, "1");
      expect(result, argv.join(" ")).toMatchObject({ type: "wrong-usage", message: expect.stringMatching(/^[^\n]+$/) });
    }
  });
});

describe("paths", () => {
  const linux: Host = { environment: {}, platform: "linux", home: "/home/a" };

  it("follow each system's rules", () => {
    expect(dataDirectory(linux, undefined, undefined)).toBe("/home/a/.local/share/smplchat");
    expect(dataDirectory({ ...linux, environment: { XDG_DATA_HOME: "/d" } }, undefined, "p")).toBe(
      "/d/smplchat/profiles/p",
    );
    expect(dataDirectory({ ...linux, environment: { XDG_DATA_HOME: "rel" } }, undefined, undefined)).toMatch(/^\/home/);
    expect(dataDirectory({ ...linux, platform: "darwin" }, undefined, undefined)).toContain(
      "Library/Application Support",
    );
    expect(dataDirectory(linux, "~/x", undefined)).toBe("/home/a/x");
    expect(configFile({ ...linux, environment: { XDG_CONFIG_HOME: "/c" } })).toBe("/c/smplchat/settings.toml");
  });

  it("do not begin where the program was started because HOME is empty", () => {
    vi.stubEnv("HOME", "");
    expect(isAbsolute(thisHost().home)).toBe(true);
    vi.unstubAllEnvs();
  });

  it("of profiles stay in their folder", () => {
    for (const good of ["work", "a.b", "A-1_"]) expect(isProfileName(good)).toBe(true);
    for (const bad of ["", ".", "..", "a/b", "a\\b", "x".repeat(65), "ä b"]) expect(isProfileName(bad)).toBe(false);
  });
});
