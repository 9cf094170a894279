/** Shows an answer: what is called, malignancy, prediction set and probabilities. */

import { Refusal } from "./server.js";
import {
  capitalise,
  describeCall,
  describeMalignancy,
  describeNotes,
  describePoint,
  describeSet,
  describeUnlike,
  nameClass,
  spellShare,
} from "./words.js";

/** Return a copy of what is in a template. */
export function copyTemplate(id) {
  return document.importNode(document.getElementById(id).content, true);
}

function buildAnswer(answer, model) {
  const part = copyTemplate("answer-template");
  const find = (selector) => part.querySelector(selector);
  const unlike = describeUnlike(answer);
  if (unlike) {
    [find(".unlike strong").textContent, find(".unlike span").textContent] = unlike;
    find(".unlike").hidden = false;
  }
  find(".headline").textContent = describeCall(answer, model);
  find(".notes").append(...describeNotes(answer, model).map((note) => buildElement("li", note)));
  fillMalignancy(find(".malignancy"), answer, model);
  fillSet(find(".set"), answer, model);
  find("tbody").append(...buildRows(answer, model));
  return part;
}

/** Return an element with a text in it. */
export function buildElement(tag, text, className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}

/** Show in `place` that one must wait. */
export function showWaiting(place, text) {
  place.replaceChildren(buildElement("p", text, "waiting"));
}

/** Show an answer in `place`, and return it in a few words. */
export function showAnswer(place, answer, model) {
  place.replaceChildren(buildAnswer(answer, model));
  return [describeUnlike(answer)?.[0], describeCall(answer, model)].filter(Boolean).join(" ");
}

/** Show in `place` why there is no answer, and return it in a few words; `onRetry` is called if one may ask again. */
export function showError(place, error, onRetry) {
  const isRefused = error instanceof Refusal;
  const text = `${isRefused ? "Refused" : "No answer"}: ${error.message}`;
  const box = buildElement("div", "", "box warning");
  box.append(buildElement("p", text));
  if (!isRefused) {
    const button = buildElement("button", "Try again");
    button.type = "button";
    button.addEventListener("click", onRetry);
    box.append(button);
  }
  place.replaceChildren(box);
  return text;
}

function fillMalignancy(section, answer, model) {
  const verdict = describeMalignancy(answer, model);
  section.hidden = verdict === null;
  if (section.hidden) return;
  section.querySelector(".verdict").textContent = verdict;
  section.querySelector(".point").textContent = describePoint(model);
  setShare(section.querySelector(".bar"), answer.malignancy);
  section.classList.toggle("called", Boolean(answer.is_called_malignant));
  section.querySelector(".mark").style.setProperty("--at", model.manifest.thresholds.malignancy);
}

function fillSet(section, answer, model) {
  const set = describeSet(answer, model);
  section.hidden = set === null;
  if (set) [section.querySelector(".members").textContent, section.querySelector(".meaning").textContent] = set;
}

function* buildRows(answer, model) {
  const isMalignant = new Set(model.manifest.classes.filter((one) => one.is_malignant).map((one) => one.name));
  const sorted = Object.entries(answer.probabilities).sort(([, a], [, b]) => b - a);
  for (const [name, probability] of sorted) {
    const row = copyTemplate("row-template");
    row.querySelector("th span").textContent = capitalise(nameClass(name, model));
    if (isMalignant.has(name)) row.querySelector("small").textContent = "malignant";
    row.querySelector("tr").classList.toggle("malignant-class", isMalignant.has(name));
    row.querySelector(".number").textContent = spellShare(probability);
    setShare(row.querySelector(".bar"), probability);
    yield row;
  }
}

function setShare(bar, share) {
  bar.style.setProperty("--share", share);
}
