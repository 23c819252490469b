/** A session on a hub of fake rooms with pipes on both sides: what the stream faces are tested with. */
import { PassThrough } from "node:stream";
import { createSession, type Session, type SessionOptions } from "../../src/chat/session/session.ts";
import { openRoom } from "../../src/crypto/roomKeys.ts";
import type { RoomChoice } from "../../src/node/types.ts";
import { type Settings, settingNames, settingSpec } from "../../src/settings.ts";
import { createFakeHub, type FakeHub } from "./fakeHub.ts";
import type { FakeRoom } from "./fakeRoom.ts";

export const defaultSettings = Object.fromEntries(
  settingNames.map((name) => [name, settingSpec(name).default]),
) as unknown as Settings;

export type FaceRig = {
  readonly session: Session;
  readonly hub: FakeHub;
  /** The first, which the session shows from the start. */
  readonly room: FakeRoom;
  readonly input: PassThrough;
  readonly output: PassThrough;
  /** All lines written so far. */
  readonly lines: () => string[];
};

/** `room`, `joins`: of the one room, where `rooms` are left out. */
export type FaceRigOptions = Partial<Omit<SessionOptions, "hub">> & {
  readonly hub?: FakeHub;
  readonly room?: RoomChoice;
  readonly joins?: readonly string[];
};

export const openChoice = (name: string): RoomChoice => ({ name, secret: openRoom(name), private: false });

export async function createFaceRig(options: FaceRigOptions = {}): Promise<FaceRig> {
  const { hub = createFakeHub(), room = openChoice("smplchat"), joins = [], ...more } = options;
  const session = await createSession({
    rooms: [{ room, joins }],
    nick: "anna",
    settings: defaultSettings,
    quitMsMax: 100,
    ...more,
    hub,
  });
  const output = new PassThrough({ highWaterMark: 1 << 20 });
  let text = "";
  output.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const lines = () => text.split("\n").slice(0, -1);
  return { session, hub, room: hub.entered[0] as FakeRoom, input: new PassThrough(), output, lines };
}
