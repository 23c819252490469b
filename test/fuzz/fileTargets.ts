/**
 * Everything that is decoded from disk or from a local client: settings, addresses, identity, lock, lines of JSON mode and of
 * history files, and what people type. Each answers with a value or an error of its own, and leaves alone what it refuses.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseLine } from "../../src/chat/command/parse.ts";
import { decodeLine, differingField, endLine, messageLine } from "../../src/chat/history/format.ts";
import { resolveSettings, SettingsError } from "../../src/cli/resolve.ts";
import { readSettingsFile } from "../../src/cli/settingsFile.ts";
import { type Identity, identityFromSeed } from "../../src/crypto/identity.ts";
import { createRoomKeys } from "../../src/crypto/roomKeys.ts";
import { readMessage, verifyMessage } from "../../src/crypto/signed.ts";
import { readInput } from "../../src/json/input.ts";
import { limits } from "../../src/protocol/limits.ts";
import { settingsTable } from "../../src/settings.ts";
import { addressesOnDisk } from "../../src/store/addressFile.ts";
import { IdentityError, openIdentity } from "../../src/store/identity.ts";
import { takeLock } from "../../src/store/lock.ts";
import { messageKinds, needsTarget } from "../../src/wire/bodies/kinds.ts";
import { parseEndpoint } from "../../src/wire/endpoint.ts";
import { createTalk, LAB, LAB_HEADER, smallTalk } from "../suites/signedTalk.ts";
import { endpointArbitrary } from "../wire/arbitraries.ts";
import { samples } from "./corpus.ts";
import { decoderTarget, type Outcome, type Target } from "./fuzz.ts";

export function fileTargets(): Target[] {
  return [
    settingsTarget(),
    addressTarget(),
    identityTarget(),
    lockTarget(),
    jsonTarget(),
    historyTarget(),
    typedTarget(),
  ];
}

// --- internal ---

const texts = (...lines: string[]): Uint8Array[] => lines.map((line) => Buffer.from(line));

/** A folder that lasts as long as this process; made when it is needed. */
function scratch(): () => string {
  let folder: string | undefined;
  return () => {
    if (folder === undefined) {
      const made = mkdtempSync(join(tmpdir(), "smplchat-fuzz-"));
      process.once("exit", () => rmSync(made, { recursive: true, force: true }));
      folder = made;
    }
    return folder;
  };
}

function settingsTarget(): Target {
  const folder = scratch();
  const names = Object.keys(settingsTable).map((name) => name.toLowerCase());
  return decoderTarget({
    name: "settings",
    weight: 10,
    mutator: () => ({
      corpus: texts(
        'nick = "anna"\nport = 4000\nroom = "den"\n',
        'join = ["10.0.0.1:4000", "[::1]:5"]\nmax_messages = 1_000\ngossip_fanout = 0x10\n',
        '# words\nnick = """\nlong\n"""\ndiscovery = false\n[table]\na.b = 1979-05-27T07:32:00Z\n',
        'room = "smplchat:AgAHZ3LDtsOfZQ"\nplain = true\n__proto__ = 1\nconstructor = {a = 1}\n',
        ...names.flatMap((name) => [`${name} = 1\n`, `${name} = "1"\n`, `${name} = true\n`, `${name} = [1.5, nan]\n`]),
      ),
      tokens: texts(
        ...names,
        "= ",
        '"""',
        "'''",
        "[[",
        "]]",
        "{",
        "}",
        "\n",
        "nan",
        "inf",
        "\\u0000",
        "__proto__",
        ".",
      ),
      bytesMax: 4_000,
    }),
    take: (bytes) => {
      const path = join(folder(), "settings.toml");
      writeFileSync(path, bytes);
      try {
        resolveSettings({ flags: {}, environment: {}, file: readSettingsFile(path, true) });
        return "accepted";
      } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        if (error.message.includes("\n")) throw new Error("says more than one line", { cause: error });
        return "refused";
      }
    },
  });
}

