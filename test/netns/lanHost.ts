/** A `Lan` that lives on a host of a test network: a process there does the work. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Lan, LanBlocked } from "../../src/net/lan.ts";
import type { DatagramListener } from "../../src/net/transport.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";
import { atEnd } from "./cleanup.ts";
import { cleanEnvironment } from "./client.ts";
import { type Host, onHost } from "./namespaces.ts";

type Told = { readonly ready?: true; readonly heard?: string; readonly from?: Endpoint; readonly blocked?: LanBlocked };

/** Resolves when it listens. `close` ends the process. */
export async function openLanOn(host: Host): Promise<Lan> {
  const script = fileURLToPath(new URL("lanHost.js", import.meta.url));
  const child = spawn(...onHost(host, process.execPath, [script]), { env: cleanEnvironment() });
  atEnd(() => child.kill("SIGKILL"));
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let listener: DatagramListener = () => {};
  let onBlocked: (blocked: LanBlocked) => void = () => {};
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk.toString("utf8");
  });
  child.stdin.on("error", () => {});
  await new Promise<void>((resolve, reject) => {
    child.once("close", () => reject(new Error(`lanHost.js: ${complaint}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const told = JSON.parse(line) as Told;
      if (told.ready === true) resolve();
      if (told.heard !== undefined) listener(Buffer.from(told.heard, "hex"), told.from as Endpoint);
      if (told.blocked !== undefined) onBlocked(told.blocked);
    });
  });
  let isClosed = false;
  return {
    broadcast: (bytes) => {
      if (!isClosed) child.stdin.write(`${Buffer.from(bytes).toString("hex")}\n`);
    },
    onBroadcast: (next) => {
      listener = next;
    },
    onBlocked: (next) => {
      onBlocked = next;
    },
    counters: () => ({}),
    close: async () => {
      isClosed = true;
      child.stdin.end();
      await exited;
    },
  };
}
