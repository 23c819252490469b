/**
 * Candidates: peers that others told of and that this node has not met. A member can sign statements of any number of
 * invented peers. So a candidate is greeted first, and becomes a member when it answers.
 *
 * If an informant has earned trust, its candidates become members at once, and only some of them are greeted. If none of
 * an informant's candidates answers, it is ignored.
 */
import type { SignedStatement } from "../../crypto/signed.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import type { PeerId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import { limits } from "../limits.ts";
import type { Session } from "../link/session.ts";
import { below, sample } from "../rng.ts";
import {
  createInformant,
  hasCredit,
  type Informant,
  isForgettable,
  isHeeded,
  isTrusted,
  mayVouch,
} from "./credibility.ts";
import { TRIES_EACH } from "./peerAddress.ts";
import type { Member } from "./roster.ts";

export type Candidates = {
  /** Whether anything that this source says of unknown peers is to be looked at. */
  readonly isHeeded: (from: Session) => boolean;
  /** A genuine statement of an unknown peer, or its own: true, it counts at once; false, when it has answered. */
  readonly judge: (statement: SignedStatement, from: Session) => boolean;
  /** A session that has proven to be alive: if others told of it, they told the truth. */
  readonly met: (session: Session) => void;
  /** The greeting counts as lost. */
  readonly unanswered: (peer: PeerId) => void;
  /** Another node says that it answered. */
  readonly vouched: (peer: PeerId, by: Session) => void;
  /** It introduced itself, by a session that has proven to be alive. */
  readonly introduced: (peer: PeerId) => void;
  readonly statementOf: (peer: PeerId) => SignedStatement | undefined;
  /** It is no member any more. True if it never was met. */
  readonly gone: (peer: PeerId) => boolean;
  /** Old failures count less. */
  readonly cleanup: () => void;
  readonly clear: () => void;
  readonly size: () => number;
};

/** What it asks of the membership. */
export type Registry = {
  readonly get: (peer: PeerId) => Member | undefined;
  readonly present: () => readonly Member[];
  readonly sessionOf: (statement: SignedStatement) => Session;
  readonly take: (statement: SignedStatement) => void;
  readonly own: () => SignedStatement;
  readonly isBehindNat: () => boolean;
  /** Never met, and it does not answer: as if it had not been heard of. */
  readonly forget: (peer: PeerId) => void;
};

/** Greetings under way, for one source and in all. */
const GREETINGS_PER_INFORMANT = 32;
const GREETINGS_MAX = 128;
/**
 * Tries of one greeting, more for who lists more than two addresses: of 100 real peers two do not answer where 30 % is lost
 * each way. After some of them others are asked.
 */
const TRIES_MIN = 6;
const ASK_AFTER = 3;
const ASKED = 2;
/** To one address in a CLEANUP_INTERVAL: several peers may share it, a victim must not be made of it. */
const PER_ADDRESS_MAX = 12;
/** Of those that are taken at once the first are greeted all the same, and of more one in so many. */
const ALL_GREETED = 64;
const SAMPLED = 8;

/** The source of all that those who have proven nothing say of themselves. */
const STRANGERS = "strangers";

type Told = {
  readonly informant: Informant;
  statement: SignedStatement;
  /** `held`: no member yet. The others are members that were not met: on whose credit. */
  state: "held" | "credited" | "vouched";
  voucher: Informant | undefined;
  /** 0: not greeted. */
  tries: number;
};

