// Sleep and standstill, told from two clocks and an alarm.
import { expect, it } from "vitest";
import { suspensionDetector } from "../../src/node/suspension.ts";

const WALL = 1_700_000_000_000;
const at = (mono: number, wallOffset = 0) => ({ mono, wall: WALL + mono + wallOffset });

it("sees nothing while both clocks run together, however long nothing happens", () => {
  const detector = suspensionDetector(at(0));
  expect(detector.observe(at(10), 20)).toBe(0);
  expect(detector.observe(at(3_600_000), undefined)).toBe(0);
  expect(detector.observe(at(7_200_000), 7_200_000)).toBe(0);
});

it("sees a sleep in which only the wall clock went on, once", () => {
  const detector = suspensionDetector(at(0));
  expect(detector.observe(at(1_000, 60_000), 1_000)).toBe(60_000);
  expect(detector.observe(at(2_000, 60_000), 2_000)).toBe(0);
});

it("tells a wall clock that was set from a sleep by the uptime, which counts sleep and cannot be set", () => {
  let up = 500_000;
  const detector = suspensionDetector(at(0), () => up);
  const after = (ms: number): number => (up += ms);
  after(1_000);
  expect(detector.observe(at(1_000, 7_200_000), 1_000), "set forward by 2 h").toBe(0);
  after(61_000);
  expect(detector.observe(at(2_000, 7_260_000), 2_000), "slept for a minute").toBe(60_000);
  after(1_000);
  expect(detector.observe(at(3_000, -1_700_000_000_000 + 4_000), 3_000), "set back to 1970").toBe(0);
  after(1_000);
  expect(detector.observe(at(4_000, 0), 4_000), "and forward from there").toBe(0);
  after(601_000);
  expect(detector.observe(at(5_000, 7_800_000), 5_000), "set forward while it slept for ten minutes").toBe(600_000);
});

it("takes a wall clock set forward for a sleep where no uptime is known, and one set back for nothing", () => {
  const detector = suspensionDetector(at(0));
  expect(detector.observe(at(1_000, 3_600_000), 1_000)).toBe(3_600_000);
  expect(detector.observe(at(2_000, 0), 2_000)).toBe(0);
  expect(detector.observe(at(3_000, 0), 3_000)).toBe(0);
});

it("lets small steps of the wall clock pass, and does not add them up", () => {
  const detector = suspensionDetector(at(0));
  for (let step = 1; step <= 10; step += 1) expect(detector.observe(at(step, step * 4_999), undefined)).toBe(0);
});

it("sees a standstill by the alarm that rang late, and tells how late", () => {
  const detector = suspensionDetector(at(0));
  expect(detector.observe(at(900), 1_000)).toBe(0);
  expect(detector.observe(at(42_000), 1_000)).toBe(41_000);
});

it("reports a standstill once though the late alarm has yet to ring", () => {
  const detector = suspensionDetector(at(0));
  expect(detector.observe(at(42_000), 1_000)).toBe(41_000);
  expect(detector.observe(at(42_001), 1_000)).toBe(0);
});

it("does not call an alarm late that rings up to 5 s late", () => {
  const detector = suspensionDetector(at(0));
  expect(detector.observe(at(6_000), 1_000)).toBe(0);
  expect(detector.observe(at(12_001), 7_000)).toBe(5_001);
});

it("adds up a stop and a sleep inside it", () => {
  const detector = suspensionDetector(at(0));
  expect(detector.observe(at(11_000, 50_000), 1_000)).toBe(60_000);
});

it("takes the process for one of two copies after half a minute, and where the wall clock alone was set by so much", () => {
  let up = 1_000;
  const detector = suspensionDetector(at(0), () => up);
  const isCopyAfter = (mono: number, wallOffset: number, alarmAt: number): boolean => {
    detector.observe(at(mono, wallOffset), alarmAt);
    return detector.mayBeCopy();
  };
  expect(isCopyAfter(1_000, 0, 1_000), "nothing happened").toBe(false);
  expect(isCopyAfter(22_000, 0, 2_000), "stood still for 20 s").toBe(false);
  expect(isCopyAfter(54_000, 0, 24_000), "stood still for 30 s").toBe(true);
  expect(isCopyAfter(55_000, 0, 55_000), "once").toBe(false);
  // A snapshot was started: for its machine no time has passed, and somebody sets the clock.
  expect(isCopyAfter(56_000, 3_600_000, 56_000), "set by an hour").toBe(true);
  up += 3_600_000;
  expect(isCopyAfter(57_000, 7_200_000, 57_000), "slept for an hour").toBe(true);
});
