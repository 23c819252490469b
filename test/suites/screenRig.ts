/** The screen's controller on a hub of fake rooms: keys and events in, rows out; no terminal, no network. */
import type { Session } from "../../src/chat/session/session.ts";
import { type Controller, createController } from "../../src/tui/controller.ts";
import { createKeyDecoder } from "../../src/tui/keys.ts";
import { createPalette } from "../../src/tui/style.ts";
import { createFaceRig } from "./faceRig.ts";
import { createFakeHub, type FakeHub } from "./fakeHub.ts";
import type { FakeRoom } from "./fakeRoom.ts";

export const NOON = new Date(2026, 0, 31, 12).getTime();

export type ScreenRig = {
  readonly hub: FakeHub;
  /** The first. */
  readonly room: FakeRoom;
  readonly controller: Controller;
  readonly session: Session;
  /** Types raw terminal input and draws. */
  readonly type: (input: string) => string[];
  /** What is on the screen, without colours. */
  readonly rows: () => string[];
};

export type ScreenRigOptions = { columns?: number; rows?: number; first?: FakeRoom; hub?: FakeHub };

export async function sitWith(options: ScreenRigOptions = {}): Promise<ScreenRig> {
  const { first } = options;
  const hub = options.hub ?? createFakeHub(first === undefined ? {} : { first });
  const { session, room } = await createFaceRig({ hub });
  const controller = createController({
    session,
    palette: createPalette(1),
    columns: options.columns ?? 60,
    rows: options.rows ?? 8,
    now: () => NOON,
    onChange: () => undefined,
  });
  // What is kept is read before anything happens.
  await new Promise((resolve) => setImmediate(resolve));
  session.subscribe((event, of) => controller.event(event, of));
  const decoder = createKeyDecoder();
  const rows = (): string[] => {
    const { messages, tabs, status, composer } = controller.frame();
    return [...messages, tabs, status, ...composer].filter((row) => row !== undefined).map(plainRow);
  };
  const type = (input: string): string[] => {
    const outcomes = decoder.push(input).map((key) => controller.key(key) as string);
    controller.frame();
    return outcomes;
  };
  return { hub, room, controller, session, type, rows };
}

export const plainRow = (row: string): string => row.replace(/\x1b\[[\d;]*m/g, "");
