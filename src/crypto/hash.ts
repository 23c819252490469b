/** BLAKE2b (RFC 7693), of 16 to 64 bytes, keyed or not. */
import sodium from "sodium-native";

/** `length` 1..64 bytes of output: libsodium's minimum is 16, shorter ones are the front of 16. `key`: 16..64 bytes. */
export function blake2b(input: Uint8Array, length: number, key?: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(Math.max(length, 16));
  if (key === undefined) sodium.crypto_generichash(out, input);
  else sodium.crypto_generichash(out, input, key);
  return out.subarray(0, length);
}

/** The same of all inputs, one after another, without putting them together first. */
export function blake2bOfAll(inputs: readonly Uint8Array[], length: number, key: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(Math.max(length, 16));
  sodium.crypto_generichash_batch(out, inputs, key);
  return out.subarray(0, length);
}
