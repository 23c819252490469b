/**
 * Bounded cursors over bytes. A `Writer` never grows past its capacity, and a `Reader` never reads past its end. Both
 * throw `CursorError`; the decoders of this folder catch it and refuse the bytes. Integers are big-endian. Variable-length
 * integers are LEB128 in the shortest form. A longer form is refused, so that every value has one encoding.
 */

export class CursorError extends Error {}

const WRITER_BYTES_FIRST = 64;

export type Writer = {
  readonly length: () => number;
  /** Bytes that still fit. */
  readonly room: () => number;
  readonly u8: (value: number) => void;
  readonly u32: (value: number) => void;
  /** 0..2^48-1, six bytes. */
  readonly u48: (value: number) => void;
  /** 0..2^53-1, one to eight bytes. */
  readonly varint: (value: number) => void;
  readonly bytes: (value: Uint8Array) => void;
  /** Varint length, then the bytes, at most `max` of them. */
  readonly sized: (value: Uint8Array, max: number) => void;
  readonly finish: () => Uint8Array;
};

export type Reader = {
  readonly left: () => number;
  readonly position: () => number;
  readonly u8: () => number;
  readonly u32: () => number;
  readonly u48: () => number;
  readonly varint: () => number;
  /** A view, not a copy, of the next `length` bytes. */
  readonly bytes: (length: number) => Uint8Array;
  /** A view of varint-sized bytes, at most `max` of them. */
  readonly sized: (max: number) => Uint8Array;
};

/** A writer of at most `capacity` bytes. Takes memory as it fills: most frames are far smaller than they may be. */
export function createWriter(capacity: number): Writer {
  let buffer = Buffer.allocUnsafe(Math.min(capacity, WRITER_BYTES_FIRST));
  let at = 0;
  const claim = (length: number): number => {
    const start = at;
    const end = at + length;
    if (end > capacity) throw new CursorError("does not fit");
    if (end > buffer.length) {
      const larger = Buffer.allocUnsafe(Math.min(capacity, Math.max(end, 4 * buffer.length)));
      larger.set(buffer.subarray(0, at));
      buffer = larger;
    }
    at = end;
    return start;
  };
  /** `claim` may replace the buffer, so it goes first. */
  const put = (byte: number): void => {
    const start = claim(1);
    buffer[start] = byte;
  };
  const bytes = (value: Uint8Array): void => {
    const start = claim(value.length);
    buffer.set(value, start);
  };
  const varint = (value: number): void => {
    if (!Number.isSafeInteger(value) || value < 0) throw new CursorError("not a varint");
    let rest = value;
    while (rest >= 0x80) {
      put((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    put(rest);
  };
  return {
    length: () => at,
    room: () => capacity - at,
    u8: (value) => {
      // Unlike the wider integers, a byte of a Buffer takes 256 for 0 without a word.
      put(within(value, 0, 255));
    },
    u32: (value) => {
      const start = claim(4);
      buffer.writeUInt32BE(value, start);
    },
    u48: (value) => {
      const start = claim(6);
      buffer.writeUIntBE(value, start, 6);
    },
    varint,
    bytes,
    sized: (value, max) => {
      if (value.length > max) throw new CursorError("longer than allowed");
      varint(value.length);
      bytes(value);
    },
    finish: () => buffer.subarray(0, at),
  };
}

export function createReader(source: Uint8Array): Reader {
  const buffer = Buffer.isBuffer(source) ? source : Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  let at = 0;
  const claim = (length: number): number => {
    if (at + length > buffer.length) throw new CursorError("ends early");
    const start = at;
    at += length;
    return start;
  };
  const bytes = (length: number): Uint8Array => {
    const start = claim(length);
    return buffer.subarray(start, start + length);
  };
  const varint = (): number => {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < 8; index += 1) {
      const byte = buffer[claim(1)] as number;
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw new CursorError("varint too large");
      if (byte < 0x80) {
        if (byte === 0 && index > 0) throw new CursorError("varint not in shortest form");
        return value;
      }
      scale *= 0x80;
    }
    throw new CursorError("varint too long");
  };
  return {
    left: () => buffer.length - at,
    position: () => at,
    u8: () => buffer[claim(1)] as number,
    u32: () => buffer.readUInt32BE(claim(4)),
    u48: () => buffer.readUIntBE(claim(6), 6),
    varint,
    bytes,
    sized: (max) => {
      const length = varint();
      if (length > max) throw new CursorError("longer than allowed");
      return bytes(length);
    },
  };
}

/** `value` if it is within `min..max`, both included. */
export function within(value: number, min: number, max: number): number {
  if (!(value >= min && value <= max)) throw new CursorError("out of bounds");
  return value;
}
