/** The command line: its options and commands, and what a list of arguments asks for. */
import { Command, CommanderError, Help, Option } from "commander";
import { flagName, type SettingName, settingNames, settingSpec, settingsHelp } from "../settings.ts";

/** Settings given as flags, as they were typed. */
export type Flags = { readonly [N in SettingName]?: string | boolean | readonly string[] };

export type Switches = {
  readonly plain: boolean;
  readonly json: boolean;
  /** A fresh identity, nothing on disk. */
  readonly ephemeral: boolean;
  /** Whether standard input is read. */
  readonly input: boolean;
  readonly profile: string | undefined;
  readonly config: string | undefined;
};

export type Invocation =
  | { readonly type: "print"; readonly text: string }
  /** `text`, and then the scenarios that there are. */
  | { readonly type: "sim-help"; readonly text: string }
  /** One line. */
  | { readonly type: "wrong-usage"; readonly message: string }
  /** `words`: rooms, invites and addresses without an option before them. */
  | { readonly type: "chat"; readonly flags: Flags; readonly switches: Switches; readonly words: readonly string[] }
  /** `name`: of the private room to make an invite for; undefined: the room of the settings. */
  | { readonly type: "invite"; readonly name: string | undefined; readonly flags: Flags; readonly switches: Switches }
  /** `file` undefined: standard output. */
  | {
      readonly type: "export";
      readonly file: string | undefined;
      readonly force: boolean;
      readonly flags: Flags;
      readonly switches: Switches;
    }
  /** `file` undefined: standard input. */
  | { readonly type: "import"; readonly file: string | undefined; readonly flags: Flags; readonly switches: Switches }
  | { readonly type: "verify"; readonly file: string | undefined; readonly json: boolean }
  | {
      readonly type: "sim";
      readonly scenario: string | undefined;
      readonly options: SimOptions;
      readonly json: boolean;
    };

/** As typed. */
export type SimOptions = {
  readonly seed?: string;
  readonly nodes?: string;
  readonly loss?: string;
  readonly plot?: string;
};

