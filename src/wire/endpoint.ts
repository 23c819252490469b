/** UDP endpoints: canonical text (`10.0.0.2:62733`, `[fe80::1]:62733`) and bytes. IPv4 inside IPv6 is IPv4. */
import { isIPv4, isIPv6 } from "node:net";
import { CursorError, type Reader, type Writer } from "./cursor.ts";

declare const brand: unique symbol;
/** `ip:port` or `[ipv6]:port`, canonical: equal endpoints are equal strings. */
export type Endpoint = string & { readonly [brand]: "Endpoint" };

export type EndpointParts = { readonly address: string; readonly port: number; readonly family: 4 | 6 };

/** Largest encoding of one endpoint, bytes. */
export const ENDPOINT_BYTES_MAX = 19;

/** `address` is a literal IPv4 or IPv6 address, or undefined comes back. A scope (`%eth0`) is kept: it stays on this host. */
export function formatEndpoint(address: string, port: number): Endpoint | undefined {
  if (!Number.isInteger(port) || port < 1 || port > 65535) return undefined;
  if (isIPv4(address)) return `${address}:${port}` as Endpoint;
  // The scope is set apart first: `isIPv6` of Node knows fewer interface names than there are (`br_lan`).
  const [bare = "", scope] = address.split("%", 2);
  if (!isIPv6(bare) || (scope !== undefined && !/^[\w.-]+$/.test(scope))) return undefined;
  const groups = ipv6Groups(bare);
  const mapped = mappedIpv4(groups);
  if (mapped !== undefined) return `${mapped}:${port}` as Endpoint;
  return `[${compressIpv6(groups)}${scope === undefined ? "" : `%${scope}`}]:${port}` as Endpoint;
}

export function parseEndpoint(text: string): EndpointParts | undefined {
  const match = /^(?:\[([0-9a-fA-F]*:[0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([0-9.]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const canonical = formatEndpoint(match[1] ?? match[2] ?? "", Number(match[3]));
  if (canonical === undefined) return undefined;
  const colon = canonical.lastIndexOf(":");
  const port = Number(canonical.slice(colon + 1));
  return canonical.startsWith("[")
    ? { address: canonical.slice(1, colon - 1), port, family: 6 }
    : { address: canonical.slice(0, colon), port, family: 4 };
}

/** family 4|6 as a byte, the address, the port. A scope does not travel: it means nothing to another host. */
export function writeEndpoint(writer: Writer, endpoint: Endpoint): void {
  const parts = parseEndpoint(endpoint);
  if (parts === undefined) throw new CursorError("not an endpoint");
  writer.u8(parts.family);
  if (parts.family === 4) for (const octet of parts.address.split(".")) writer.u8(Number(octet));
  else for (const group of ipv6Groups(parts.address.split("%")[0] ?? "")) writePair(writer, group);
  writePair(writer, parts.port);
}

/** Refuses what has another spelling: port 0, IPv4 inside IPv6. */
export function readEndpoint(reader: Reader): Endpoint {
  const family = reader.u8();
  if (family !== 4 && family !== 6) throw new CursorError("unknown address family");
  const address = family === 4 ? Array.from(reader.bytes(4)).join(".") : readIpv6(reader);
  const endpoint = formatEndpoint(address, readPair(reader));
  if (endpoint === undefined || (family === 6 && !endpoint.startsWith("["))) throw new CursorError("not canonical");
  return endpoint;
}

/** True for 127.0.0.0/8 and ::1: means something only to processes on the same host. */
export function isLoopback(endpoint: Endpoint): boolean {
  return endpoint.startsWith("127.") || endpoint.startsWith("[::1]");
}

/** What one machine or site may hold whole: an IPv4 address, or the 64 bits before the rest of an IPv6 address. */
export function holderOf(endpoint: Endpoint): string {
  const host = endpoint.slice(0, endpoint.lastIndexOf(":"));
  if (!host.startsWith("[")) return host;
  return `${ipv6Groups(host.slice(1, -1).split("%")[0] ?? "")
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

/** True for fe80::/10: means nothing without the link it belongs to, which only this host can name. */
export function isLinkLocal(endpoint: Endpoint): boolean {
  return /^\[fe[89ab][0-9a-f]:/.test(endpoint);
}

// --- internal ---

function writePair(writer: Writer, value: number): void {
  writer.u8(value >> 8);
  writer.u8(value & 0xff);
}

function readPair(reader: Reader): number {
  return reader.u8() * 256 + reader.u8();
}

function readIpv6(reader: Reader): string {
  return Array.from({ length: 8 }, () => readPair(reader).toString(16)).join(":");
}

/** The eight groups of a valid IPv6 address. */
function ipv6Groups(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const text =
    dotted === null ? address : `${dotted[1]}${hexPair(dotted[2], dotted[3])}:${hexPair(dotted[4], dotted[5])}`;
  const [head = "", tail] = text.split("::");
  const parse = (part: string): number[] => (part === "" ? [] : part.split(":").map((g) => Number.parseInt(g, 16)));
  const front = parse(head);
  if (tail === undefined) return front;
  const back = parse(tail);
  return [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
}

function hexPair(high: string | undefined, low: string | undefined): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}

function mappedIpv4(groups: readonly number[]): string | undefined {
  if (!groups.slice(0, 5).every((group) => group === 0) || groups[5] !== 0xffff) return undefined;
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 0xff])
    .join(".");
}

/** RFC 5952: the longest run of two or more zero groups becomes `::`, the first of equals. */
function compressIpv6(groups: readonly number[]): string {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.start < 0) return hex.join(":");
  return `${hex.slice(0, best.start).join(":")}::${hex.slice(best.start + best.length).join(":")}`;
}
