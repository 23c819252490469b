/** How far back a log goes, and where messages may be lacking: what people are told of the end of a search or of a page. */
import { type MessageId, timeOfId } from "../../wire/ids.ts";
import type { LogSpan } from "../views.ts";
import { type Log, missingCount } from "./log.ts";
import { entryOf, idAt } from "./messageIndex.ts";
import { newestFloor } from "./retention.ts";

export function spanOf(log: Log): LogSpan {
  const { index, classes } = log;
  const first = index.ids.at(0);
  if (first === undefined) return { oldest: undefined, isWhole: false, gapsUntil: undefined };
  const floors = [newestFloor(classes.small), newestFloor(classes.large)].filter((slot) => slot !== undefined);
  const gapsUntil = floors.length === 0 ? undefined : Math.max(...floors.map((slot) => timeOfId(idAt(index, slot))));
  const isFirst = entryOf(index, first as MessageId)?.parents.length === 0;
  return { oldest: timeOfId(first), isWhole: isFirst && gapsUntil === undefined && missingCount(log) === 0, gapsUntil };
}
