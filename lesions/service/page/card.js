/** The card of an image: its picture, the map over it, and the answer. */

import { copyTemplate, showAnswer, showWaiting } from "./answer.js";
import { nameClass } from "./words.js";

const MAP_COLOUR = [255, 220, 0];
const SEEN = "What the model sees of the image, in its resolution.";

let count = 0;

export class Card {
  /** Build the card of an image, with buttons that call `onRemove` and `onExplain`. */
  constructor({ file, name }, { onRemove, onExplain }) {
    this.file = file;
    this.name = name;
    this.element = copyTemplate("card-template").firstElementChild;
    this.find = (selector) => this.element.querySelector(selector);
    this.place = this.find(".answer");
    this.heading = this.find("h3");
    this.heading.textContent = name;
    this.heading.id = `image-${++count}`;
    this.element.setAttribute("aria-labelledby", this.heading.id);
    this.find(".remove").setAttribute("aria-label", `Remove ${name}`);
    this.find(".remove").addEventListener("click", onRemove);
    this.find(".explain").addEventListener("click", onExplain);
    this.find(".opacity input").addEventListener("input", () => this.#setOpacity());
    this.address = URL.createObjectURL(file);
    this.restart();
  }

  /** Show the image as it was chosen, and that its answer is awaited. */
  restart() {
    showWaiting(this.place, "Waiting…");
    for (const selector of ["canvas", ".explain", ".opacity"]) this.find(selector).hidden = true;
    const image = this.find("img");
    image.src = this.address;
    this.find(".stack").hidden = false;
    image.alt = `Preview of ${this.name}`;
    this.find("figcaption").textContent = "";
    this.hasPreview = image.decode().then(
      () => true,
      () => false,
    );
    this.hasPreview.then((isShown) => {
      if (!isShown && image.src === this.address) this.#hidePicture();
    });
  }

  #hidePicture() {
    this.find(".stack").hidden = true;
    this.find("figcaption").textContent = "This browser cannot show the file.";
  }

  /** Show the answer, and return it in a few words. */
  showAnswer(answer, model) {
    this.diagnosis = nameClass(answer.diagnosis, model);
    const button = this.find(".explain");
    button.textContent = `Show what speaks for ${this.diagnosis}`;
    button.hidden = !model.has_maps;
    return showAnswer(this.place, answer, model);
  }

  /** Show the pixels that the network saw. */
  showSeen({ image }) {
    this.find("img").src = `data:image/png;base64,${image}`;
    this.find(".stack").hidden = false;
    this.find("figcaption").textContent = SEEN;
  }

  /** Show which places speak for the diagnosis, over the pixels that the network saw. */
  showMap(explained) {
    this.showSeen(explained);
    this.find(".explain").hidden = true;
    if (!explained.map) {
      this.find("figcaption").textContent = `${SEEN} The model gives no map for it.`;
      this.heading.focus();
      return;
    }
    this.#drawMap(explained.map);
    this.find("figcaption").textContent =
      `${SEEN} What is yellow speaks for ${this.diagnosis}. This is no outline of the lesion.`;
  }

  /** Show why there is no map; the button stays. */
  showNoMap(error) {
    this.find("figcaption").textContent = `No map: ${error.message}`;
  }

  #drawMap({ width, height, values }) {
    const canvas = this.find("canvas");
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(width, height);
    values.forEach((value, place) => pixels.data.set([...MAP_COLOUR, Math.round(255 * value)], 4 * place));
    context.putImageData(pixels, 0, 0);
    canvas.hidden = false;
    this.find(".opacity").hidden = false;
    this.#setOpacity();
    this.find(".opacity input").focus();
  }

  #setOpacity() {
    const slider = this.find(".opacity input");
    this.find("canvas").style.opacity = slider.value / 100;
    slider.setAttribute("aria-valuetext", `${slider.value} %`);
  }

  /** Take the card from the page, and let the browser forget its image. */
  remove() {
    URL.revokeObjectURL(this.address);
    this.element.remove();
  }
}
