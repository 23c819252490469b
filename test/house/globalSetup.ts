// Before any test: the built program is as new as its source, so that tests with real processes test this code.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export default function setup(): void {
  const build = fileURLToPath(new URL("../../scripts/build.js", import.meta.url));
  const { status } = spawnSync(process.execPath, [build, "--if-stale"], { stdio: "inherit" });
  if (status !== 0) throw new Error("the build failed: tests that start the program would judge the one before");
}
