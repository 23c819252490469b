/** The text of answers to commands, of one or more lines. */
import type { RoomStats } from "../../node/types.ts";
import type { Author, Message } from "../../protocol/views.ts";
import { type CommandSpec, commandTable } from "../command/commands.ts";
import { LOG_SHOWN_MAX, type Reply, type RoomRow, type SettingRow } from "./events.ts";
import { countLineEnds, cutText, refOf } from "./longText.ts";
import { listedText, messageText } from "./messageText.ts";
import { saidBy } from "./names.ts";
import { takesLine } from "./overlay.ts";
import { peerDetails, peerTable } from "./peerTable.ts";
import { sanitizeLine, sanitizeNick, sanitizeText } from "./sanitize.ts";
import { searchText } from "./searchText.ts";
import { VERIFIED_MARK } from "./trust.ts";
import { clockText, countText, dateText } from "./wording.ts";

export function replyText(reply: Reply): string {
  switch (reply.code) {
    case "peers":
      return peerTable(reply.self, reply.peers, reply.room.name, reply.trust.verified);
    case "stats":
      return statsText(reply.stats);
    case "log":
      return logText(reply);
    case "history":
      return reply.messages.map(logLine).join("\n");
    case "search":
      return searchText(reply);
    case "show":
      return showText(reply.message);
    case "info":
      return infoText(reply);
    case "whois":
      return whoisText(reply);
    case "verify":
      return verifyText(reply);
    case "verified":
      return `verified: ${tagged(reply.peer)} has the key that you compared; ${VERIFIED_MARK} marks the name from now on`;
    case "ignored":
      return `ignoring ${tagged(reply.peer)}: what this key says is hidden; /unignore ${tagged(reply.peer)} shows it again`;
    case "unignored":
      return `${tagged(reply.peer)} is not ignored any more`;
    case "ignoring":
      return reply.people.length === 0
        ? "you ignore nobody; /ignore NICK hides what someone says"
        : `you ignore ${reply.people.map(tagged).join(", ")}; /unignore NICK shows what they say again`;
    case "help":
      return helpText(reply.command);
    case "nick":
      return `you are ${sanitizeNick(reply.self.nick)}·${reply.self.tag}`;
    case "topic":
      return topicText(reply);
    case "invite":
      return `${reply.invite}\n${reply.room.private ? `whoever has this line can enter #${reply.room.name}` : `#${reply.room.name} is open: whoever knows its name can enter, read and speak, and nobody can be shut out`}`;
    case "room":
      return `in #${reply.room.name} (${reply.room.private ? "private" : "open"}): ${countText(reply.peers, "peer")}, ${countText(reply.messages, "message")}, listening on ${reply.address}`;
    case "rooms":
      return reply.rooms.map(roomLine).join("\n");
    case "settings":
      return reply.rows.map(settingLine).join("\n");
    case "set":
      return settingLine(reply.row);
    case "contacting":
      return `contacting ${reply.endpoints.join(", ")}`;
    case "same-room":
      return `in #${reply.room.name} already`;
  }
}

type Log = Reply & { readonly code: "log" };

/** The messages of a log that a list for people has: what only changes others shows in these. */
export function shownOfLog({ messages, shown }: Log): readonly Message[] {
  return messages.filter(takesLine).slice(-shown);
}

/** How many more messages there are, and how to list them; undefined: none. */
export function moreOfLog({ messages, shown, kept }: Log): string | undefined {
  const lines = messages.filter(takesLine).length;
  const listed = Math.min(lines, shown);
  const more = Math.max(kept - messages.length, 0) + lines - listed;
  if (more <= 0) return undefined;
  return listed < LOG_SHOWN_MAX ? `… ${more} more: /log ${Math.min(listed * 10, listed + more)}` : `… ${more} more`;
}

// --- internal ---

/** With the tag of the key: it is bound to the key, not to the nick. */
function tagged({ nick, tag }: Author): string {
  return `${sanitizeNick(nick)}·${sanitizeLine(tag)}`;
}

function whoisText({ peers, self, known }: Reply & { readonly code: "whois" }): string {
  return peers
    .map((peer) =>
      peerDetails(
        peer,
        peer.id === self.id,
        known.find(({ id }) => id === peer.id),
      ),
    )
    .join("\n");
}

function verifyText({ peer, words, isVerified }: Reply & { readonly code: "verify" }): string {
  const name = tagged(peer);
  const nick = sanitizeNick(peer.nick);
  return [
    `the words of ${name}${isVerified ? ` (verified already ${VERIFIED_MARK})` : ""}: ${words}`,
    `ask ${nick} to type /whois ${nick} and to read out the words there, by a call or face to face, not in this room`,
    `if they are the same: /verify ${name} WORDS, with the words that ${nick} reads out`,
  ].join("\n");
}

