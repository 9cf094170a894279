/** Takes files from wherever a person gives them: chosen, photographed, dropped or pasted. */

/** Call `onFiles` with every list of files, and `onNone` if what is dropped or pasted holds no file. */
export function listenForFiles(inputs, { onFiles, onNone }) {
  const take = (files) => (files.length ? onFiles([...files]) : onNone());
  for (const input of inputs) {
    // It looks like a button, and Chromium opens it with the space bar alone.
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      input.click();
    });
    input.addEventListener("change", () => {
      take(input.files);
      input.value = ""; // so that the same file can be chosen again, and the browser keeps no name of it
    });
  }
  document.addEventListener("paste", (event) => {
    if (event.target.closest("input[type=text]")) return;
    take(event.clipboardData.files);
  });
  listenForDrops(take);
}

function listenForDrops(take) {
  const mark = (isOver) => document.body.classList.toggle("dropping", isOver);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) mark(false);
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    take(event.dataTransfer.files);
  });
}