function addressTarget(): Target {
  const folder = scratch();
  const room = Buffer.alloc(32, 7);
  const lines = samples(endpointArbitrary, 60).map((endpoint, index) => `${index} ${endpoint} ${"ab".repeat(32)}`);
  const file = (count: number): string =>
    `${["smplchat addresses 1", ...lines.slice(0, count), `${count} in all`].join("\n")}\n`;
  return decoderTarget({
    name: "addresses",
    weight: 10,
    mutator: () => ({
      corpus: texts(file(0), file(1), file(3), file(60)),
      tokens: texts("\n", " ", "[::1]:1", "[fe80::1%eth0]:9", "0 in all\n", "999999999999999", "ab".repeat(32)),
      bytesMax: 40_000,
    }),
    take: (bytes) => {
      const path = join(folder(), "rooms", "07".repeat(16), "addresses");
      mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 });
      writeFileSync(path, bytes, { mode: 0o600 });
      const addresses = addressesOnDisk(folder(), room);
      let outcome: Outcome = "accepted";
      addresses.onTrouble(({ code, reason }) => {
        if (code !== "damaged" || reason !== undefined) throw new Error(`${code} ${reason}`);
        outcome = "refused";
      });
      const found = addresses.newestFirst();
      if (found.length > (outcome === "accepted" ? limits.remembered : 0)) throw new Error(`${found.length} addresses`);
      for (const { endpoint, peer, at } of found)
        if (parseEndpoint(endpoint) === undefined || !/^[0-9a-f]{64}$/.test(peer) || !Number.isSafeInteger(at))
          throw new Error(`took ${endpoint} ${peer} ${at}`);
      return outcome;
    },
  });
}

/** What is no identity is an error, and is left as it is. */
function identityTarget(): Target {
  const folder = scratch();
  return decoderTarget({
    name: "identity",
    weight: 1,
    mutator: () => ({
      corpus: texts(
        ...[1, 2, 3].map((fill) => identityText(identityFromSeed(Buffer.alloc(32, fill)))),
        `smplchat identity 1\nseed ${"00".repeat(32)}\nid ${"00".repeat(32)}\n`,
      ),
      tokens: texts("\n", "seed ", "id ", "smplchat identity 2"),
      bytesMax: 4_000,
    }),
    take: async (bytes) => {
      const path = join(folder(), "identity");
      writeFileSync(path, bytes, { mode: 0o600 });
      let outcome: Outcome = "accepted";
      try {
        const { identity, release } = await openIdentity(folder());
        release();
        if (identityText(identity) !== Buffer.from(bytes).toString("latin1"))
          throw new Error("took another text of the same identity");
      } catch (error) {
        if (!(error instanceof IdentityError) || error.code !== "identity-damaged") throw error;
        outcome = "refused";
      }
      if (!readFileSync(path).equals(Buffer.from(bytes))) throw new Error("changed the file");
      return outcome;
    },
  });
}

function identityText({ seed, id }: Identity): string {
  return `smplchat identity 1\nseed ${Buffer.from(seed).toString("hex")}\nid ${id}\n`;
}

/** A file of somebody else beside the lock: its name up to the first line break, what stands in it after that. */
function lockTarget(): Target {
  const folder = scratch();
  return decoderTarget({
    name: "lock",
    weight: 1,
    mutator: () => ({
      corpus: texts(
        "4194999-123456\nheld\n",
        "4194998-unknown\nclaim\n",
        "0-0\nheld\n",
        "1-unknown\nheld\n",
        "not a process\nheld\n",
      ),
      tokens: texts("held\n", "claim\n", "-unknown", "-0", "00", "99999999999999999999"),
      bytesMax: 300,
    }),
    take: async (bytes) => {
      const text = Buffer.from(bytes);
      const end = text.indexOf("\n");
      // A name on disk has at most 255 bytes, none of them a slash or zero.
      const name = text
        .subarray(0, end < 0 ? undefined : end)
        .map((byte) => (byte === 0x2f || byte === 0 ? 0x5f : byte));
      const path = Buffer.concat([Buffer.from(join(folder(), "identity.lock.")), name.subarray(0, 200)]);
      writeFileSync(path, end < 0 ? "" : text.subarray(end + 1), { mode: 0o600 });
      try {
        const release = await takeLock(folder(), "identity");
        release?.();
        return release === undefined ? "refused" : "accepted";
      } finally {
        rmSync(path, { force: true });
      }
    },
  });
}

