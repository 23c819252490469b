/** Lines come out of chunks as they were written, however the chunks are cut. */
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { type InputLine, readLines } from "../../../src/chat/stream/lines.ts";
import { createOutput } from "../../../src/chat/stream/output.ts";

async function* chunksOf(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (const cut of cuts) {
    yield bytes.subarray(at, at + cut);
    at += cut;
  }
  yield bytes.subarray(at);
}

async function collect(source: AsyncIterable<InputLine>): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = [];
  for await (const line of source) found.push(line.type === "line" ? line.text : undefined);
  return found;
}

describe("lines of input", () => {
  it("do not depend on how the bytes are cut", async () => {
    const line = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n\ufeff]/g, ""));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat({ max: 7 })), async (texts, cuts) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(""));
        expect(await collect(readLines(chunksOf(bytes, cuts)))).toEqual(
          texts.map((text) => Buffer.from(text).toString()),
        );
      }),
    );
  });

  it("begin after a byte order mark, which is one at the start alone", async () => {
    const bom = Buffer.from([0xef, 0xbb, 0xbf]);
    for (const cuts of [[], [1], [1, 1], [3], [4]]) {
      const bytes = Buffer.concat([bom, Buffer.from("a\n"), bom, Buffer.from("b")]);
      expect(await collect(readLines(chunksOf(bytes, cuts)))).toEqual(["a", "\ufeffb"]);
    }
    expect(await collect(readLines(chunksOf(Buffer.concat([Buffer.from("\n"), bom]), [])))).toEqual(["", "\ufeff"]);
  });

  it("may end without a line end, and with carriage returns", async () => {
    expect(await collect(readLines(chunksOf(Buffer.from("a\r\nb"), [])))).toEqual(["a", "b"]);
    expect(await collect(readLines(chunksOf(Buffer.from(""), [])))).toEqual([]);
    expect(await collect(readLines(chunksOf(Buffer.from([0x61, 0xff, 0x0a]), [])))).toEqual(["a\ufffd"]);
  });

  it("that are too long are named, and the next one is whole", async () => {
    const bytes = Buffer.from(`${"x".repeat(25)}\nok\n${"ä".repeat(6)}`);
    expect(await collect(readLines(chunksOf(bytes, [3, 9, 20]), 10))).toEqual([undefined, "ok", undefined]);
  });

  it("end when the stream is destroyed", async () => {
    const stream = new PassThrough();
    const lines = collect(readLines(stream));
    stream.write("one\n");
    setImmediate(() => stream.destroy());
    expect(await lines).toEqual(["one"]);
  });
});

describe("output", () => {
  it("whose reader has stopped is given up at its bound, and costs no more memory", () => {
    const stream = new PassThrough({ highWaterMark: 10 });
    const onStuck = vi.fn();
    const output = createOutput(stream, onStuck, 1_000);
    for (let index = 0; index < 1_000; index += 1) output.line("x".repeat(99));
    expect(onStuck).toHaveBeenCalledTimes(1);
    expect(stream.writableLength).toBeLessThan(1_200);
  });
});
