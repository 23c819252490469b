/** Kinds of message between real processes in JSON mode, and what is kept of them after a restart. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { killPrograms, type Line, portOf, soon, startJsonProgram } from "../suites/jsonProgram.ts";
import { runProgram } from "../suites/program.ts";

const folder = mkdtempSync(join(tmpdir(), "smplchat-kinds-"));
afterEach(() => {
  killPrograms();
  rmSync(folder, { recursive: true, force: true });
});

it("two programs say and hear every kind, and one that starts again reads what became of it", async () => {
  const [home, dir] = [join(folder, "home"), join(folder, "bob")];
  const anna = await startJsonProgram(home, ["--nick", "anna", "--ephemeral"]);
  const start = () =>
    startJsonProgram(home, ["--nick", "bob", "--data-dir", dir, "--join", `127.0.0.1:${portOf(anna)}`]);
  const bob = await start();
  await soon(() => anna.lines().find(({ type }) => type === "peer"));
  const messages = (lines: readonly Line[]) => lines.filter(({ type }) => type === "message");
  const heard = (text: string, kind: string) =>
    soon(() => messages(bob.lines()).find((line) => line.text === text && line.kind === kind));
  anna.say("tee");
  const { id: target } = await heard("tee", "text");
  anna.say("secret");
  const { id: secret } = await heard("secret", "text");
  bob.put({ type: "say", kind: "reply", target, text: "yes", ref: "r" });
  const sent = await soon(() => bob.lines().find(({ ref }) => ref === "r"));
  await soon(() => bob.lines().find(({ type, id }) => type === "stored" && id === sent.id));
  await soon(() => bob.lines().find(({ type, id, reached }) => type === "delivery" && id === sent.id && reached === 1));
  await soon(() => messages(anna.lines()).find((line) => line.kind === "reply" && line.target === target));
  expect(await bob.ask("/react 2 👍")).toMatchObject({ type: "sent" });
  anna.put({ type: "say", kind: "edit", target, text: "tea" });
  anna.put({ type: "say", kind: "delete", target: secret });
  await soon(() => messages(anna.lines()).find((line) => line.kind === "react" && line.target === target));
  await heard("tea", "edit");
  await heard("", "delete");
  expect(await anna.ask("/edit nobody")).toMatchObject({ type: "sent" });
  expect(await bob.ask(`/edit ${target} x`)).toMatchObject({ type: "error", code: "not-yours" });
  await heard("nobody", "edit");
  await bob.ask("/quit");
  await bob.code;
  const exported = runProgram(["export", "--data-dir", dir], { home, env: { SMPLCHAT_DISCOVERY: "off" } });
  expect(exported.code).toBe(0);
  expect(exported.out).toContain('"text":"nobody"');
  expect(exported.out).not.toContain("secret");
  const again = await start();
  const kept = await soon(() => {
    const all = messages(again.lines());
    return all.length >= 7 ? all : undefined;
  });
  expect(kept.slice(0, 2)).toMatchObject([
    { id: target, text: "nobody", edited: true, history: true },
    { id: secret, text: "", deleted: true, history: true },
  ]);
}, 40_000);