function logText(log: Log): string {
  if (log.messages.length === 0) return "no messages yet";
  const more = moreOfLog(log);
  return [...(more === undefined ? [] : [more]), ...shownOfLog(log).map(logLine)].join("\n");
}

/** Of one message in a list, so that a list of many stays short. */
const LOG_TEXT_UNITS_MAX = 200;

function logLine(message: Message): string {
  const said = listedText(message);
  const text = sanitizeLine(said.slice(0, 2 * LOG_TEXT_UNITS_MAX));
  const isCut = said.length > 2 * LOG_TEXT_UNITS_MAX || text.length > LOG_TEXT_UNITS_MAX;
  const shown = isCut ? `${cutText(text, LOG_TEXT_UNITS_MAX)}… /show ${refOf(message.id)}` : text;
  return `${refOf(message.id)} ${clockText(message.time)} ${saidBy(message)} ${shown}`;
}

function topicText({ room, topic }: Reply & { readonly code: "topic" }): string {
  if (topic === undefined || topic.text === "") return `#${room.name} has no topic; /topic TEXT sets one`;
  return `the topic of #${room.name}: ${sanitizeLine(topic.text)} (${sanitizeNick(topic.author.nick)}, ${dateText(topic.time)}); /topic - clears it`;
}

function showText(message: Message): string {
  const text = sanitizeText(listedText(message));
  const lines = countLineEnds(text) + 1;
  return `${clockText(message.time)} ${saidBy(message)} ${countText(lines, "line")}:\n${text}`;
}

function statsText(stats: RoomStats): string {
  const dropped = Object.entries(stats.dropped).filter(([, number]) => number > 0);
  return [
    `peers ${stats.peers}, messages ${stats.messages}`,
    `datagrams: ${stats.datagramsIn} in (${stats.bytesIn} bytes), ${stats.datagramsOut} out (${stats.bytesOut} bytes)`,
    `message bodies: ${stats.payloadsIn} in, ${stats.payloadsOut} out; relayed ${stats.relayed}, sent again ${stats.retries}`,
    `dropped: ${dropped.length === 0 ? "nothing" : dropped.map(([reason, number]) => `${reason} ${number}`).join(", ")}`,
    `memory ${(stats.heapBytes / 1e6).toFixed(1)} MB, receive buffer ${stats.receiveBufferBytes} bytes`,
  ].join("\n");
}

/** Longer texts are told by their beginning. */
const QUOTE_CHARACTERS_MAX = 40;

function infoText({ message, delivery }: Reply & { readonly code: "info" }): string {
  // By code points, so that no character is torn; the whole text may be long.
  const characters = Array.from(messageText(message).slice(0, 2 * QUOTE_CHARACTERS_MAX + 2));
  const line = sanitizeLine(characters.slice(0, QUOTE_CHARACTERS_MAX).join(""));
  const said = `${clockText(message.time)} "${line}${characters.length > QUOTE_CHARACTERS_MAX ? "…" : ""}"`;
  if (delivery === undefined) return `${said}: nothing was heard of its delivery`;
  if (delivery.of === 0) return `${said}: waiting, nobody was here to hear it`;
  const lacking = delivery.lacking.map((nick) => sanitizeNick(nick)).join(", ");
  const isWaiting = delivery.reached === 0 ? "waiting, " : "";
  return `${said}: ${isWaiting}reached ${delivery.reached} of ${delivery.of}${lacking === "" ? "" : `, lacking: ${lacking}`}`;
}

function helpText(name: string | undefined): string {
  const table: readonly CommandSpec[] = commandTable;
  const rows = name === undefined ? table : table.filter((spec) => spec.name === name);
  const heads = rows.map((spec) => `/${spec.name}${spec.usage === "" ? "" : ` ${spec.usage}`}`);
  const width = Math.max(...heads.map((head) => head.length));
  return rows
    .map((spec, index) => {
      const aliases = spec.aliases.length === 0 ? "" : ` (also ${spec.aliases.map((alias) => `/${alias}`).join(" ")})`;
      const example = name === undefined || spec.example === undefined ? "" : `; as in ${spec.example}`;
      return `${heads[index]?.padEnd(width)}  ${spec.help}${aliases}${example}`;
    })
    .join("\n");
}

function roomLine({ room, label, state, peers, messages }: RoomRow): string {
  const kind = room.private ? "private" : "open";
  if (state === "not-entered") return `  #${label} (${kind}): not entered this time; /join #${label} enters it`;
  if (state === "left") return `  #${label} (${kind}): left; /join #${label} comes back`;
  const kept = messages === undefined ? "" : `, ${countText(messages, "message")}`;
  return `${state === "shown" ? "*" : " "} #${label} (${kind}): ${countText(peers, "peer")}${kept}`;
}

function settingLine(row: SettingRow): string {
  return `${row.name} = ${sanitizeLine(row.value)}${row.live ? "" : "  (read at start only)"}`;
}
