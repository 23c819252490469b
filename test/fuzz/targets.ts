/** All targets of the fuzzer, by name. */
import { fileTargets } from "./fileTargets.ts";
import type { Target } from "./fuzz.ts";
import { memberTarget } from "./memberTarget.ts";
import { wireTargets } from "./wireTargets.ts";

export function allTargets(): Target[] {
  return [...wireTargets(), ...fileTargets(), memberTarget()];
}
