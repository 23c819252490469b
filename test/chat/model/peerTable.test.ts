/** /peers and /whois: who is here, in words that say what is known, in columns that stay straight. */
import { describe, expect, it } from "vitest";
import { widthOf } from "../../../src/chat/model/columns.ts";
import { keyWords } from "../../../src/chat/model/keyWords.ts";
import { PEERS_SHOWN_MAX, peerDetails, peersByState, peerTable } from "../../../src/chat/model/peerTable.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { fakePeer } from "../../suites/fakeRoom.ts";

const anna = fakePeer("anna", 1);
const table = (...peers: ReturnType<typeof fakePeer>[]): string[] =>
  peerTable(anna, peersByState(peers), "tea").split("\n");

describe("the table of peers", () => {
  it("has oneself, then who is here, does not answer, is unreachable, has left; by nick within each", () => {
    expect(
      table(
        fakePeer("kim", 2, { status: "left", sinceMs: 30_000, lastHeardMs: 31_000 }),
        fakePeer("dan", 3, { status: "dead", sinceMs: 180_000, lastHeardMs: 200_000 }),
        fakePeer("zoe", 4, { rttMs: 0.42 }),
        fakePeer("eve", 5, { status: "suspect", rttMs: 1_234, lastHeardMs: 6_000 }),
        fakePeer("Bob", 6, { rttMs: undefined, lastHeardMs: undefined }),
      ),
    ).toEqual([
      "3 peers in #tea, 1 not answering, 1 unreachable",
      "nick  state                  round trip  last heard  address",
      "anna  you                                            10.0.0.1:62733",
      "Bob   here                               never       10.0.0.6:62733",
      "zoe   here                   0.4 ms      400 ms ago  10.0.0.4:62733",
      "eve   not answering          1.2 s       6 s ago     10.0.0.5:62733",
      "dan   unreachable for 3 min  3 ms        3 min ago   10.0.0.3:62733",
      "kim   left 30 s ago          3 ms        31 s ago    10.0.0.2:62733",
    ]);
  });

  it("says that one is alone, and of how many nothing is heard", () => {
    expect(table()[0]).toBe("alone in #tea");
    expect(table(fakePeer("bob", 2, { status: "dead" }), fakePeer("eve", 3, { status: "left" }))[0]).toBe(
      "alone in #tea, 1 unreachable",
    );
  });

  it("tells those apart whose nicks look the same, oneself included, and no others", () => {
    const nicks = table(fakePeer("Anna", 2), fakePeer("bob", 3), fakePeer("ｅve", 4), fakePeer("eve", 5))
      .slice(2)
      .map((line) => line.split(" ")[0]);
    expect(nicks).toEqual(["anna·t001", "Anna·t002", "bob", "ｅve·t004", "eve·t005"]);
  });

  it("keeps its columns with wide nicks, and lets none of them steer the screen", () => {
    const lines = table(
      fakePeer("日本語", 2),
      fakePeer("👩‍👩‍👧", 3),
      fakePeer("e\u0301ve", 4),
      fakePeer("m\x1b[2Jal\n", 5),
    );
    const places = lines
      .slice(2)
      .map((line) => widthOf(line.slice(0, line.indexOf(/ you/.test(line) ? "you" : "here"))));
    expect(new Set(places)).toEqual(new Set([8]));
    expect(lines).toHaveLength(7);
    expect(lines.join("")).not.toMatch(/[\x00-\x1f]/);
  });

  it("of a crowd shows the first and counts the others", () => {
    const lines = table(...Array.from({ length: PEERS_SHOWN_MAX + 3 }, (_, at) => fakePeer(`p${at}`, at + 2)));
    expect(lines).toHaveLength(PEERS_SHOWN_MAX + 4);
    expect(lines[0]).toBe(`${PEERS_SHOWN_MAX + 3} peers in #tea`);
    expect(lines.at(-1)).toBe("and 3 others: /whois NICK shows one");
  });
});

describe("what is known of one", () => {
  it("has the tag, the same facts as the table, and the whole key", () => {
    const bob = fakePeer("bob", 2);
    expect(peerDetails(bob, false)).toBe(
      `bob·gk37wxuw: here, 10.0.0.2:62733, round trip 3 ms, heard 400 ms ago\nkey ${"0".repeat(63)}2\nwords ${keyWords(bob.id)}\nnot verified`,
    );
    const days = { since: "2026-01-31", nickSince: "2026-02-01" };
    const known = { id: bob.id, nick: "bob", ...days, verified: true, ignored: true };
    expect(peerDetails(bob, false, known).split("\n").at(-1)).toBe("verified ✓, known since 2026-01-31, ignored");
    expect(peerDetails(bob, true).split("\n").at(-1)).toBe(
      `to be verified, read these words to others: ${keyWords(bob.id)}`,
    );
    const unheard = { address: undefined as Endpoint | undefined, rttMs: undefined, lastHeardMs: undefined };
    expect(peerDetails(fakePeer("eve", 3, { ...unheard, status: "dead", sinceMs: 90_000 }), false)).toMatch(
      /^eve·z3cet2cg: unreachable for 90 s, no address known, never heard directly\n/,
    );
    expect(peerDetails(fakePeer("anna", 1, { ...unheard, sinceMs: undefined }), true)).toMatch(
      /^anna·525y9bu4: that is you, no address known\n/,
    );
  });
});
