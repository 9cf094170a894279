/** Asks about an image, its map and a lesion, and shows what comes. */

import { showAnswer, showError, showWaiting } from "./answer.js";
import { askForToken, served } from "./model.js";
import { explain, predict, Refusal, TokenNeeded } from "./server.js";
import { REFUSED, spellBytes } from "./words.js";

/** Say what goes on to those who see it and to those who hear it. */
export function announce(text) {
  document.getElementById("status").textContent = text;
}

/** Ask about an image, and show the answer on its card. */
export function askImage(image, onRetry) {
  const { card, file } = image;
  showWaiting(card.place, "The model looks at it…");
  return settle(image, { place: card.place, onRetry }, async (options) => {
    checkSize([file], served.model.limits);
    await checkReadable(file);
    const { answers } = await predict([file], options);
    if (answers[0].status === REFUSED) throw new Refusal(answers[0].reason);
    const said = card.showAnswer(answers[0], served.model);
    if (!(await card.hasPreview)) card.showSeen(await explain(file, options));
    return said;
  });
}

/** Ask about all images of one lesion together, of which those count that have answers of their own. */
export function askLesion(lesion, images, onRetry) {
  const place = document.getElementById("lesion-answer");
  showWaiting(place, "The model looks at them…");
  lesion.abort = new AbortController();
  return settle(lesion, { place, onRetry }, async (options) => {
    const answered = images.filter((image) => image.state === "answered").map((image) => image.file);
    if (!answered.length) throw new Refusal("None of the images has an answer.");
    checkSize(answered, served.model.limits);
    const { lesion: answer } = await predict(answered, { ...options, isOneLesion: true });
    const num_refused = answer.num_refused + images.length - answered.length;
    return showAnswer(place, { ...answer, num_refused, num_images: images.length }, served.model);
  });
}

/** Ask which places of an image speak for its diagnosis, and show them. */
export async function askMap({ card, file, abort: { signal } }) {
  try {
    card.showMap(await explain(file, { model: served.name, signal }));
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof TokenNeeded) askForToken(error);
    card.showNoMap(error);
  }
}

/** Ask; `subject` keeps how it ended (answered, refused, failed, or waiting for a token) and what was said. */
async function settle(subject, { place, onRetry }, question) {
  const { signal } = subject.abort;
  const onWait = (seconds) => announce(`The server is busy. It is asked again in ${seconds} s.`);
  subject.state = "asked";
  try {
    const said = await question({ model: served.name, signal, onWait });
    if (!signal.aborted) Object.assign(subject, { said, state: "answered" });
  } catch (error) {
    if (signal.aborted) return;
    subject.state = nameState(error);
    if (error instanceof TokenNeeded) throw error;
    subject.said = showError(place, error, onRetry);
  }
}

function nameState(error) {
  if (error instanceof TokenNeeded) return "waiting";
  return error instanceof Refusal ? "refused" : "failed";
}

/** Refuse what the server would, before it is sent. */
function checkSize(files, { max_bytes: maxBytes, max_files: maxFiles }) {
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  if (bytes > maxBytes) {
    const subject = files.length > 1 ? "Together they have" : "It has";
    throw new Refusal(`${subject} ${spellBytes(bytes)}, and this server takes ${spellBytes(maxBytes)} at most.`);
  }
  if (files.length > maxFiles) {
    throw new Refusal(`There are ${files.length} images, and this server takes ${maxFiles} at most.`);
  }
}

async function checkReadable(file) {
  try {
    const reader = file.stream().getReader();
    await reader.read();
    await reader.cancel();
  } catch {
    throw new Refusal("It cannot be read here. It may be a folder, or it was moved or changed.");
  }
}
