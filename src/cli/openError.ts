/** Says in one line why the node could not be opened, and whether a setting is to blame. */

import { sanitizeLine } from "../chat/model/sanitize.ts";
import { systemReason } from "../chat/model/systemReason.ts";
import { TransportError } from "../net/transport.ts";
import { IdentityError } from "../store/identity.ts";
import { ExposedError } from "../store/ownership.ts";
import { DatabaseError } from "../store/store.ts";
import { misfit, type Resolved } from "./resolve.ts";

/** A SettingsError if a value that was given does not fit this machine; otherwise an Error with a sentence, or `error`. */
export function explainOpening(error: unknown, { settings, origins }: Resolved): unknown {
  if (error instanceof IdentityError) {
    if (error.code === "identity-damaged") {
      return new Error(
        `the identity file ${error.path} is damaged: restore it, or move it away to begin with a new one`,
      );
    }
    if (error.code === "identity-in-use") return new Error(`too many programs use the data directory ${error.path}`);
    const exposure = error.cause instanceof ExposedError ? error.cause : undefined;
    if (exposure !== undefined) {
      const { found, wayOut } = exposureText(exposure);
      if (!origins.has("DATA_DIR")) return new Error(`${found}: ${wayOut}; ${ELSEWHERE}`);
      const wanted = `a directory that nobody else can change (${found}: ${wayOut})`;
      return misfit("DATA_DIR", settings.DATA_DIR, origins.get("DATA_DIR"), wanted);
    }
    if (origins.has("DATA_DIR")) {
      const wanted = `a directory that can be written (${systemReason(error)}: ${error.path})`;
      return misfit("DATA_DIR", settings.DATA_DIR, origins.get("DATA_DIR"), wanted);
    }
    return new Error(`cannot use ${error.path}: ${systemReason(error)}; ${ELSEWHERE}`);
  }
  if (error instanceof DatabaseError) {
    const path = sanitizeLine(error.path);
    return new Error(
      error.code === "history-in-use"
        ? `another program uses the stored messages in ${path}: end it; ${ELSEWHERE}`
        : `a newer smplchat has stored the messages in ${path}: update this one to use them; ${ELSEWHERE}`,
    );
  }
  if (error instanceof TransportError) {
    if (error.code === "ports-taken") {
      return new Error(`UDP ports ${error.port} to ${error.portMax} are all taken: --port chooses another`);
    }
    if (origins.has("PORT") && isCausedBy(error, "EACCES")) {
      return misfit("PORT", settings.PORT, origins.get("PORT"), "a port that this user may listen on, 1024 or more");
    }
    return new Error(`cannot listen on UDP port ${error.port}: ${systemReason(error)}`);
  }
  return error;
}

// --- internal ---

const ELSEWHERE = "--data-dir names another directory, --ephemeral needs none";

/** What is wrong, and what to do. */
function exposureText({ code, path, owner, mode }: ExposedError): { found: string; wayOut: string } {
  const shown = sanitizeLine(path);
  switch (code) {
    case "others-may-write":
      return {
        found: `others may write to ${shown} (mode ${mode.toString(8).padStart(4, "0")})`,
        wayOut: "chmod go-w closes it",
      };
    case "foreign-owner":
      return { found: `${shown} belongs to another user, number ${owner}`, wayOut: "chown makes it yours" };
    case "not-a-file":
      return { found: `${shown} is no regular file`, wayOut: "move it away" };
  }
}

function isCausedBy({ cause }: Error, code: string): boolean {
  return cause instanceof Error && (cause as NodeJS.ErrnoException).code === code;
}
