/** What a message is made of before it is signed, and rooms to sign it for: what tests of many folders begin with. */
import type { RoomSecret } from "../../src/crypto/roomKeys.ts";
import { encodeBody } from "../../src/wire/bodies/body.ts";
import type { MessageKind } from "../../src/wire/bodies/kinds.ts";
import type { Envelope } from "../../src/wire/envelope.ts";

type Unsigned = Omit<Envelope, "author">;

export type Said = Partial<Omit<Unsigned, "kind">> & {
  /** A number: of any kind, with this `body`, or an empty one. */
  readonly kind?: MessageKind | number;
  readonly nick?: string;
  readonly text?: string;
};

/** A text unless `said` tells otherwise. */
export function unsigned({ kind = "text", nick = "nick", text = "text", ...envelope }: Said): Unsigned {
  const made = typeof kind === "number" ? { kind, body: new Uint8Array(0) } : encodeBody(kind, nick, text);
  return { seq: 0, hlc: 1, parents: [], target: undefined, ...made, ...envelope };
}

/** A private room; rooms of different fills have nothing in common. */
export const privateRoom = (fill: number): RoomSecret => ({
  id: new Uint8Array(32).fill(fill ^ 0xff),
  epoch: 0,
  key: new Uint8Array(32).fill(fill),
});
