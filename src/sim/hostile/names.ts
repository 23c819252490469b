/** The attacks that a hostile member can play, and what each tries: a scenario names them, strategies.ts plays them. */

export const hostileStrategies = {
  impersonate:
    "makes hellos and linked datagrams in others' names: counters far ahead, another address, guessed acknowledgements",
  forgeHellos: "says hello as thousands of process starts that nobody has heard of",
  replayHellos:
    "repeats what nodes have sent to each other, hellos above all, to them and others, from other addresses",
  reflect: "names a victim's address as its own, or as the sender's, and asks for much",
  guessAcks: "acknowledges, from a victim's address, what it guesses to have gone there, and asks for much",
  flood: "says up to 5,000 short lines a second",
  sameSeq: "says hundreds of lines a second, all under one number",
  floodLarge: "says texts of 64 KiB, full of odd characters",
  future: "says things stamped years ahead, and just ahead of what is accepted",
  aheadClock: "tells everyone that it is later than it is, by its clock and by its stamps",
  collide: "says much in one millisecond, with ids that begin alike as far as that can be ground",
  announceNever: "offers, announces and advertises messages that are nowhere",
  inventParents: "says things that answer what nobody has said",
  inventMembers: "tells of thousands of members that are none",
  badSignatures: "sends messages and statements whose signatures are wrong",
  accuse: "suspects everyone, in its own name, in others' and in nobody's",
  observedLies: "tells nodes that they are where somebody else is",
  junkFrames: "sends damaged frames, sealed as they should be",
  slowLoris: "takes every part of a relay order, acknowledges all, and relays nothing",
  pageLiar: "answers with wrong pages and claims of equality, and never agrees with anyone",
  receiptLiar: "reports deliveries that have not been",
  equivocate: "tells one half of the room one thing and the other half another, under one number",
  leaveForge: "says goodbye in others' names, and repeats what they said of themselves before",
  cutBodies: "hands out what others have said without its body, as if they had deleted it",
  creditHog: "fetches all there is with all the credit there is, without end",
} as const;
export type StrategyName = keyof typeof hostileStrategies;

export const strategyNames = Object.keys(hostileStrategies) as readonly StrategyName[];

/**
 * What an attack still breaks. The mix does not play it, and a test plays it only where the room holds; a scenario may.
 * Whoever cures the weakness takes its line from here.
 */
export const openWeaknesses: Readonly<Partial<Record<StrategyName, string>>> = {
  receiptLiar:
    "a receipt counts whom its sender says to have reached: where much is lost the author claims more than is true (I8)",
};

/** Hostile members that come on top of the nodes of a scenario, to its first room. */
export type Hostile = {
  readonly count: number;
  /** They share these out among themselves in turn. */
  readonly strategies: readonly StrategyName[];
  /** From the start of the talk. */
  readonly atMs: number;
  /** Then they fall silent. */
  readonly forMs: number;
};
