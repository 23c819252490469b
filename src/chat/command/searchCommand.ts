/** `/search`: finds messages in what is kept of one room or of all, and tells of them as they are found. */
import { within } from "../../node/limit.ts";
import type { RoomHandle } from "../../node/types.ts";
import { searchKept } from "../history/keptView.ts";
import { type Found, MORE_COUNTED_MAX, type RoomInfo } from "../model/events.ts";
import type { CommandContext, Outcome } from "./commandContext.ts";
import { ALL_ROOMS, type AskedSearch, type BadSearch } from "./parseSearch.ts";

/** Found messages that are shown at a time. */
export const SEARCH_SHOWN = 50;
/** Units of text in one answer, unless one message alone has more. */
export const SEARCH_UNITS_MAX = 1 << 20;
/** What was found is told when the search has gone on so long without finding the next. */
const PART_MS = 100;

/** `asked`: undefined where there is nothing to go on with. `limit`: of the messages that are told. */
export async function search(
  context: CommandContext,
  asked: AskedSearch | BadSearch | undefined,
  limit = SEARCH_SHOWN,
): Promise<Outcome> {
  const refuse = (refusal: BadSearch): Outcome => {
    context.emit({ type: "refusal", refusal });
    return "refused";
  };
  if (asked === undefined) return refuse({ code: "bad-search", reason: "nothing-more" });
  if ("code" in asked) return refuse(asked);
  const rooms = roomsNamed(context, asked.room);
  if (rooms.length === 0) return refuse({ code: "bad-search", reason: "room", value: asked.room ?? "" });
  const found: Found[] = [];
  let told = 0;
  let units = 0;
  let more = 0;
  const tell = (isOver: boolean): void => {
    const fresh = found.slice(told);
    told = found.length;
    const kept = rooms.map((room) => ({ room: context.info(room), span: room.span() }));
    const reply = { code: "search", asked, found: [...found], fresh, isOver, more, kept } as const;
    context.emit({ type: "reply", reply });
  };
  const each = newestFirst(context, rooms, asked);
  for (let next = each.next(); ; next = each.next()) {
    if (found.length > told && !(await comesSoon(next))) tell(false);
    const { value, done } = await next;
    if (done === true) break;
    units += value.message.text.length;
    if (more === 0 && found.length < limit && (units <= SEARCH_UNITS_MAX || found.length === 0)) found.push(value);
    else more += 1;
    if (more === 1) tell(false);
    if (more > MORE_COUNTED_MAX) break;
  }
  await each.return();
  const last = found.at(-1);
  context.searches.next =
    more === 0 || last === undefined ? undefined : { ...asked, query: { ...asked.query, before: last.message.id } };
  tell(true);
  return "done";
}

// --- internal ---

/** Of several rooms with one name all are meant. None: there is no such room. */
function roomsNamed(context: CommandContext, name: string | undefined): readonly RoomHandle[] {
  if (name === undefined) return [context.room()];
  return name === ALL_ROOMS ? context.rooms() : context.named(name);
}

async function comesSoon(next: Promise<unknown>): Promise<boolean> {
  let hasCome = false;
  const come = next.finally(() => {
    hasCome = true;
  });
  await within(PART_MS, come);
  return hasCome;
}

type Feed = AsyncGenerator<Found, void, undefined>;

/** Of several rooms the messages come as they would if they were one: by their ids. */
async function* newestFirst(context: CommandContext, rooms: readonly RoomHandle[], { query }: AskedSearch): Feed {
  const feeds = rooms.map((room) => foundIn(room, context.info(room), query));
  try {
    const heads = await Promise.all(feeds.map((feed) => feed.next()));
    for (;;) {
      let newest: { at: number; found: Found } | undefined;
      for (const [at, { value, done }] of heads.entries())
        if (done !== true && (newest === undefined || value.message.id > newest.found.message.id))
          newest = { at, found: value };
      if (newest === undefined) return;
      yield newest.found;
      heads[newest.at] = await (feeds[newest.at] as Feed).next();
    }
  } finally {
    for (const feed of feeds) await feed.return();
  }
}

async function* foundIn(room: RoomHandle, info: RoomInfo, query: AskedSearch["query"]): Feed {
  for await (const part of searchKept(room, query)) for (const message of part) yield { room: info, message };
}
