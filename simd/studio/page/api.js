// Requests to the server: steps go out one after the other, and again until they are answered.

const PAUSE = 700; // milliseconds until a request that got no answer is sent again

export class Refused extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

export class Api {
  /** `say` gets "saving", "saved" or "away" whenever that changes. */
  constructor(say) {
    this.say = say;
    this.last = Promise.resolve();
    this.waiting = 0;
  }

  async json(path) {
    return (await answered(await fetch(path))).json();
  }

  async bytes(path) {
    return new Uint8Array(await (await answered(await fetch(path))).arrayBuffer());
  }

  async picture(path) {
    return createImageBitmap(await (await answered(await fetch(path))).blob());
  }

  /**
   * Send a step after those before it; `describe` is asked for its path, body and kind when its turn comes, and
   * `read` makes of the answer what is returned.
   */
  step(describe, read = (answer) => answer.json()) {
    this.waiting++;
    this.say("saving");
    const done = this.last.then(() => this.deliver(describe(), read));
    this.last = done.catch(() => {}).then(() => {
      if (--this.waiting === 0) this.say("saved");
    });
    return done;
  }

  /** Wait until all steps are answered. */
  idle() {
    return this.last;
  }

  async deliver({ path, body, kind }, read) {
    for (;;) {
      try {
        const answer = await fetch(path, { method: "POST", headers: { "Content-Type": kind }, body });
        return await read(await answered(answer));
      } catch (error) {
        if (error instanceof Refused) throw error;
        this.say("away");
        await new Promise((go) => setTimeout(go, PAUSE));
      }
    }
  }
}

async function answered(answer) {
  if (answer.ok) return answer;
  const text = await answer.text();
  let reason = text;
  try {
    reason = JSON.parse(text).error ?? text;
  } catch { /* plain text says it, too */ }
  throw new Refused(answer.status, reason);
}
