/** Which attack is played by what. */
import type { Play } from "./attack.ts";
import {
  forgeHellos,
  guessAcks,
  impersonate,
  junkFrames,
  observedLies,
  reflect,
  replayHellos,
  slowLoris,
} from "./datagramAttacks.ts";
import type { StrategyName } from "./names.ts";
import { accuse, creditHog, inventMembers, leaveForge, pageLiar, receiptLiar } from "./roomAttacks.ts";
import {
  aheadClock,
  announceNever,
  badSignatures,
  collide,
  cutBodies,
  equivocate,
  flood,
  floodLarge,
  future,
  inventParents,
  sameSeq,
} from "./speechAttacks.ts";

export const strategies: Readonly<Record<StrategyName, Play>> = {
  impersonate,
  forgeHellos,
  replayHellos,
  reflect,
  guessAcks,
  flood,
  sameSeq,
  floodLarge,
  future,
  aheadClock,
  collide,
  announceNever,
  inventParents,
  inventMembers,
  badSignatures,
  accuse,
  observedLies,
  junkFrames,
  slowLoris,
  pageLiar,
  receiptLiar,
  equivocate,
  leaveForge,
  creditHog,
  cutBodies,
};
