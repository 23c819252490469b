/** The screen's controller on a fake node: keys and events in, rows out; no terminal, no network. */

import { createSession, type Session } from "../../src/chat/session/session.ts";
import { openRoom } from "../../src/crypto/roomKeys.ts";
import type { Settings } from "../../src/settings.ts";
import { type Controller, createController } from "../../src/tui/controller.ts";
import { createKeyDecoder } from "../../src/tui/keys.ts";
import { createPalette } from "../../src/tui/style.ts";
import { createFakeNode, type FakeNode } from "./fakeNode.ts";

export const NOON = new Date(2026, 0, 31, 12).getTime();

export type ScreenRig = {
  readonly node: FakeNode;
  readonly controller: Controller;
  readonly session: Session;
  /** Types raw terminal input and draws. */
  readonly type: (input: string) => string[];
  /** What is on the screen, without colours. */
  readonly rows: () => string[];
};

export async function sitWith(
  options: { columns?: number; rows?: number; nodes?: FakeNode[] } = {},
): Promise<ScreenRig> {
  const nodes = options.nodes ?? [createFakeNode()];
  const [node] = nodes as [FakeNode];
  const open = async () => nodes.shift() ?? node;
  const room = { name: "smplchat", secret: openRoom("smplchat"), private: false };
  // Only /set reads the settings, which these scenarios do not use.
  const settings = {} as Settings;
  const session = await createSession({ room, nick: "anna", joins: [], settings, open, quitMsMax: 100 });
  const controller = createController({
    session,
    palette: createPalette(1),
    columns: options.columns ?? 60,
    rows: options.rows ?? 8,
    now: () => NOON,
    onChange: () => undefined,
  });
  session.subscribe((event) => controller.event(event));
  const decoder = createKeyDecoder();
  const rows = (): string[] => {
    const { messages, status, composer } = controller.frame();
    return [...messages, ...(status === undefined ? [] : [status]), ...composer].map(plainRow);
  };
  const type = (input: string): string[] => {
    const outcomes = decoder.push(input).map((key) => controller.key(key) as string);
    controller.frame();
    return outcomes;
  };
  return { node, controller, session, type, rows };
}

export const plainRow = (row: string): string => row.replace(/\x1b\[[\d;]*m/g, "");
