/** Equal endpoints are equal strings, whatever they were written as. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CursorError, createReader, createWriter } from "../../src/wire/cursor.ts";
import {
  ENDPOINT_BYTES_MAX,
  type Endpoint,
  formatEndpoint,
  holderOf,
  isLinkLocal,
  isLoopback,
  parseEndpoint,
  readEndpoint,
  writeEndpoint,
} from "../../src/wire/endpoint.ts";
import { bytesArbitrary, endpointArbitrary, mutatedArbitrary } from "./arbitraries.ts";

const encoded = (endpoint: string): Buffer => {
  const writer = createWriter(ENDPOINT_BYTES_MAX);
  writeEndpoint(writer, endpoint as Endpoint);
  return Buffer.from(writer.finish());
};
const decoded = (hex: string): Endpoint => readEndpoint(createReader(Buffer.from(hex, "hex")));

describe("the text of an endpoint", () => {
  // RFC 5952 §4.1 leading zeros, §4.2.1 as short as possible, §4.2.2 not one field alone, §4.2.3 the longest run and the
  // first of equals, §4.3 lower case, §6 brackets.
  it.each([
    ["2001:0db8::0001", "[2001:db8::1]:1"],
    ["2001:db8:0:0:0:0:2:1", "[2001:db8::2:1]:1"],
    ["2001:db8::1:1:1:1:1", "[2001:db8:0:1:1:1:1:1]:1"],
    ["2001:db8:0:1:1:1:1:1", "[2001:db8:0:1:1:1:1:1]:1"],
    ["2001:0:0:1:0:0:0:1", "[2001:0:0:1::1]:1"],
    ["2001:db8:0:0:1:0:0:1", "[2001:db8::1:0:0:1]:1"],
    ["2001:DB8::AAAA", "[2001:db8::aaaa]:1"],
    ["0:0:0:0:0:0:0:0", "[::]:1"],
    ["0:0:0:0:0:0:0:1", "[::1]:1"],
    ["1:0:0:0:0:0:0:0", "[1::]:1"],
    ["fe80::1%eth0", "[fe80::1%eth0]:1"],
    ["fe80::1%br_lan.7", "[fe80::1%br_lan.7]:1"],
    ["10.0.0.2", "10.0.0.2:1"],
    ["::ffff:10.0.0.2", "10.0.0.2:1"],
    ["::FFFF:0a00:0002", "10.0.0.2:1"],
    ["0:0:0:0:0:ffff:10.0.0.2", "10.0.0.2:1"],
    ["::10.0.0.2", "[::a00:2]:1"],
    ["64:ff9b::10.0.0.2", "[64:ff9b::a00:2]:1"],
  ])("of %s is %s", (address, text) => {
    expect(formatEndpoint(address, 1)).toBe(text);
  });

  it.each([
    ["localhost", 1],
    ["", 1],
    ["10.0.0", 1],
    ["10.0.0.02", 1],
    ["10.0.0.256", 1],
    [":::", 1],
    ["1::2::3", 1],
    ["fe80::1%", 1],
    ["fe80::1%a b", 1],
    ["[::1]", 1],
    ["10.0.0.2", 0],
    ["10.0.0.2", 65536],
    ["10.0.0.2", 1.5],
    ["10.0.0.2", Number.NaN],
  ])("is not made of %s port %d", (address, port) => {
    expect(formatEndpoint(address, port)).toBeUndefined();
  });

  it("is read into what it was made of", () => {
    expect(parseEndpoint("10.0.0.2:62733")).toEqual({ address: "10.0.0.2", port: 62733, family: 4 });
    expect(parseEndpoint("[FE80:0::1%eth0]:62733")).toEqual({ address: "fe80::1%eth0", port: 62733, family: 6 });
    expect(parseEndpoint("[::ffff:10.0.0.2]:7")).toEqual({ address: "10.0.0.2", port: 7, family: 4 });
  });

  it.each(["", "10.0.0.2", "10.0.0.2:", "10.0.0.2:0", "10.0.0.2:65536", "::1:7", "[::1]", "[10.0.0.2]:7", "a:7"])(
    "is not %j",
    (text) => {
      expect(parseEndpoint(text)).toBeUndefined();
    },
  );

  it("is canonical: made again of its parts it is the same", () => {
    fc.assert(
      fc.property(endpointArbitrary, (endpoint) => {
        const parts = parseEndpoint(endpoint);
        expect(formatEndpoint(parts?.address ?? "", parts?.port ?? 0)).toBe(endpoint);
      }),
      { numRuns: 1_000 },
    );
  });

  it("names the same IPv6 address that the URL parser reads from it", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const endpoint = formatEndpoint(address, 7) as string;
        if (endpoint.startsWith("[")) expect(new URL(`http://[${address}]:7`).host).toBe(endpoint);
      }),
      { numRuns: 1_000 },
    );
  });

  it("tells whether it means this host alone", () => {
    for (const own of ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1"]) expect(isLoopback(own as Endpoint)).toBe(true);
    for (const other of ["128.0.0.1:1", "[::2]:1", "[::1:1]:1", "[1::1]:1"])
      expect(isLoopback(other as Endpoint)).toBe(false);
  });

  it("tells whether it means something on its link alone", () => {
    for (const own of ["[fe80::1]:1", "[fe80::1%eth0]:1", "[febf::1]:1"])
      expect(isLinkLocal(own as Endpoint)).toBe(true);
    for (const other of ["10.0.0.1:1", "[fec0::1]:1", "[fd00::fe80]:1", "[fe8::1]:1"])
      expect(isLinkLocal(other as Endpoint)).toBe(false);
  });
});

describe("the bytes of an endpoint", () => {
  it("come back as the text they were made of", () => {
    fc.assert(
      fc.property(endpointArbitrary, (endpoint) => {
        const bytes = encoded(endpoint);
        expect(bytes.length).toBe(endpoint.startsWith("[") ? 19 : 7);
        expect(readEndpoint(createReader(bytes))).toBe(endpoint);
      }),
      { numRuns: 1_000 },
    );
  });

  it("are the only ones that are accepted for it", () => {
    const bytes = fc.oneof(mutatedArbitrary(endpointArbitrary.map(encoded)), bytesArbitrary(0, 20));
    fc.assert(
      fc.property(bytes, (given) => {
        const reader = createReader(given);
        let endpoint: Endpoint;
        try {
          endpoint = readEndpoint(reader);
        } catch (error) {
          expect(error).toBeInstanceOf(CursorError);
          return;
        }
        expect(encoded(endpoint)).toEqual(Buffer.from(given.subarray(0, reader.position())));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["IPv4 inside IPv6", `06${"00".repeat(10)}ffff0a000002f50d`],
    ["port 0", "040a0000020000"],
    ["another family", "050a000002f50d"],
    ["an IPv4 address cut short", "040a0000"],
    ["an IPv6 address cut short", `06${"20".repeat(15)}`],
    ["nothing", ""],
  ])("are not accepted with %s", (_, hex) => {
    expect(() => decoded(hex)).toThrow(CursorError);
  });

  it("leave the scope at home", () => {
    expect(decoded(encoded("[fe80::1%eth0]:7").toString("hex"))).toBe("[fe80::1]:7");
  });

  it("are not made of what is no endpoint", () => {
    expect(() => encoded("localhost:7")).toThrow(CursorError);
  });
});

describe("who holds an address holds", () => {
  it.each([
    ["10.0.0.2:62733", "10.0.0.2"],
    ["[2001:db8:1:2:3:4:5:6]:1", "2001:db8:1:2::/64"],
    ["[2001:db8:1:2::9]:2", "2001:db8:1:2::/64"],
    ["[2001:db8::9]:2", "2001:db8:0:0::/64"],
    ["[fe80::1%eth0]:7", "fe80:0:0:0::/64"],
  ])("of %s all of %s", (endpoint, holding) => {
    expect(holderOf(endpoint as Endpoint)).toBe(holding);
  });
});
