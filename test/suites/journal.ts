// What every Journal must do, whatever keeps it.

import { describe, expect, it } from "vitest";
import type { JournalEntry } from "../../src/protocol/api.ts";
import type { RememberedAddress } from "../../src/protocol/entry/rememberedAddresses.ts";
import { limits } from "../../src/protocol/limits.ts";
import type { Journal } from "../../src/store/journal.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";
import type { MessageId, PeerId } from "../../src/wire/ids.ts";

export function describeJournal(name: string, open: () => Promise<Journal>): void {
  describe(`${name} as a journal`, () => {
    it("is empty at first", async () => {
      const journal = await open();
      expect(await read(journal)).toEqual([]);
      await journal.close();
    });

    it("gives messages back in the order of their ids, not of their arrival", async () => {
      const journal = await open();
      for (const n of [5, 1, 16, 3, 255]) void journal.append(message(n));
      expect(await read(journal)).toEqual(
        [1, 3, 5, 16, 255].map((n) => ({ id: id(n), bytes: Uint8Array.of(n & 255) })),
      );
      await journal.close();
    });

    it("keeps the first of two with one id", async () => {
      const journal = await open();
      void journal.append(message(1));
      void journal.append({ type: "message", id: id(1), bytes: Uint8Array.of(9) });
      expect(await read(journal)).toEqual([{ id: id(1), bytes: Uint8Array.of(1) }]);
      await journal.close();
    });

    it("trims everything below an id and nothing else, though the id itself is not there", async () => {
      const journal = await open();
      for (const n of [1, 2, 3, 5, 6]) void journal.append(message(n));
      void journal.append({ type: "trim", below: id(4) });
      expect((await read(journal)).map((entry) => entry.id)).toEqual([id(5), id(6)]);
      void journal.append({ type: "trim", below: id(6) });
      expect((await read(journal)).map((entry) => entry.id)).toEqual([id(6)]);
      await journal.close();
    });

    it("lets appends take effect in their order: one after a trim stays, even below it", async () => {
      const journal = await open();
      void journal.append(message(1));
      void journal.append({ type: "trim", below: id(3) });
      void journal.append(message(2));
      expect((await read(journal)).map((entry) => entry.id)).toEqual([id(2)]);
      await journal.close();
    });

    it("gives addresses back, the latest success first, and of two at one address the later", async () => {
      const journal = await open();
      for (const entry of [address(1, 100), address(2, 300), address(3, 200), address(1, 400), address(2, 50)])
        expect(journal.append(entry)).toBeUndefined();
      expect([...journal.addresses()]).toEqual([remembered(1, 400), remembered(2, 300), remembered(3, 200)]);
      await journal.close();
    });

    it("keeps as many addresses as it may, those of the latest successes", async () => {
      const journal = await open();
      const most = limits.remembered;
      for (let n = 1; n <= most + 3; n += 1) void journal.append(address(n, n === 2 ? 10_000 : n));
      const kept = [...journal.addresses()];
      expect(kept).toHaveLength(most);
      expect(kept[0]).toEqual(remembered(2, 10_000));
      expect(kept.at(-1)).toEqual(remembered(5, 5));
      await journal.close();
    });

    it("settles flush after what was appended, and every append's promise with it", async () => {
      const journal = await open();
      const written = [1, 2, 3].map((n) => journal.append(message(n)));
      await journal.flush();
      await Promise.all(written);
      expect(await read(journal)).toHaveLength(3);
      await journal.close();
    });
  });
}

function id(n: number): MessageId {
  return n.toString(16).padStart(48, "0") as MessageId;
}

function message(n: number): { type: "message"; id: MessageId; bytes: Uint8Array } {
  return { type: "message", id: id(n), bytes: Uint8Array.of(n & 255) };
}

/** The nth peer, at its address, reached at that time. */
function address(n: number, at: number): JournalEntry {
  return { type: "address", ...remembered(n, at) };
}

function remembered(n: number, at: number): RememberedAddress {
  return { endpoint: `10.0.0.1:${n}` as Endpoint, peer: n.toString(16).padStart(64, "0") as PeerId, at };
}

async function read(journal: Journal): Promise<{ id: MessageId; bytes: Uint8Array }[]> {
  const all: { id: MessageId; bytes: Uint8Array }[] = [];
  for await (const { id, bytes } of journal.messages()) all.push({ id, bytes: Uint8Array.from(bytes) });
  return all;
}
