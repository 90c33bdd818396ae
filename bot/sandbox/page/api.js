// The way to the server: one WebSocket for what is to be seen, one POST for each thing that somebody does.

const FIRST_WAIT = 300;
const LONGEST_WAIT = 5000;

/** Looks where it is told to, and calls `show(snapshot)` at every change; `tell(isConnected)` when that changes. */
export class Live {
  constructor(show, tell) {
    this.show = show;
    this.tell = tell;
    this.look = null;
    this.wait = FIRST_WAIT;
    this.connect();
  }

  connect() {
    this.socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/_page/live`);
    this.socket.addEventListener("open", () => {
      this.wait = FIRST_WAIT;
      this.tell(true);
      if (this.look) this.send();
    });
    this.socket.addEventListener("message", (event) => this.show(JSON.parse(event.data)));
    this.socket.addEventListener("close", () => {
      this.tell(false);
      setTimeout(() => this.connect(), this.wait);
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    });
  }

  watch(look) {
    this.look = look;
    if (this.socket.readyState === WebSocket.OPEN) this.send();
  }

  send() {
    this.socket.send(JSON.stringify(this.look));
  }
}

/** Do something as a person. Gives {ok, error, errors, ts, said}; what cannot be done at all has `refused`. */
export async function act(name, args) {
  try {
    const answer = await fetch(`/_page/do/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(args),
    });
    const body = await answer.json();
    if (!body.ok) return { ok: false, refused: true, error: body.error };
    return typeof body.result === "object" && body.result ? body.result : { ok: true, value: body.result };
  } catch {
    return { ok: false, refused: true, error: "The local workspace cannot be reached." };
  }
}

const SENTENCES = {
  operation_timeout: "did not answer in time",
  dispatch_failed: "is not connected",
  http_client_error: "refused it",
  http_service_error: "failed",
};

/** What went wrong, for people. */
export function sentence(result, app) {
  if (result.refused) return result.error;
  return `${app} ${SENTENCES[result.error] ?? "could not do that"} (${result.error}).`;
}
