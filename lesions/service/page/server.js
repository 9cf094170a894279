/** Asks the server that this page came from, and no other. */

const MOST_TRIES = 4;
const LONGEST_WAIT_SECONDS = 30;
const REFUSALS = {
  413: "It is larger than this server takes.",
  415: "This kind of file is not taken.",
  422: "It cannot be read.",
};

/** The server will not answer this, however often it is asked. */
export class Refusal extends Error {}

/** There is no answer now; there may be one later. */
export class Failure extends Error {}

/** The server wants a token, or another one. */
export class TokenNeeded extends Error {}

let token = null;

/** Send this token from now on. It is held in memory alone. */
export function useToken(value) {
  token = value;
}

export function hasToken() {
  return token !== null;
}

/** Return what a model says of itself; without a name, the first one. */
export function getModel(name) {
  return ask("model", name, {});
}

/** Return the answers for image files, and the one for their lesion if they are all of one. */
export function predict(files, { isOneLesion = false, ...options }) {
  const body = new FormData();
  for (const file of files) body.append("files", file);
  if (isOneLesion) body.append("lesion", "true");
  return ask("predict", options.model, { ...options, body });
}

/** Return the answer for an image file, its map and the pixels that the network saw. */
export function explain(file, options) {
  const body = new FormData();
  body.append("files", file);
  return ask("explain", options.model, { ...options, body });
}

async function ask(path, model, { body, signal, onWait }) {
  const address = model ? `${path}?${new URLSearchParams({ model })}` : path;
  for (let attempt = 1; ; attempt++) {
    const response = await reach(address, { body, signal });
    if (response.status !== 429 || attempt === MOST_TRIES) return read(response);
    const seconds = Math.min(Number(response.headers.get("Retry-After")) || 1, LONGEST_WAIT_SECONDS);
    onWait?.(seconds);
    await wait(seconds, signal);
  }
}

async function reach(address, { body, signal }) {
  const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
  try {
    return await fetch(address, { method: body ? "POST" : "GET", body, headers, signal, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure("The server cannot be reached. It may have stopped, or the connection is down.");
  }
}

async function read(response) {
  const content = await response.json().catch(() => null);
  if (response.ok && content) return content;
  const { status } = response;
  const reason = content?.reason ?? REFUSALS[status] ?? `The server answers with status ${status} and gives no reason.`;
  if (status === 401) throw new TokenNeeded(reason);
  throw status in REFUSALS ? new Refusal(reason) : new Failure(reason);
}

function wait(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
