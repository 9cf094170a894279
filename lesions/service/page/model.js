/** Which model answers, its card, and the token that the server may ask for. */

import { buildMarkdown } from "./markdown.js";
import { getModel, hasToken, TokenNeeded, useToken } from "./server.js";

const find = (id) => document.getElementById(id);

/** The model that answers: the name by which it was chosen (null: the first), and what it says of itself. */
export const served = { name: null, model: null };

/** Load and show the model, and call `onLoad` once it is there; the controls load it again. */
export function startModel(onLoad) {
  const load = () => loadModel().then((isLoaded) => isLoaded && onLoad());
  find("problem-retry").addEventListener("click", load);
  find("model-select").addEventListener("change", (event) => {
    served.name = event.target.value;
    load();
  });
  find("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    useToken(find("token").value.trim());
    find("token-form").reset();
    find("token-form").hidden = true;
    find("files").focus();
    load();
  });
  find("open-card").addEventListener("click", () => {
    find("card-dialog").showModal();
    find("card-heading").focus();
  });
  find("close-card").addEventListener("click", () => find("card-dialog").close());
  load();
}

async function loadModel() {
  find("problem").hidden = true;
  find("status").textContent = "Asking the server for its model…";
  try {
    served.model = await getModel(served.name);
    showModel(served.model);
    return true;
  } catch (error) {
    if (error instanceof TokenNeeded) askForToken(error);
    else showProblem(error);
    return false;
  } finally {
    find("status").textContent = "";
  }
}

function showProblem(error) {
  find("problem").hidden = false;
  find("problem-reason").textContent = error.message;
}

/** Ask for the token, and say what is wrong with the one that was given. */
export function askForToken(error) {
  find("token-form").hidden = false;
  find("token-reason").textContent = hasToken() ? error.message : "";
  find("token").focus();
}

function showModel(model) {
  find("model-id").textContent = model.id;
  find("model-choice").hidden = model.models.length < 2;
  const isChosen = (name) => name === served.name;
  find("model-select").replaceChildren(...model.models.map((name) => new Option(name, name, false, isChosen(name))));
  find("card-text").replaceChildren(...buildMarkdown(model.card));
  find("model").hidden = false;
}
