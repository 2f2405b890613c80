// Names what Wagtail's editors leave without one: for readers aloud, and for whoever steers by voice. A field in a list of
// blocks is called as its block is; lists that scroll can be reached by the keyboard.
(() => {
  const UNNAMED = ".public-DraftEditor-content, .w-panel input, .w-panel textarea, .w-panel select, #fileupload";

  const nameOf = (element) => {
    const panel = element.closest("section[aria-labelledby]");
    return panel && document.getElementById(panel.getAttribute("aria-labelledby")) ? panel.getAttribute("aria-labelledby") : "";
  };

  const name = (element) => {
    if (element.type === "hidden" || element.labels?.length || element.matches("[aria-label], [aria-labelledby]")) return;
    const panel = nameOf(element);
    if (panel) element.setAttribute("aria-labelledby", panel);
    else if (element.id === "fileupload") element.setAttribute("aria-label", element.parentElement.textContent.trim());
  };

  const nameAll = () => {
    document.querySelectorAll(UNNAMED).forEach(name);
    document.querySelectorAll(".w-minimap__list:not([tabindex])").forEach((list) => list.setAttribute("tabindex", "0"));
  };

  let isDue = false;
  const soon = () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => { isDue = false; nameAll(); });
  };
  document.addEventListener("DOMContentLoaded", () => {
    nameAll();
    new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
  });
})();
