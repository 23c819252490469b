/** The folders in which this program keeps its files, on each system. */
import { homedir, userInfo } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

export type Host = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
};

export function thisHost(): Host {
  return { environment: process.env, platform: process.platform, home: homeDirectory() };
}

/** The settings file that is read without `--config`. */
export function configFile(host: Host): string {
  const base =
    host.platform === "win32"
      ? folder(host, "APPDATA", "AppData", "Roaming")
      : folder(host, "XDG_CONFIG_HOME", ".config");
  return join(base, "smplchat", "settings.toml");
}

/** `given`: the setting DATA_DIR; `profile` is a valid profile name, whose directory is below the one without a profile. */
export function dataDirectory(host: Host, given: string | undefined, profile: string | undefined): string {
  const base = given === undefined ? join(dataHome(host), "smplchat") : expandHome(host, given);
  return profile === undefined ? base : join(base, "profiles", profile);
}

/** `~/x` from a settings file or a container's environment, where no shell expanded it. */
export function expandHome(host: Host, path: string): string {
  if (path === "~") return host.home;
  return path.startsWith("~/") ? join(host.home, path.slice(2)) : resolve(path);
}

/** A name that is one folder and never another: letters, digits, `-`, `_` and `.`, not only dots. */
export function isProfileName(name: string): boolean {
  return /^[A-Za-z0-9._-]{1,64}$/.test(name) && !/^\.+$/.test(name);
}

// --- internal ---

/** An empty HOME counts as none: what would be kept there must not land wherever the program was started. */
function homeDirectory(): string {
  try {
    return [homedir(), userInfo().homedir].find(isAbsolute) ?? resolve("/");
  } catch {
    // No HOME and no entry in the password file.
    return resolve("/");
  }
}

function dataHome(host: Host): string {
  if (host.environment.XDG_DATA_HOME !== undefined) return folder(host, "XDG_DATA_HOME", ".local", "share");
  if (host.platform === "win32") return folder(host, "LOCALAPPDATA", "AppData", "Local");
  if (host.platform === "darwin") return join(host.home, "Library", "Application Support");
  return join(host.home, ".local", "share");
}

/** XDG: a path in these variables that is not absolute is to be ignored. */
function folder(host: Host, variable: string, ...under: string[]): string {
  const value = host.environment[variable];
  return value !== undefined && isAbsolute(value) ? value : join(host.home, ...under);
}
