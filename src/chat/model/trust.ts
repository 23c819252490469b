/** Whom one has verified, and whom one does not want to hear: what faces need to know of people. Plain values, each a copy. */
import type { PeerId } from "../../wire/ids.ts";

export type Trust = {
  /** Oneself is verified, and not in this set. BOUNDED: by the people that are kept. */
  readonly verified: ReadonlySet<PeerId>;
  /** BOUNDED: by the people that are kept. */
  readonly ignored: ReadonlySet<PeerId>;
};

export const nobodyKnown: Trust = { verified: new Set(), ignored: new Set() };

/** Stands behind the name of somebody whose key was verified. No nick that is shown has such a mark in it. */
export const VERIFIED_MARK = "✓";
