// Copies the sentence for the file. Without a clipboard, people select it themselves.
"use strict";
(() => {
  const button = document.getElementById("copy-note");
  if (!button || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById("file-note").textContent);
    button.textContent = button.dataset.copied;
  });
})();
