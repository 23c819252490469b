/**
 * The one escape for lines that others read as they are: logs, JSON lines, complaints. Whatever a terminal obeys or hides
 * (controls, bidirectional and other format characters, invisible ones, line separators) is written as `\uXXXX`. Nothing
 * is lost, and a JSON line means what it meant.
 */

/** A line end stays: where a text is one line, the caller has seen to that. */
export function escapeUnsafe(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNSAFE, (unsafe) => {
    let escaped = "";
    for (let at = 0; at < unsafe.length; at += 1)
      escaped += `\\u${unsafe.charCodeAt(at).toString(16).padStart(4, "0")}`;
    return escaped;
  });
}

// --- internal ---

const PLAIN = /^[\n -~]*$/;

const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Surrogate}\p{Zl}\p{Zp}\ufff0-\ufffb]/gu;
