// Sends pictures to the server, one request at a time: meanwhile only the newest picture is kept.

import { translate } from "./texts.js";

const TOKEN = "api-token"; // kept by the browser until its tab is closed
const UNUSABLE = /[^!-~]/; // in a token: fetch fails with it as if the server were away

export class ResponseError extends Error {
  constructor(message, status, steps) {
    super(message);
    this.status = status;
    this.steps = steps; // of reading the picture, if there are any
  }
}

export class PredictionClient {
  constructor(show, showBusy) {
    this.show = show; // called with {image, prediction, score}, {predictions} or {message}, and steps; null without a drawing
    this.showBusy = showBusy; // called with whether a request is under way
    this.pending = null;
    this.busy = false;
    this.drawing = 0;
  }

  // ``getBlob`` is called when its request is sent; it returns the picture as a blob.
  predict(getBlob) {
    this.pending = getBlob;
    if (!this.busy) this.sendPending();
  }

  clear() {
    this.drawing += 1; // the response to a cleared drawing is discarded
    this.pending = null;
    this.show(null);
  }

  async sendPending() {
    this.setBusy(true);
    try {
      while (this.pending) {
        const [getBlob, drawing] = [this.pending, this.drawing];
        this.pending = null;
        const result = await this.send(getBlob).catch((error) => ({
          message: describe(error),
          refused: error.status === 422,
          needsToken: error.status === 401,
          steps: error.steps,
        }));
        if (drawing === this.drawing) this.show(result);
      }
    } finally {
      this.setBusy(false);
    }
  }

  setBusy(busy) {
    this.busy = busy;
    this.showBusy(busy);
  }

  async send(getBlob) {
    const picture = await getBlob();
    const type = picture.type || "application/octet-stream";
    let read;
    try {
      read = await post("digit?steps=true", type, picture);
    } catch (error) {
      if (!error.message.includes("?all=true")) throw error; // another error than several digits
      return { ...(await post("predict?all=true", type, picture)), steps: error.steps };
    }
    const { image, score, steps } = read;
    const prediction = await post("predict", "application/json", JSON.stringify({ image }));
    return { image, prediction, score, steps };
  }
}

export function setToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

export function hasToken() {
  return getToken() !== null;
}

function getToken() {
  const token = sessionStorage.getItem(TOKEN);
  return token && !UNUSABLE.test(token) ? token : null;
}

export async function get(path) {
  return request(path, { cache: "no-store" });
}

async function post(path, type, body) {
  return request(path, { method: "POST", headers: { "Content-Type": type }, body });
}

// A request that is refused because of its token is sent again if another was set meanwhile.
async function request(path, options) {
  const token = getToken();
  const authorization = token === null ? {} : { Authorization: `Bearer ${token}` };
  try {
    const headers = { ...options.headers, ...authorization };
    return await decode(await fetch(path, { ...options, headers }));
  } catch (error) {
    if (error.status !== 401 || token === getToken()) throw error;
    return request(path, options);
  }
}

async function decode(response) {
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  const { status } = response;
  throw new ResponseError(
    problem.detail || translate("The server responded with status {status}.", { status }),
    status,
    problem.steps,
  );
}

function describe(error) {
  if (error instanceof ResponseError) return error.message;
  return translate("The server can't be reached. Is it running? Draw again to retry.");
}
