/** Runs code in a process of its own that is not root's: what root may do says nothing about anybody else. */
import { spawnSync } from "node:child_process";
import { chownSync } from "node:fs";
import { tmpdir } from "node:os";

export const isRoot = process.getuid?.() === 0;
/** Of the user `nobody`, and of nobody's group. */
export const NOBODY = 65534;

/** Gives `path` to the user that `runUnprivileged` runs as. */
export function giveAway(path: string): void {
  if (isRoot) chownSync(path, NOBODY, NOBODY);
}

/**
 * `code` is the text of a module; its imports are done as the user of the tests, who alone may be able to read them, and the
 * rest as `nobody` if that user is root. `argument` is `process.argv[1]` there. Returns the JSON that it printed.
 */
export function runUnprivileged(imports: string, code: string, argument: string): unknown {
  const drop = isRoot ? `process.setgroups([]); process.setgid(${NOBODY}); process.setuid(${NOBODY});` : "";
  const words = ["--input-type=module", "--eval", `${imports}\n${drop}\n${code}`, argument];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    cwd: tmpdir(),
    encoding: "utf8",
    timeout: 20_000,
  });
  if (status !== 0) throw new Error(`exit ${status}: ${stderr}`);
  return JSON.parse(stdout);
}
