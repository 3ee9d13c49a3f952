/** Server-sent events out of bytes (the HTML standard, 9.2.6), for streams that `EventSource` cannot open: it sends no headers. */

/** @typedef {{id: string, event: string, data: string}} ServerEvent */

/**
 * Every event of a stream, and null for each comment: a sign of life.
 * @param {ReadableStream<Uint8Array>} stream
 * @returns {AsyncGenerator<ServerEvent | null>}
 */
export async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let fields = {};
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        if (line === "") {
          if (fields.data !== undefined) yield { id: "", event: "message", ...fields };
          fields = {};
        } else if (line.startsWith(":")) {
          yield null;
        } else {
          take(fields, line);
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function take(fields, line) {
  const at = line.indexOf(":");
  const name = at < 0 ? line : line.slice(0, at);
  const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
  fields[name] = name === "data" && fields.data !== undefined ? `${fields.data}\n${value}` : value;
}
