// Asks the server, one request at a time: while one is under way only the newest picture waits.

export class Refusal extends Error {}

export class Reader {
  constructor(show) {
    this.show = show; // called with {image, answer}, {trouble} or null for nothing
    this.wanted = null;
    this.busy = false;
    this.drawing = 0;
  }

  // ``take`` returns the picture's blob when its turn comes.
  read(take) {
    this.wanted = take;
    if (!this.busy) this.work();
  }

  forget() {
    this.drawing += 1; // what is under way belongs to a drawing that is gone
    this.wanted = null;
    this.show(null);
  }

  async work() {
    this.busy = true;
    while (this.wanted) {
      const [take, drawing] = [this.wanted, this.drawing];
      this.wanted = null;
      const said = await this.ask(take).catch((error) => ({ trouble: explain(error) }));
      if (drawing === this.drawing) this.show(said);
    }
    this.busy = false;
  }

  async ask(take) {
    const picture = await take();
    const { image } = await post("digit", picture.type || "application/octet-stream", picture);
    const answer = await post("predict", "application/json", JSON.stringify({ image }));
    return { image, answer };
  }
}

export async function get(path) {
  return answered(await fetch(path, { cache: "no-store" }));
}

async function post(path, type, body) {
  const headers = { "Content-Type": type };
  return answered(await fetch(path, { method: "POST", headers, body }));
}

async function answered(response) {
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Refusal(problem.detail || `The server answered ${response.status}.`);
}

function explain(error) {
  if (error instanceof Refusal) return error.message;
  return "The server can't be reached. Is it running? It is asked again when you draw on.";
}
