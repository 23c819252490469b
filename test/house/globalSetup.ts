// Before any test: the built program is as new as its source, so that tests with real processes test this code.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export default function setup(): void {
  const build = fileURLToPath(new URL("../../scripts/build.js", import.meta.url));
  const { status } = spawnSync(process.execPath, [build, "--if-stale"], { stdio: "inherit" });
  if (status === 0) return;
  const message = "the build failed";
  // While one edits, a type error elsewhere must not keep a unit test from running; a verdict must not rest on it.
  if (process.env.CI) throw new Error(message);
  console.error(`${message}: tests that start the real program get the last build that worked`);
}