/** What `argv` (without the program's name) asks for. Reads nothing else and prints nothing. */
export function readArguments(argv: readonly string[], version: string): Invocation {
  const printed: string[] = [];
  let result: Invocation | undefined;
  const program = new Command("smplchat");
  program
    .description("Group chat with no server: everyone is an equal peer.")
    .usage("[options] [INVITE|ADDRESS|ROOM ...]\n       smplchat [options] COMMAND")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .argument("[words...]")
    .configureOutput({ writeOut: (text) => printed.push(text), writeErr: () => undefined })
    .configureHelp({ visibleArguments: () => [] })
    .exitOverride();
  for (const option of [...mainOptions(), ...settingOptions()]) program.addOption(option);
  program.addHelpText("after", `\n${HELP_AFTER}`);
  program.action((words: string[]) => {
    const message = noCommand(words);
    result = message === undefined ? { type: "chat", ...read(program), words } : { type: "wrong-usage", message };
  });
  program
    .command("invite")
    .description("print the room's invite")
    .usage("[options]")
    .helpOption("-h, --help", "print this help")
    .option("--new <name>", "invite to a new private room of this name")
    .configureOutput({ writeOut: (text) => printed.push(text), writeErr: () => undefined })
    .exitOverride()
    .action((options: { new?: string }) => {
      result = { type: "invite", name: options.new, ...read(program) };
    });
  addHistoryCommands(
    program,
    (text) => printed.push(text),
    (invocation) => {
      result = invocation;
    },
  );
  program
    .command("sim")
    .description("play a scenario of the simulator")
    .usage("SCENARIO [options]")
    .helpOption("-h, --help", "print this help")
    .argument("[scenario]", "one of scenarios/, or the path of a file")
    .option("--seed <n>", "what chance begins with: the same seed, the same run", "1")
    .option("--nodes <n>", "how many nodes, instead of the scenario's")
    .option("--loss <p>", "share of datagrams that is lost, 0 to below 1")
    .option("--plot <file.svg>", "draw the coverage over time")
    // An option of the program itself; listed here because it is meant here too.
    .configureHelp({ visibleOptions: (sim) => [...new Help().visibleOptions(sim), jsonOfSim] })
    .configureOutput({ writeOut: (text) => printed.push(text), writeErr: () => undefined })
    .exitOverride()
    .action((scenario: string | undefined, options: SimOptions) => {
      const foreign = Object.keys(program.opts()).find(
        (key) => key !== "json" && program.getOptionValueSource(key) === "cli",
      );
      result =
        foreign === undefined
          ? { type: "sim", scenario, options, json: program.opts().json === true }
          : {
              type: "wrong-usage",
              message: `sim takes no --${kebabCase(foreign)}: smplchat sim --help lists what it takes`,
            };
    });
  try {
    program.parse([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const isOfSim = program.args[0] === "sim" && error.code === "commander.helpDisplayed";
    if (error.exitCode === 0) return { type: isOfSim ? "sim-help" : "print", text: printed.join("") };
    return { type: "wrong-usage", message: error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ") };
  }
  return result ?? { type: "wrong-usage", message: "nothing to do" };
}

// --- internal ---

const HELP_AFTER = `Settings:
${settingsHelp()}

A setting GOSSIP_FANOUT is given as --gossip-fanout N, else as SMPLCHAT_GOSSIP_FANOUT in the environment, else as
gossip_fanout = N in $XDG_CONFIG_HOME/smplchat/settings.toml, else it is the default in brackets.

An invite to a private room is a key, and arguments are no place for one: other users of the machine can see them. In the
place of an INVITE, ADDRESS or ROOM, also after --join and --room, - reads the first line of standard input and @FILE that
of a file; or set SMPLCHAT_ROOM.

A bare word is a ROOM, and so is #name. ADDRESS is ip, ip:port, [ipv6]:port, host or host:port. Type /help in the chat for its commands.
Exit codes: 0 fine, 1 failed, 2 wrong usage or settings, 3 JSON or piped input ended and something has reached nobody.`;

/** What people type in the place of a command; a room of such a name is entered with a `#` before it. */
const NO_COMMANDS = ["join", "send", "tail", "on", "irc", "relay", "demo", "doctor", "help"];

/** The one line for words that begin with the name of no command; undefined: they do not. */
function noCommand([first, ...more]: readonly string[]): string | undefined {
  if (first === undefined || !NO_COMMANDS.includes(first)) return undefined;
  const hint =
    first === "join" && more.length > 0
      ? "an invite, an address or a room is entered without it: smplchat - (from standard input), @FILE, ADDRESS or ROOM"
      : `smplchat --help lists all; the room of that name is '#${first}'`;
  return `unknown command '${first}': ${hint}`;
}

function addHistoryCommands(
  program: Command,
  writeOut: (text: string) => void,
  found: (invocation: Invocation) => void,
): void {
  const command = (name: string, description: string, usage: string): Command =>
    program
      .command(name)
      .description(description)
      .usage(usage)
      .helpOption("-h, --help", "print this help")
      .configureOutput({ writeOut, writeErr: () => undefined })
      .exitOverride();
  command("export", "write the room's signed history to a file", "[--room R] [options] [FILE]")
    .argument("[file]", "left out, or -: standard output")
    .option("--force", "replace a file of that name")
    .addHelpText("after", ROOM_HELP)
    .action((file: string | undefined, options: { force?: true }) =>
      found({ type: "export", file: named(file), force: options.force === true, ...read(program) }),
    );
  command("import", "take such a file into the room: each message is checked", "[--room R] [FILE]")
    .argument("[file]", "left out, or -: standard input")
    .addHelpText("after", `${ROOM_HELP}\nWithout --room, a file of an open room goes into that room.`)
    .action((file: string | undefined) => found({ type: "import", file: named(file), ...read(program) }));
  command("verify", "check such a file: who said what, and whether anything is missing", "[--json] FILE")
    .argument("<file>", "-: standard input")
    .addHelpText("after", "\nIt needs no key and no network. With --json: one JSON object per line.")
    .action((file: string) => found({ type: "verify", file: named(file), json: program.opts().json === true }));
}

const ROOM_HELP = "\n--room NAME|INVITE, --data-dir, --profile and --config mean what they mean for the chat.";

function named(file: string | undefined): string | undefined {
  return file === "-" ? undefined : file;
}

function mainOptions(): Option[] {
  return [
    new Option("--nick <name>", "your nickname"),
    new Option("--join <address|invite>", "contact a peer, or enter an invite's room (repeatable; -, @FILE)").argParser(
      collect,
    ),
    new Option("--room <name|invite>", "a room to be in (repeatable; -, @FILE)").argParser(collect),
    new Option("--port <port>", "UDP port"),
    new Option("--plain", "line mode: plain lines of text, also on a terminal"),
    new Option("--json", "JSON mode: one JSON object per line, for programs"),
    new Option("--data-dir <dir>", "where identity, nickname and history are kept"),
    new Option("--profile <name>", "another identity of yours, kept beside the first"),
    new Option("--ephemeral", "a fresh identity, nothing on disk"),
    new Option("--config <file>", "settings file to read"),
    new Option("--debug", "structured debug log on stderr"),
    new Option("--no-input", "do not read standard input; run until interrupted"),
  ];
}

/** The settings that have no option of their own above; `--help` lists them in its own section. */
function settingOptions(): Option[] {
  const own = new Set(mainOptions().map((option) => option.long));
  return settingNames
    .filter((name) => !own.has(flagName(name)))
    .map((name) => new Option(`${flagName(name)} <value>`, settingSpec(name).what).hideHelp());
}

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

function read(program: Command): { flags: Flags; switches: Switches } {
  const given: Record<string, unknown> = program.opts();
  const flags = settingNames.flatMap((name) => {
    const value = given[camelCase(name)];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    flags: Object.fromEntries(flags) as Flags,
    switches: {
      plain: given.plain === true,
      json: given.json === true,
      ephemeral: given.ephemeral === true,
      input: given.input !== false,
      profile: given.profile as string | undefined,
      config: given.config as string | undefined,
    },
  };
}

const jsonOfSim = new Option("--json", "end with one line for programs: an object with all figures");

function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function camelCase(name: SettingName): string {
  return name.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
