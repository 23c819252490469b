/** The people in a room: their order, the words for their state, and the table of `/peers`. */
import { tagOf } from "../../crypto/identity.ts";
import type { PeerStatus, PeerView } from "../../protocol/views.ts";
import type { KnownPerson } from "../../store/peopleFile.ts";
import type { PeerId } from "../../wire/ids.ts";
import { tableLines } from "./columns.ts";
import { keyWords } from "./keyWords.ts";
import { sameNick, taggedNick } from "./names.ts";
import { sanitizeNick } from "./sanitize.ts";
import { VERIFIED_MARK } from "./trust.ts";
import { countText, durationText } from "./wording.ts";

/** Rows of one table; the others are counted. */
export const PEERS_SHOWN_MAX = 200;

/** Those who are here first, then by nick. */
export function peersByState(peers: readonly PeerView[]): PeerView[] {
  return peers
    .map((peer) => ({ peer, nick: sameNick(peer.nick) }))
    .sort(
      (a, b) =>
        STATES.indexOf(a.peer.status) - STATES.indexOf(b.peer.status) ||
        compare(a.nick, b.nick) ||
        compare(a.peer.id, b.peer.id),
    )
    .map(({ peer }) => peer);
}

/** A title, and a row for oneself and for each peer, in the order given. */
export function peerTable(
  self: PeerView,
  peers: readonly PeerView[],
  room: string,
  verified: ReadonlySet<PeerId> = new Set(),
): string {
  const label = labelsAmong([self, ...peers], verified);
  const shown = peers.slice(0, PEERS_SHOWN_MAX);
  const lines = tableLines([
    ["nick", "state", "round trip", "last heard", "address"],
    [label(self), "you", "", "", self.address ?? ""],
    ...shown.map((peer) => [label(peer), stateText(peer), rttText(peer), heardText(peer), peer.address ?? ""]),
  ]);
  const hidden = peers.length - shown.length;
  return [
    titleText(peers, room),
    ...lines,
    ...(hidden > 0 ? [`and ${countText(hidden, "other")}: /whois NICK shows one`] : []),
  ].join("\n");
}

/** All that is known of one: always with the tag, since people come here to tell others apart. */
export function peerDetails(peer: PeerView, own: boolean, known?: KnownPerson): string {
  const facts = [own ? "that is you" : stateText(peer), peer.address ?? "no address known"];
  if (peer.rttMs !== undefined) facts.push(`round trip ${rttText(peer)}`);
  if (!own) facts.push(peer.lastHeardMs === undefined ? "never heard directly" : `heard ${heardText(peer)}`);
  // Four letters are made to order in seconds, eight in months.
  const name = `${sanitizeNick(peer.nick)}·${tagOf(peer.id, DETAILED_TAG_LETTERS)}`;
  const words = own ? `to be verified, read these words to others: ${keyWords(peer.id)}` : knownText(peer, known);
  return `${name}: ${facts.join(", ")}\nkey ${peer.id}\n${words}`;
}

export const DETAILED_TAG_LETTERS = 8;

// --- internal ---

function knownText({ id }: PeerView, known: KnownPerson | undefined): string {
  const facts = [known?.verified === true ? `verified ${VERIFIED_MARK}` : "not verified"];
  if (known !== undefined) facts.push(`known since ${known.since}`);
  if (known?.ignored === true) facts.push("ignored");
  return `words ${keyWords(id)}\n${facts.join(", ")}`;
}

const STATES: readonly PeerStatus[] = ["alive", "suspect", "dead", "left"];

function titleText(peers: readonly PeerView[], room: string): string {
  const count = (status: PeerStatus): number => peers.filter((peer) => peer.status === status).length;
  const here = count("alive") + count("suspect");
  const parts = [here === 0 ? `alone in #${room}` : `${countText(here, "peer")} in #${room}`];
  if (count("suspect") > 0) parts.push(`${count("suspect")} not answering`);
  if (count("dead") > 0) parts.push(`${count("dead")} unreachable`);
  return parts.join(", ");
}

function stateText({ status, sinceMs }: PeerView): string {
  if (status === "alive") return "here";
  if (status === "suspect") return "not answering";
  if (status === "left") return sinceMs === undefined ? "left" : `left ${durationText(sinceMs)} ago`;
  return sinceMs === undefined ? "unreachable" : `unreachable for ${durationText(sinceMs)}`;
}

function rttText({ rttMs }: PeerView): string {
  if (rttMs === undefined) return "";
  return rttMs < 10 ? `${Number(rttMs.toFixed(1))} ms` : durationText(rttMs);
}

function heardText({ lastHeardMs }: PeerView): string {
  return lastHeardMs === undefined ? "never" : `${durationText(lastHeardMs)} ago`;
}

/** The nick, with its tag where another of them looks the same. */
function labelsAmong(peers: readonly PeerView[], verified: ReadonlySet<PeerId>): (peer: PeerView) => string {
  const counts = new Map<string, number>();
  for (const { nick } of peers) counts.set(sameNick(nick), (counts.get(sameNick(nick)) ?? 0) + 1);
  return ({ id, nick, tag }) => {
    const name = taggedNick(sanitizeNick(nick), tag, (counts.get(sameNick(nick)) ?? 0) > 1);
    return verified.has(id) ? name + VERIFIED_MARK : name;
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
