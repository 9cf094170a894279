/** The page: which images there are, and in what order they are asked about. */

import { showWaiting } from "./answer.js";
import { announce, askImage, askLesion, askMap } from "./asking.js";
import { Card } from "./card.js";
import { listenForFiles } from "./choosing.js";
import { askForToken, served, startModel } from "./model.js";
import { TokenNeeded, useToken } from "./server.js";

const find = (id) => document.getElementById(id);
const lesion = { isWanted: false, state: "waiting", said: "" };

/** In the order in which they came; `state` is waiting, asked, answered, refused or failed. */
let images = [];
let isWorking = false;

function addFiles(files) {
  for (const file of files) {
    const image = { file, name: nameFile(file), state: "waiting", said: "", abort: new AbortController() };
    image.card = new Card(image, { onRemove: () => remove(image), onExplain: () => askMap(image) });
    images.push(image);
    find("cards").append(image.card.element);
  }
  follow();
}

function nameFile({ name }) {
  const count = images.filter((image) => image.file.name === name).length;
  return count ? `${name} (${count + 1})` : name;
}

function remove(image) {
  const place = images.indexOf(image);
  forget([image]);
  const next = images[place] ?? images.at(-1);
  (next?.card.heading ?? find("files")).focus();
}

function forget(some) {
  for (const image of some) {
    image.abort.abort();
    image.card.remove();
  }
  images = images.filter((image) => !some.includes(image));
  follow();
}

/** Follow a change of the images or of the model: ask what has no answer, and about the lesion anew. */
function follow() {
  lesion.abort?.abort();
  lesion.state = "waiting";
  lesion.isWanted = find("one-lesion").checked && images.length > 1;
  showWaiting(find("lesion-answer"), "Waiting for the images…");
  find("lesion").hidden = !lesion.isWanted;
  find("answers").hidden = !images.length;
  announce("");
  work();
}

/** Ask about every image anew, or about those alone that failed. */
function askAgain(some) {
  for (const image of some) {
    image.abort.abort();
    image.abort = new AbortController();
    image.state = "waiting";
    image.card.restart();
  }
  follow();
}

function retry() {
  const failed = images.filter((image) => image.state === "failed");
  (failed[0]?.card.heading ?? find("lesion-heading")).focus();
  askAgain(failed);
}

/** Ask about one thing after the other, until nothing waits. */
async function work() {
  if (isWorking || !served.model) return;
  setWorking(true);
  try {
    while (await askNext());
    announce(summarise());
  } catch (error) {
    if (!(error instanceof TokenNeeded)) throw error;
    askForToken(error);
  } finally {
    setWorking(false);
  }
}

function setWorking(value) {
  isWorking = value;
  find("answers").setAttribute("aria-busy", value);
}

async function askNext() {
  const place = images.findIndex((image) => image.state === "waiting");
  if (place >= 0) {
    announce(`The model looks at image ${place + 1} of ${images.length}.`);
    await askImage(images[place], retry);
    return true;
  }
  if (!lesion.isWanted || lesion.state !== "waiting") return false;
  await askLesion(lesion, images, retry);
  return true;
}

function summarise() {
  if (images.length < 2) return images.map((image) => `${image.name}: ${image.said}`).join("");
  const words = { answered: "with an answer", refused: "refused", failed: "without an answer" };
  const counts = Object.entries(words).map(([state, said]) => [images.filter((one) => one.state === state).length, said]);
  const parts = counts.filter(([count]) => count).map(([count, said]) => `${count} ${said}`);
  return `${images.length} images: ${parts.join(", ")}.${lesion.isWanted ? ` The lesion: ${lesion.said}` : ""}`;
}

listenForFiles([find("files"), find("camera")], {
  onFiles: addFiles,
  onNone: () => announce("There is no image file in what was dropped or pasted."),
});
find("one-lesion").addEventListener("change", follow);
find("remove-all").addEventListener("click", () => {
  forget(images);
  find("files").focus();
});
// A page that is left may be kept by the browser, to be shown again.
window.addEventListener("pagehide", () => {
  useToken(null);
  forget(images);
});
startModel(() => askAgain(images));
