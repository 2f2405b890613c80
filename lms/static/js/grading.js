// The page on which a person gives points: criteria add up, keys, and a warning before typed words are lost.
"use strict";
(() => {
  const form = document.getElementById("grading-form");
  if (!form) return;
  let isDirty = false;
  const isTyping = (element) => element.closest("textarea, select, input:not([type=checkbox])") !== null;
  const press = (id) => { const found = document.getElementById(id); if (found) found.click(); };
  const focusFirst = (prefix) => { const found = form.querySelector(`[id^="${prefix}-"]`); if (found) found.focus(); };

  form.addEventListener("input", () => { isDirty = true; });
  form.addEventListener("submit", () => { isDirty = false; });
  window.addEventListener("beforeunload", (event) => { if (isDirty) event.preventDefault(); });

  form.addEventListener("change", (event) => {
    const rubric = event.target.closest("fieldset[data-points]");
    if (!rubric || event.target.type !== "checkbox") return;
    const met = [...rubric.querySelectorAll("input:checked")].map((one) => Number(one.dataset.worth));
    document.getElementById(rubric.dataset.points).value = String(Number(met.reduce((a, b) => a + b, 0).toFixed(6)));
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      press("save-next");
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    // The key's place on the keyboard: the same on a Thai layout.
    const digit = /^Digit([1-9])$/.exec(event.code);
    if (digit) {
      const box = form.querySelectorAll("fieldset[data-points] input")[Number(digit[1]) - 1];
      if (box) box.click();
    } else if (event.code === "KeyP") { event.preventDefault(); focusFirst("points"); }
    else if (event.code === "KeyC") { event.preventDefault(); focusFirst("comment"); }
    else if (event.code === "KeyJ") press("go-next");
    else if (event.code === "KeyK") press("go-previous");
  });
})();
