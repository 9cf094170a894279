/** Words for numbers and answers. Nothing here touches the page. */

export const UNLIKE = "not like the training images";
export const REFUSED = "refused";

/** Spell a probability in percent; what is not quite 0 or 1 never looks as if it were. */
export function spellShare(value, digits = 1) {
  const step = 10 ** -digits;
  if (value > 0 && 100 * value < step) return `<\u00a0${spellPercent(step, digits)}`;
  if (value < 1 && 100 * value > 100 - step) return `>\u00a0${spellPercent(100 - step, digits)}`;
  return spellPercent(100 * value, digits);
}

function spellPercent(percent, digits) {
  return `${percent.toFixed(digits)}\u00a0%`;
}

/** Spell a probability and the threshold that it is compared with, with as many digits as tell them apart. */
export function spellBeside(value, threshold) {
  for (let digits = 1; ; digits++) {
    const spelt = [value, threshold].map((each) => spellShare(each, digits));
    if (spelt[0] !== spelt[1] || value === threshold || digits === 8) return spelt;
  }
}

/** Spell a number of bytes in MB of 1,000,000. */
export function spellBytes(bytes) {
  return `${(bytes / 1e6).toLocaleString("en", { maximumSignificantDigits: 3 })}\u00a0MB`;
}

/** Join names as in "a, b or c". */
export function joinNames(names) {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

export function capitalise(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Return the name of a class that a person knows. */
export function nameClass(name, model) {
  return model.names?.[name] ?? name.replaceAll("_", " ");
}

/** Say what an image or a lesion is called, or that the model is not sure. */
export function describeCall(answer, model) {
  const name = nameClass(answer.diagnosis, model);
  return answer.abstains ? `Not sure. Perhaps ${name}.` : `Called ${name}.`;
}

/** Say what must be known beside the call. */
export function describeNotes(answer, model) {
  const probability = answer.probabilities[answer.diagnosis];
  const notes = [];
  if (answer.abstains) {
    notes.push(`The probability of ${nameClass(answer.diagnosis, model)}, ${spellShare(probability)}, is too low to say it.`);
  }
  const [likeliest, highest] = Object.entries(answer.probabilities).reduce((a, b) => (b[1] > a[1] ? b : a));
  if (highest > probability) {
    notes.push(
      `By its calibrated probabilities, ${nameClass(likeliest, model)} is more probable. The call follows the rule by ` +
        "which the model was tested.",
    );
  }
  if (answer.num_images !== undefined) notes.push(...describeCounts(answer));
  return notes;
}

function describeCounts({ num_images: all, num_refused: refused, num_unlike: unlike, status }) {
  const notes = [`The mean of ${all - refused} of ${all} images.`];
  if (refused) notes.push(`Without an answer, and not counted: ${refused}.`);
  if (unlike && status !== UNLIKE) {
    notes.push(`Not like the images it was trained on, but counted: ${unlike}.`);
  }
  return notes;
}

/** Say that an image, or all images of a lesion, are not like the training images; null if they are. */
export function describeUnlike(answer) {
  if (answer.status !== UNLIKE) return null;
  const subject = answer.num_images > 1 ? "None of these images looks" : "This does not look";
  return [
    `${subject} like the images it was trained on.`,
    `How good the answer is, is not known.${answer.reason ? ` ${capitalise(answer.reason)}.` : ""}`,
  ];
}

/** Say on which side of the operating point the malignancy is; null if the classes have no malignant side. */
export function describeMalignancy(answer, { manifest }) {
  if (answer.malignancy === null) return null;
  const [value, threshold] = spellBeside(answer.malignancy, manifest.thresholds.malignancy);
  return answer.is_called_malignant
    ? `Called malignant: ${value} reaches the operating point of ${threshold}.`
    : `Not called malignant: ${value} is below the operating point of ${threshold}.`;
}

/** Say what the operating point was worth on test images. */
export function describePoint({ manifest }) {
  const { malignancy_sensitivity: sensitivity, malignancy_specificity: specificity } = manifest.scores;
  if (sensitivity && specificity) {
    return (
      `On test images, this point had a sensitivity of ${spellScore(sensitivity)} and a specificity of ` +
      `${spellScore(specificity)}.`
    );
  }
  const why = manifest.num_test_images ? "" : ": the model's scores on test images are sealed";
  return `What sensitivity and specificity this point has on test images is not known${why}.`;
}

function spellScore({ value, low, high }) {
  const interval = low === null || high === null ? "" : ` (95 % interval ${spellShare(low)} to ${spellShare(high)})`;
  return `${spellShare(value)}${interval}`;
}

/** Say the prediction set in words, and what it means; null for a lesion, which has none. */
export function describeSet(answer, model) {
  const set = answer.prediction_set;
  if (!set) return null;
  const count = model.manifest.classes.length;
  const confidence = spellShare(model.manifest.thresholds.sets.confidence, 0);
  const meaning = `Of images like those of validation, ${confidence} have their diagnosis in such a set.`;
  if (!set.length) return ["None of the diagnoses is probable enough.", meaning];
  if (set.length === count) return [`Any of the ${count} diagnoses: nothing can be ruled out.`, meaning];
  return [`${capitalise(joinNames(set.map((name) => nameClass(name, model))))}.`, meaning];
}
