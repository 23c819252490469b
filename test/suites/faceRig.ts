/** A session on a fake node with pipes on both sides: what the stream faces are tested with. */
import { PassThrough } from "node:stream";
import { createSession, type Session } from "../../src/chat/session/session.ts";
import { openRoom } from "../../src/crypto/roomKeys.ts";
import { type Settings, settingNames, settingSpec } from "../../src/settings.ts";
import { createFakeNode, type FakeNode } from "./fakeNode.ts";

export const defaultSettings = Object.fromEntries(
  settingNames.map((name) => [name, settingSpec(name).default]),
) as unknown as Settings;

export type FaceRig = {
  readonly session: Session;
  readonly node: FakeNode;
  readonly input: PassThrough;
  readonly output: PassThrough;
  /** All lines written so far. */
  readonly lines: () => string[];
};

export async function createFaceRig(joins: readonly string[] = []): Promise<FaceRig> {
  const node = createFakeNode();
  const session = await createSession({
    room: { name: "smplchat", secret: openRoom("smplchat"), private: false },
    nick: "anna",
    joins,
    settings: defaultSettings,
    open: async () => node,
    quitMsMax: 100,
  });
  const output = new PassThrough({ highWaterMark: 1 << 20 });
  let text = "";
  output.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return { session, node, input: new PassThrough(), output, lines: () => text.split("\n").slice(0, -1) };
}