export function createCandidates(context: Context, registry: Registry): Candidates {
  const { rng, link, counters } = context;
  /** BOUNDED: `limits.sessions`; the oldest goes. */
  const informants = new Map<string, Informant>();
  /** BOUNDED: `limits.candidates` that are held, and members that were never met. */
  const told = new Map<PeerId, Told>();
  /** BOUNDED: by the sources. Those with a queue, in turn. */
  const waiting = new Set<Informant>();
  /** BOUNDED: by the greetings of one interval. Datagrams to each address. */
  const greeted = new Map<Endpoint, number>();
  let greetings = 0;
  let credited = 0;

  const informantOf = (session: Session): Informant => {
    const name = session.proven ? (session.peer ?? session.boot) : STRANGERS;
    const known = informants.get(name);
    if (known !== undefined) return known;
    if (informants.size >= limits.sessions) informants.delete(informants.keys().next().value as string);
    const informant = createInformant(name);
    informants.set(name, informant);
    return informant;
  };
  const mayCredit = (informant: Informant): boolean =>
    informant.name !== STRANGERS && hasCredit(informant) && credited < limits.candidatesCredited;

  const isSampled = (): boolean => credited <= ALL_GREETED || below(rng, SAMPLED) === 0;
  const enqueue = (peer: PeerId, { informant }: Told): void => {
    informant.queue.push(peer);
    waiting.add(informant);
  };
  const credit = (entry: Told): void => {
    entry.state = "credited";
    entry.informant.credited += 1;
    credited += 1;
  };
  /** It is settled, one way or another. */
  const settle = (peer: PeerId, entry: Told): void => {
    told.delete(peer);
    stopGreeting(entry);
    if (entry.state === "credited") {
      entry.informant.credited -= 1;
      credited -= 1;
    }
    if (entry.voucher !== undefined) entry.voucher.vouched -= 1;
  };
  const stopGreeting = (entry: Told): void => {
    if (entry.tries === 0) return;
    entry.tries = 0;
    entry.informant.greeting -= 1;
    greetings -= 1;
  };

  const greetNext = (): void => {
    for (const informant of [...waiting]) {
      if (greetings >= GREETINGS_MAX) return;
      // In turn: who told of many does not keep the others waiting.
      waiting.delete(informant);
      while (informant.queue.length > 0 && informant.greeting < GREETINGS_PER_INFORMANT && greetings < GREETINGS_MAX) {
        const peer = informant.queue.shift() as PeerId;
        const entry = told.get(peer);
        if (entry === undefined || entry.tries > 0 || entry.state === "vouched") continue;
        if (entry.state === "held" && mayCredit(informant)) {
          credit(entry);
          registry.take(entry.statement);
          if (!isSampled()) continue;
        }
        entry.tries = 1;
        informant.greeting += 1;
        greetings += 1;
        greet(peer, entry);
      }
      if (informant.queue.length > 0) waiting.add(informant);
    }
  };
  const greet = (peer: PeerId, entry: Told): void => {
    const session = registry.sessionOf(latest(peer, entry));
    if (session.proven) return confirm(peer, entry);
    const { endpoint } = session;
    const before = endpoint === undefined ? 0 : (greeted.get(endpoint) ?? 0);
    if (before >= PER_ADDRESS_MAX) return giveUp(peer, entry);
    if (endpoint !== undefined) greeted.set(endpoint, before + 1);
    // Behind a NAT this node has itself introduced before anything of it gets there.
    const isQuiet = entry.tries <= ASK_AFTER && session.heardAt === undefined && registry.isBehindNat();
    if (isQuiet && entry.tries === 1) askOthers(peer, entry);
    // Whoever others told of may not have heard of this node, or not heed those who tell of it.
    if (entry.tries === 1 && entry.informant.name !== STRANGERS)
      link.send(session, { type: "statement", bytes: registry.own().bytes }, { isQuiet });
    link.send(session, { type: "ping" }, { ticket: { owner: "candidates", peer }, isQuiet });
  };
  /** A member may have told of itself since. */
  const latest = (peer: PeerId, { statement }: Told): SignedStatement => registry.get(peer)?.statement ?? statement;
  const confirm = (peer: PeerId, entry: Told): void => {
    settle(peer, entry);
    entry.informant.met += 1;
    if (entry.state === "held") registry.take(entry.statement);
  };
  const giveUp = (peer: PeerId, entry: Told): void => {
    const { informant } = entry;
    const wasTrusted = isTrusted(informant);
    settle(peer, entry);
    informant.failed += 1;
    counters.drop("hearsay-unanswered");
    if (entry.state === "credited") registry.forget(peer);
    if (wasTrusted && !isTrusted(informant)) doubt(informant);
    if (!isHeeded(informant)) abandon(informant);
  };
  /** What it was believed is looked at now. */
  const doubt = (informant: Informant): void => {
    for (const [peer, entry] of told)
      if (entry.informant === informant && entry.state === "credited") enqueue(peer, entry);
  };
  /** Whom it told of and who has not been greeted yet is not greeted any more. */
  const abandon = ({ queue }: Informant): void => {
    for (const peer of queue.splice(0)) {
      const entry = told.get(peer);
      if (entry?.state === "credited") queue.push(peer);
      else if (entry?.state === "held" && entry.tries === 0) told.delete(peer);
    }
  };
  /** Where this node does not get through others may: its source, and a few more. */
  const askOthers = (peer: PeerId, { informant }: Told): void => {
    const others = registry.present().filter((member) => member.status === "alive" && member.id !== peer);
    const asked = new Set(sample(rng, others, ASKED));
    const teller = registry.get(informant.name as PeerId);
    if (teller !== undefined) asked.add(teller);
    for (const member of asked) {
      const request = { type: "probeRequest", target: peer, introduce: true } as const;
      link.send(registry.sessionOf(member.statement), request);
    }
  };

  return {
    isHeeded: (from) => {
      const informant = informants.get(from.peer ?? from.boot);
      if (informant === undefined || isHeeded(informant)) return true;
      counters.drop("hearsay-not-heeded");
      return false;
    },
    judge: (statement, from) => {
      const { peer } = statement.content;
      const known = told.get(peer);
      if (known !== undefined) {
        if (statement.content.incarnation > known.statement.content.incarnation) known.statement = statement;
        return false;
      }
      const informant = informantOf(from);
      const entry: Told = { informant, statement, state: "held", voucher: undefined, tries: 0 };
      if (mayCredit(informant)) {
        told.set(peer, entry);
        credit(entry);
        if (isSampled()) enqueue(peer, entry);
        greetNext();
        return true;
      }
      if (told.size - credited >= limits.candidates || informant.queue.length >= limits.candidates / 4) {
        counters.drop("hearsay-full");
        return false;
      }
      told.set(peer, entry);
      enqueue(peer, entry);
      greetNext();
      return false;
    },
    met: (session) => {
      const { peer } = session;
      const entry = peer === undefined ? undefined : told.get(peer);
      if (peer === undefined || entry === undefined) return;
      if (latest(peer, entry).content.boot !== session.boot) return;
      confirm(peer, entry);
      greetNext();
    },
    unanswered: (peer) => {
      const entry = told.get(peer);
      if (entry === undefined || entry.tries === 0) return;
      if (entry.tries === ASK_AFTER) askOthers(peer, entry);
      entry.tries += 1;
      if (entry.tries <= triesFor(latest(peer, entry))) greet(peer, entry);
      else giveUp(peer, entry);
      greetNext();
    },
    vouched: (peer, by) => {
      const entry = told.get(peer);
      const voucher = informantOf(by);
      if (entry?.state !== "held" || !mayVouch(voucher)) return;
      stopGreeting(entry);
      voucher.vouched += 1;
      entry.voucher = voucher;
      entry.state = "vouched";
      registry.take(entry.statement);
      greetNext();
    },
    introduced: (peer) => {
      const entry = told.get(peer);
      if (entry === undefined) return;
      settle(peer, entry);
      entry.informant.met += 1;
      greetNext();
    },
    statementOf: (peer) => told.get(peer)?.statement,
    gone: (peer) => {
      const entry = told.get(peer);
      if (entry === undefined) return false;
      settle(peer, entry);
      entry.informant.failed += 1;
      return true;
    },
    cleanup: () => {
      greeted.clear();
      for (const [name, informant] of informants) {
        informant.failed = Math.floor(informant.failed / 2);
        if (isForgettable(informant)) informants.delete(name);
      }
    },
    clear: () => {
      for (const table of [informants, told, waiting, greeted]) table.clear();
      greetings = 0;
      credited = 0;
    },
    size: () => told.size - credited,
  };
}

// --- internal ---

function triesFor({ content }: SignedStatement): number {
  return Math.max(TRIES_MIN, TRIES_EACH * content.endpoints.length);
}
