/**
 * Parses addresses as people write them: `ip`, `ip:port`, bare IPv6, `[ipv6]`, `[ipv6]:port`, `host`, `host:port`. A
 * literal address needs no look-up, so everything works without DNS.
 */
import { lookup } from "node:dns/promises";
import { isIPv6 } from "node:net";
import { domainToASCII } from "node:url";
import { PORT_DEFAULT } from "../../settings.ts";
import { type Endpoint, formatEndpoint } from "../../wire/endpoint.ts";

export type Address =
  | { readonly type: "endpoint"; readonly endpoint: Endpoint }
  /** `host` is ASCII (IDNA). */
  | { readonly type: "host"; readonly host: string; readonly port: number };

export type BadAddress = {
  readonly code: "bad-address";
  readonly address: string;
  readonly reason: "port" | "ip" | "form";
};
export type UnknownHost = {
  readonly code: "unknown-host";
  readonly host: string;
  readonly reason: "not-found" | "timeout";
};

/** Gives the addresses of a host, IPv4 before IPv6; throws if there is none. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** Addresses of one host that are contacted. */
export const HOST_ADDRESSES_MAX = 8;

export const LOOKUP_MS_MAX = 5_000;

/** Reads `text` without asking anyone. */
export function parseAddress(text: string, portDefault: number = PORT_DEFAULT): Address | BadAddress {
  const bad = (reason: BadAddress["reason"]): BadAddress => ({ code: "bad-address", address: text, reason });
  if (text.length > ADDRESS_UNITS_MAX) return bad("form");
  const bare = isIPv6(text) ? text : undefined;
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(text);
  const named = /^([^:[\]]+)(?::(\d+))?$/.exec(text);
  const host = bare ?? bracketed?.[1] ?? named?.[1];
  const portText = bracketed?.[2] ?? named?.[2];
  if (host === undefined) return /^(\[.*\]|[^:]*):[^:\]/]*$/.test(text) ? bad("port") : bad("form");
  const port = portText === undefined ? portDefault : readPort(portText);
  if (port === undefined) return bad("port");
  if (bracketed !== null || bare !== undefined || looksNumeric(host)) {
    const endpoint = bracketed !== null && !isIPv6(host) ? undefined : formatEndpoint(host, port);
    if (endpoint === undefined || NO_HOST.test(endpoint)) return bad("ip");
    return { type: "endpoint", endpoint: endpoint as Endpoint };
  }
  const ascii = domainToASCII(host).replace(/\.$/, "");
  if (ascii.length > 253 || !ascii.split(".").every((label) => HOST_LABEL.test(label))) return bad("form");
  return { type: "host", host: ascii, port };
}

/** The endpoints that `text` means; a host is looked up, for at most 5 s, and may have several. */
export async function resolveAddress(
  text: string,
  ask: Lookup = lookUp,
  msMax: number = LOOKUP_MS_MAX,
): Promise<readonly Endpoint[] | BadAddress | UnknownHost> {
  const address = parseAddress(text);
  if ("code" in address) return address;
  if (address.type === "endpoint") return [address.endpoint];
  const found = await withLimit(ask(address.host), msMax);
  if (found.type === "value") {
    const endpoints = found.value.map((ip) => formatEndpoint(ip, address.port)).filter((one) => one !== undefined);
    if (endpoints.length > 0) return [...new Set(endpoints)].slice(0, HOST_ADDRESSES_MAX);
  }
  return { code: "unknown-host", host: address.host, reason: found.type === "late" ? "timeout" : "not-found" };
}

// --- internal ---

/** More than a host's name and a port have; making ASCII of it may take the square of its length. */
const ADDRESS_UNITS_MAX = 512;
const HOST_LABEL = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;
/** Not one host: no address, multicast, everyone on the link. */
const NO_HOST = /^(0\.0\.0\.0|\[::\]|2(2[4-9]|3\d)\.[\d.]+|255\.255\.255\.255|\[ff[0-9a-f]{2}:.*\]):\d+$/;

function readPort(text: string): number | undefined {
  const port = Number(text);
  return text.length <= 5 && port >= 1 && port <= 65535 ? port : undefined;
}

/** A name whose last label is a number can only be an IPv4 address (WHATWG URL, "ends in a number"). */
function looksNumeric(host: string): boolean {
  return /(^|\.)\d+\.?$/.test(host);
}

async function lookUp(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.sort((one, other) => one.family - other.family).map(({ address }) => address);
}

type Limited<T> =
  | { readonly type: "value"; readonly value: T }
  | { readonly type: "failed" }
  | { readonly type: "late" };

function withLimit<T>(promise: Promise<T>, msMax: number): Promise<Limited<T>> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ type: "late" }), msMax);
    const settle = (result: Limited<T>): void => {
      clearTimeout(timer);
      resolve(result);
    };
    promise.then(
      (value) => settle({ type: "value", value }),
      () => settle({ type: "failed" }),
    );
  });
}
