/** Notices when this host gets another address, loses its network, or gets one. */

/** Reading them takes some 20 µs; a host that moved has to be back in the room within seconds. */
const LOOK_INTERVAL_MS = 2_000;

/** `changed` is called at once, and whenever the addresses are others than before. Returns what ends it. */
export function watchAddresses(
  read: () => readonly string[],
  changed: (addresses: readonly string[]) => void,
): () => void {
  let known: string | undefined;
  const look = (): void => {
    const addresses = read();
    const now = addresses.join(" ");
    if (now === known) return;
    known = now;
    changed(addresses);
  };
  look();
  const interval = setInterval(look, LOOK_INTERVAL_MS).unref();
  return () => clearInterval(interval);
}
