/** Messages one after another, for `for await`. Messages that come while the reader is busy wait. */
import type { Message } from "../protocol/views.ts";
import { SmplchatError } from "./errors.ts";

/** Messages that wait for the reader. */
export const WAITING_MAX = 10_000;

export type MessageStream = AsyncIterableIterator<Message, undefined>;

/** `listen` gives the end of listening. The stream ends with the reader's loop, or with `closed` once all that came was read. */
export function messageStream(
  listen: (listener: (message: Message) => void) => () => void,
  closed: AbortSignal,
): MessageStream {
  /** BOUNDED: WAITING_MAX; then the stream fails, for a loop that misses messages must not go on as if it had them. */
  const waiting: Message[] = [];
  /** BOUNDED: by the calls of `next` that wait, one in a `for await`. */
  const readers: ((result: IteratorResult<Message, undefined>) => void)[] = [];
  let failure: SmplchatError | undefined;
  let isOver = false;

  const end = (): void => {
    isOver = true;
    unlisten();
    closed.removeEventListener("abort", end);
    for (const reader of readers.splice(0)) reader({ done: true, value: undefined });
  };
  const unlisten = listen((message) => {
    const reader = readers.shift();
    if (reader !== undefined) return reader({ done: false, value: message });
    if (waiting.length < WAITING_MAX) waiting.push(message);
    else {
      failure = new SmplchatError("fell-behind", `${WAITING_MAX} messages wait to be read: the loop is too slow`, {
        waiting: WAITING_MAX,
      });
      end();
    }
  });
  closed.addEventListener("abort", end);
  if (closed.aborted) end();

  return {
    next: () => {
      const message = waiting.shift();
      if (message !== undefined) return Promise.resolve({ done: false, value: message });
      if (failure !== undefined) {
        const error = failure;
        failure = undefined;
        return Promise.reject(error);
      }
      if (isOver) return Promise.resolve({ done: true, value: undefined });
      return new Promise((resolve) => readers.push(resolve));
    },
    return: () => {
      waiting.length = 0;
      end();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
