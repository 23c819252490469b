/** The result of a run: a table for people, one line of JSON for programs. */
import { quantile } from "../run/quantile.ts";
import type { Run } from "../run/run.ts";
import { reconciliationFrames } from "../world/sniffer.ts";

/** One line of `--json`: names and units are a promise to scripts. */
export function summaryOf(run: Run): Readonly<Record<string, unknown>> {
  const { scenario, seed, nodes, loss, measured, detected } = run;
  return {
    scenario,
    seed,
    nodes,
    loss,
    ...measured,
    idleBytesPerNodePerSecond: measured.idleBytesPerNodePerSecond ?? null,
    reconciliationBytes: reconciliationBytes(run) ?? null,
    reconciliations: run.sniffed?.roundTrips.length ?? null,
    reconciliationRoundTrips: run.sniffed === undefined ? null : meanOf(run.sniffed.roundTrips),
    reconciliationRoundTripsMax: run.sniffed?.roundTrips.at(-1) ?? null,
    gatheredMs: run.gatheredMs ?? null,
    settledMs: run.settledMs ?? null,
    rosterSettledMs: run.rosterSettledMs ?? null,
    detectionMedianMs: detected.detectionMs.length === 0 ? null : quantile(detected.detectionMs, 0.5),
    detectionMaxMs: detected.detectionMs.length === 0 ? null : quantile(detected.detectionMs, 1),
    crashesUndetected: detected.undetected,
    falseDeaths: detected.falseDeaths,
    faults: run.faults,
    hostile: run.hostile?.members ?? {},
    network: run.network,
    virtualMs: run.virtualMs,
    trace: run.trace,
    invariantsBroken: run.broken.length,
    broken: run.broken,
  };
}

/** Rows of a label and a value. */
export function tableOf(run: Run): string {
  const { measured, detected, network, faults } = run;
  const { idleBytesPerNodePerSecond: idle } = measured;
  const rows: (readonly [string, string])[] = [];
  if (run.delays.length > 0) {
    const sights = [measured.p50Ms, measured.p99Ms, measured.maxMs].map(whole).join(" / ");
    rows.push(["coverage after repair", `${(100 * measured.coverage).toFixed(2)} %`]);
    rows.push(["sends per delivery", measured.sendsPerDelivery.toFixed(2)]);
    rows.push(["bytes per delivery", measured.bytesPerDelivery.toFixed(0)]);
    rows.push(["first sight p50 / p99 / max", `${sights} ms`]);
    rows.push(["last hop, mean", measured.lastHop.toFixed(1)]);
  }
  if (idle !== undefined) rows.push(["idle, in and out, per node", `${idle.toFixed(0)} bytes/s`]);
  if (run.sniffed !== undefined) {
    const { roundTrips } = run.sniffed;
    rows.push(["reconciliation and repair", `${reconciliationBytes(run)} bytes in all`]);
    if (roundTrips.length > 0) {
      const most = `${meanOf(roundTrips).toFixed(1)} / ${roundTrips.at(-1)}`;
      rows.push(["round trips of a reconciliation", `mean / most ${most}, ${roundTrips.length} of them`]);
    }
  }
  rows.push(["one log everywhere", afterwards(run.settledMs)]);
  rows.push(["one roster everywhere", afterwards(run.rosterSettledMs)]);
  if (detected.detectionMs.length > 0) {
    const [median, worst] = [0.5, 1].map((part) => seconds(quantile(detected.detectionMs, part)));
    rows.push(["crash until the last survivor knows", `median ${median}, worst ${worst}`]);
  }
  if (detected.undetected > 0) rows.push(["back before all had noticed", `${detected.undetected} crashes`]);
  rows.push(["alive but called dead", String(detected.falseDeaths)]);
  rows.push(["datagrams sent / lost / cut off", `${network.sent} / ${network.lost} / ${network.cut}`]);
  const struck = Object.entries(faults).map(([kind, times]) => `${kind} ${times}`);
  if (struck.length > 0) rows.push(["faults", struck.join(", ")]);
  if (run.hostile !== undefined) {
    const attacks = Object.entries(run.hostile.members).map(([name, members]) => `${name} ${members}`);
    rows.push(["hostile members", `${attacks.join(", ")}; ${run.hostile.sent} datagrams`]);
  }
  const broken = run.broken.length === 0 ? "all hold" : `${run.broken.length} broken`;
  rows.push(["invariants I1 to I11", broken]);
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`);
  return [...lines, ...run.broken.map((line) => `  ${line}`)].join("\n");
}

// --- internal ---

function reconciliationBytes({ sniffed }: Run): number | undefined {
  return sniffed && reconciliationFrames.reduce((sum, type) => sum + (sniffed.frameBytes[type] ?? 0), 0);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
}

/** Counted from the last message and fault. */
function afterwards(ms: number | undefined): string {
  return ms === undefined ? "never" : `after ${seconds(ms)}`;
}

function whole(value: number): string {
  return value.toFixed(0);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
