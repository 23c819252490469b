/** Rules of nftables in a namespace: what a host or a bridge lets through. */
import { spawnSync } from "node:child_process";

/** Runs the commands in there and returns what they print. Tables go with their namespace. */
export function nft(namespace: string, commands: string): string {
  const words = ["netns", "exec", namespace, "nft", "-f", "-"];
  const { status, stdout, stderr } = spawnSync("ip", words, { input: commands, encoding: "utf8" });
  if (status !== 0) throw new Error(`nft: ${stderr.trim()}`);
  return stdout;
}

/** From now on what fits `match` is dropped at this hook: `dropAt(host, "inet", "input", "udp dport 7")`. */
export function dropAt(namespace: string, family: "inet" | "bridge", hook: string, match: string): void {
  nft(
    namespace,
    `table ${family} drops {
      chain ${hook} {
        type filter hook ${hook} priority 0
        ${match} counter drop
      }
    }`,
  );
}

/** Why datagrams cannot be dropped here; undefined: they can. With SMPLCHAT_REQUIRE_NETNS=1 that is an error. */
export function whyNoFilter(): string | undefined {
  const name = `smplchat-${process.pid}-nft`;
  spawnSync("ip", ["netns", "add", name]);
  try {
    dropAt(name, "bridge", "forward", "ip protocol udp numgen random mod 100 < 1");
    dropAt(name, "inet", "input", "udp dport 7");
    return undefined;
  } catch (error) {
    const reason = `datagrams cannot be dropped (Debian: nftables): ${(error as Error).message}`;
    if (process.env.SMPLCHAT_REQUIRE_NETNS === "1") throw new Error(reason);
    return reason;
  } finally {
    spawnSync("ip", ["netns", "del", name]);
  }
}
