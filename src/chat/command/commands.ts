/** The commands that a person can type, in one table. The parser, `/help` and name completion use it. */

/**
 * What follows the name. `text?`: the rest of the line, perhaps empty. `none`: nothing. `word`: exactly one word; `word?`: at most one. `text`: the rest of the line, not
 * empty. `words`: any number of words. `setting`: nothing, a name, or a name and a value.
 */
export type Takes = "none" | "word" | "word?" | "words" | "text" | "text?" | "setting";

export type CommandSpec = {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly takes: Takes;
  /** The arguments as people read them, after the name. */
  readonly usage: string;
  /** One line. */
  readonly help: string;
  /** A line as one types it, where the usage alone does not say enough. */
  readonly example?: string;
};

export const commandTable = [
  {
    name: "join",
    aliases: ["j"],
    takes: "word",
    usage: "ADDRESS|INVITE|ROOM",
    help: "contact a peer, or enter a room and show it",
  },
  {
    name: "leave",
    aliases: ["part"],
    takes: "word?",
    usage: "[ROOM]",
    help: "leave this room or another, and stay in the program",
  },
  { name: "quit", aliases: ["exit", "bye"], takes: "none", usage: "", help: "leave all rooms and end the program" },
  { name: "nick", aliases: [], takes: "word?", usage: "[NAME]", help: "change your nickname, or show it" },
  { name: "me", aliases: [], takes: "text", usage: "TEXT", help: "say what you do: * anna waves" },
  { name: "say", aliases: [], takes: "text", usage: "TEXT", help: "say TEXT as it is, even if it starts with a slash" },
  { name: "notice", aliases: [], takes: "text", usage: "TEXT", help: "say TEXT as a program does: nobody answers it" },
  {
    name: "reply",
    aliases: ["re"],
    takes: "text?",
    usage: "[N|ID] TEXT",
    help: "answer the newest message of others, the Nth newest, or the one whose ID /log shows",
    example: "/reply 2 yes, at noon",
  },
  {
    name: "react",
    aliases: [],
    takes: "text?",
    usage: "[N|ID] EMOJI",
    help: "react to the newest message of others, the Nth newest, or ID; - takes it back",
    example: "/react 1 👍",
  },
  {
    name: "edit",
    aliases: ["e"],
    takes: "text?",
    usage: "[N|ID] TEXT",
    help: "give your newest message, your Nth newest, or ID another text",
    example: "/edit 1 see you at noon",
  },
  {
    name: "delete",
    aliases: ["del"],
    takes: "text?",
    usage: "[N|ID]",
    help: "take back your newest message, your Nth newest, or ID: it is shown to nobody any more",
    example: "/delete 1",
  },
  {
    name: "topic",
    aliases: ["t"],
    takes: "text?",
    usage: "[TEXT|-]",
    help: "say what the room is about, or show it; - clears it",
    example: "/topic tea at noon",
  },
  { name: "peers", aliases: ["names", "n", "who", "w"], takes: "none", usage: "", help: "list who is here" },
  {
    name: "whois",
    aliases: ["wi"],
    takes: "word",
    usage: "NICK",
    help: "show someone's key in words, address and round trip",
  },
  {
    name: "verify",
    aliases: [],
    takes: "words",
    usage: "NICK [WORDS]",
    help: "show the words of someone's key; with the words that they read to you: mark them as verified",
    example: "/verify anna amber tulip ...",
  },
  {
    name: "ignore",
    aliases: ["ig"],
    takes: "word?",
    usage: "[NICK]",
    help: "hide what someone says, here and at later starts; alone it lists them",
  },
  { name: "unignore", aliases: [], takes: "word", usage: "NICK", help: "show what someone says again" },
  {
    name: "room",
    aliases: [],
    takes: "words",
    usage: "[list|new NAME]",
    help: "show this room, list all of yours, or make a private one",
  },
  { name: "invite", aliases: [], takes: "none", usage: "", help: "show the line that lets others join this room" },
  {
    name: "log",
    aliases: [],
    takes: "word?",
    usage: "[N]",
    help: "list the newest N kept messages (default 50), each with its ID",
  },
  {
    name: "search",
    aliases: ["find"],
    takes: "text",
    usage: "[from:NICK] [in:ROOM|all] [before:DATE] [after:DATE] TEXT",
    help: "find kept messages, the newest first; /search more goes on",
  },
  {
    name: "show",
    aliases: [],
    takes: "word",
    usage: "ID",
    help: "show a long message whole: its ID stands where it was cut",
  },
  {
    name: "info",
    aliases: [],
    takes: "word?",
    usage: "[N]",
    help: "show whom your newest message reached, or your Nth newest",
  },
  {
    name: "stats",
    aliases: [],
    takes: "none",
    usage: "",
    help: "show counters: datagrams, messages, what was dropped",
  },
  { name: "set", aliases: [], takes: "setting", usage: "[NAME [VALUE]]", help: "show or change settings" },
  { name: "clear", aliases: [], takes: "none", usage: "", help: "empty the screen; messages are kept" },
  { name: "help", aliases: [], takes: "word?", usage: "[COMMAND]", help: "list the commands, or explain one" },
] as const satisfies readonly CommandSpec[];

export type CommandName = (typeof commandTable)[number]["name"];

export const commandNames: readonly string[] = commandTable.flatMap((spec) => [spec.name, ...spec.aliases]);

/** The command of this name or alias, case apart, with or without its slash. */
export function commandNamed(word: string): (CommandSpec & { readonly name: CommandName }) | undefined {
  const wanted = word.replace(/^\//, "").toLowerCase();
  return commandTable.find((spec) => spec.name === wanted || (spec.aliases as readonly string[]).includes(wanted));
}
