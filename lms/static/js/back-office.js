// Starts Wagtail's widgets that come with an inline script, which the content security policy refuses: our templates
// say in data-starts and data-arguments what that script would have run. Only names of this list are ever started.
(() => {
  const KNOWN = new Set([
    "initDateChooser", "initTimeChooser", "initDateTimeChooser", "InlinePanel", "MultipleChooserPanel",
    "Chooser", "PageChooser", "ImageChooser", "DocumentChooser", "SnippetChooser", "createTaskChooser",
  ]);

  const start = (mark) => {
    const name = mark.dataset.starts;
    const given = JSON.parse(mark.dataset.arguments);
    mark.remove(); // once: a panel that is moved must not start again
    if (!KNOWN.has(name)) throw new Error(`not a widget to start: ${name}`);
    if (/^[A-Z]/.test(name)) new window[name](...given);
    else window[name](...given);
  };

  const startWithin = (node) => {
    if (node.matches("[data-starts]")) start(node);
    else node.querySelectorAll("[data-starts]").forEach(start);
  };

  const begin = () => {
    startWithin(document.body);
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes)
        for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE && node.isConnected) startWithin(node);
    }).observe(document.body, { childList: true, subtree: true });
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
