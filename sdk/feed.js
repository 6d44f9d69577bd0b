// What others' mutations made stale, as a device hears it: the stream at /{device}/{schema}/invalidated.sse, over fetch, in browsers and Node.

const LEAST = 500; // ms until the first try again, if the edge does not say
const MOST = 30_000; // ms between tries at most
const SILENCE = 45_000; // ms without a byte after which a connection is taken for dead: the edge says something every 15 s

/** Listens until it is closed. */
export function listen(url, { onInvalidated, onLost, onRefused, headers, credentials, fetch: send = globalThis.fetch, silence = SILENCE } = {}) {
  const ended = new AbortController();
  let wait = LEAST;
  let heard = false; // ready was heard before: what happened since is not known
  let ready;
  const first = new Promise((resolve) => (ready = resolve));

  // What a callback throws is its author's, and ends no connection.
  const call = (callback, value) => {
    try {
      callback?.(value);
    } catch (e) {
      (globalThis.reportError ?? console.error)(e);
    }
  };
  const tell = (event, data) => {
    if (ended.signal.aborted) return;
    if (event === "ready") {
      if (heard) call(onLost);
      heard = true;
      ready(true);
    } else if (event === "lost") call(onLost);
    else if (event === "invalidated") call((text) => onInvalidated?.(JSON.parse(text)), data);
  };

  // one is a connection, until it breaks. It says whether another try makes sense.
  async function one() {
    const cut = new AbortController();
    const end = () => cut.abort();
    ended.signal.addEventListener("abort", end);
    let timer;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(end, silence);
    };
    alive();
    try {
      const response = await send(url, { headers: { accept: "text/event-stream", ...headers }, credentials, cache: "no-store", signal: cut.signal });
      if (!response.ok || !response.body) {
        end(); // its body is not read
        if (response.status >= 500 || response.status === 408 || response.status === 429) {
          wait = Math.max(wait, 1000 * (Number(response.headers.get("retry-after")) || 0));
          return true;
        }
        call(onRefused, response.status);
        return false;
      }
      const lines = reader(tell, (ms) => (wait = ms));
      const text = new TextDecoder();
      const body = response.body.getReader();
      for (;;) {
        const { done, value } = await body.read();
        if (done) return true;
        alive();
        lines(text.decode(value, { stream: true }));
      }
    } catch {
      return true; // the network's, or ours by end
    } finally {
      clearTimeout(timer);
      end();
      ended.signal.removeEventListener("abort", end);
    }
  }

  (async () => {
    for (let failures = 0; !ended.signal.aborted; ) {
      const before = heard;
      const began = Date.now();
      if (!(await one())) break;
      failures = heard && (!before || Date.now() - began > MOST) ? 0 : failures + 1;
      const pause = Math.min(MOST, wait * 2 ** Math.min(failures, 6)) * (0.5 + Math.random() / 2); // not all devices at once
      await new Promise((resolve) => {
        const t = setTimeout(resolve, pause);
        ended.signal.addEventListener("abort", () => { clearTimeout(t); resolve(); }, { once: true });
      });
    }
    ready(false);
  })();

  return { ready: first, close: () => ended.abort() };
}

// reader takes text as it comes and tells whole events.
function reader(tell, retry) {
  let rest = "";
  let event = "";
  let data = [];
  return (text) => {
    rest += text;
    for (let end; (end = rest.indexOf("\n")) >= 0; rest = rest.slice(end + 1)) {
      const line = rest.slice(0, end).replace(/\r$/, "");
      if (line === "") {
        if (event) tell(event, data.join("\n"));
        event = "";
        data = [];
        continue;
      }
      const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
      if (field === "event") event = value;
      else if (field === "data") data.push(value);
      else if (field === "retry" && /^\d+$/.test(value)) retry(Math.min(MOST, Number(value)));
    }
  };
}