const TYPED = [
  "hello",
  "/me waves",
  "/join 10.0.0.1:4000",
  "/set gossip_fanout 3",
  "  /quit",
  "//",
  "/nick näme",
  "/log",
];

function jsonTarget(): Target {
  return decoderTarget({
    name: "json-line",
    mutator: () => ({
      corpus: texts(
        '{"type":"say","text":"hi","ref":"1"}',
        '{"type":"say","text":"\\u00fc\\ud83d\\ude00","kind":"action"}',
        '{"type":"command","line":"/me waves","ref":"a"}',
        '{"type":"command","line":"no slash"}',
        '{"type":["say"],"__proto__":{"type":"say"},"ref":{"toString":1}}',
        ...TYPED,
      ),
      tokens: texts(
        '"type":',
        '"say"',
        '"command"',
        '"ref":',
        '"text":',
        '"kind":',
        "null",
        "1e999",
        "\\ud800",
        '"__proto__":',
        "{",
        "[[",
      ),
      bytesMax: 4_000,
    }),
    take: (bytes) => {
      const line = Buffer.from(bytes).toString("utf8");
      const input = readInput(line);
      if (input.ref !== undefined && (typeof input.ref !== "string" || input.ref.length > 256))
        throw new Error("bad ref");
      if (input.type === "bad-input") return "refused";
      if (input.type === "subscribe") {
        if (input.rooms?.every((name) => typeof name === "string") === false) throw new Error("bad rooms");
        return "accepted";
      }
      if (input.type === "search") return "code" in input.asked ? "refused" : "accepted";
      if (input.type === "history") return "accepted";
      if (input.type === "refused") return "refused";
      if (input.room !== undefined && typeof input.room !== "string") throw new Error("bad room");
      if (typeof input.text !== "string") throw new Error("text is none");
      if (input.type === "say" && !messageKinds.includes(input.kind)) throw new Error("bad kind");
      if (input.type === "say" && needsTarget(input.kind) !== (input.target !== undefined))
        throw new Error("bad target");
      return "accepted";
    },
  });
}

function historyTarget(): Target {
  const keys = createRoomKeys(LAB.secret);
  return decoderTarget({
    name: "history-line",
    mutator: () => ({
      corpus: texts(
        LAB_HEADER,
        ...smallTalk(4).messages.map(messageLine),
        messageLine(createTalk().say("anna", "waves", { kind: "action" })),
        messageLine(createTalk().say("anna", "", { kind: 300 })),
        endLine(4, "0".repeat(64)),
      ),
      tokens: texts('"type":', '"message"', '"signed":', '"room":', '"id":', '"author":', "null", "[", "1e999", "="),
      bytesMax: 4_000,
    }),
    take: (bytes) => {
      const line = decodeLine(bytes);
      if (line.type === "bad") return "refused";
      if (line.type === "header" && line.room.id.length !== 32) throw new Error("bad room id");
      if (line.type === "end" && !Number.isSafeInteger(line.messages)) throw new Error("bad count");
      if (line.type !== "message") return "accepted";
      const message = readMessage(keys, line.bytes);
      if (message === undefined) return "refused";
      if (differingField(message, line.written) !== undefined) return "refused";
      return verifyMessage(keys, message) ? "accepted" : "refused";
    },
  });
}

function typedTarget(): Target {
  return decoderTarget({
    name: "typed-line",
    mutator: () => ({ corpus: texts(...TYPED), tokens: texts("/", " ", "\n", "/set ", "\u00a0"), bytesMax: 4_000 }),
    take: (bytes) => {
      const text = Buffer.from(bytes).toString("utf8");
      const parsed = parseLine(text);
      // What looks like a command is never said.
      if (parsed.type === "say" && text.trim().startsWith("/")) throw new Error(`would say ${text}`);
      return parsed.type === "refusal" ? "refused" : "accepted";
    },
  });
}
