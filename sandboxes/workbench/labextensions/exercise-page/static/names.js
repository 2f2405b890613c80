// Names, roles and marks that upstream leaves out, put in after every change of the page.
const SET_ONCE = [
  [".jp-collapseHeadingButton", "heading"],
  [".jp-Stdin-input", "input"],
  [".jp-NotebookPanel-toolbar", "toolbar"],
  [".jp-cell-toolbar", "cellTools"],
  [".lm-MenuBar-content", "menu"],
];

/** Keeps a notebook panel named: its cells, their editors and outputs, the controls around them. Returns what names them anew. */
export function nameControls(panel, words) {
  const { content } = panel;
  let isPlanned = false;
  const pass = () => {
    isPlanned = false;
    content.widgets.forEach((cell, index) => nameCell(cell, index + 1, content.widgets.length, words));
    for (const [selector, word] of SET_ONCE) {
      for (const found of document.querySelectorAll(selector)) set(found, "aria-label", words[word]);
    }
    mendRoles(content.node, words);
  };
  const plan = () => {
    if (isPlanned) return;
    isPlanned = true;
    setTimeout(pass); // not the next frame: there is none while one has scrolled away from the notebook
  };
  // Only what comes and goes: our own attributes would call us back for ever.
  new MutationObserver(plan).observe(document.body, { childList: true, subtree: true });
  content.model.cells.changed.connect(plan);
  pass();
  return plan;
}

function nameCell(cell, number, count, words) {
  const marks = cell.model.getMetadata("nbgrader") || {};
  const isLocked = cell.model.getMetadata("editable") === false;
  const kind = marks.solution ? "answer" : marks.grade ? "check" : (isLocked || marks.locked) && cell.model.type === "code" ? "locked" : "";
  const name = words.cell(number, count, words[cell.model.type] || "", kind && words[kind]);
  set(cell.node, "role", "article"); // upstream's list of cells is a feed, and a feed has articles
  set(cell.node, "aria-label", name);
  if (kind) cell.node.dataset.wbKind = kind;
  if (kind) cell.node.dataset.wbLabel = words[kind];
  for (const editor of cell.node.querySelectorAll(".cm-content")) {
    set(editor, "aria-label", words.editor(name));
    set(editor, "aria-multiline", "true");
    if (isLocked) set(editor, "aria-readonly", "true");
  }
  for (const output of cell.node.querySelectorAll(".jp-OutputArea")) {
    set(output, "role", "group");
    set(output, "aria-label", words.output(number));
  }
}

/** Roles whose promises upstream does not keep. */
function mendRoles(node, words) {
  set(node, "aria-label", words.notebook);
  // For the mouse alone, and without a name; the menus do the same.
  for (const bar of node.querySelectorAll(".jp-Collapser")) set(bar, "aria-hidden", "true");
  for (const picture of node.querySelectorAll(".jp-RenderedImage img:not([alt])")) set(picture, "alt", "");
}

function set(element, attribute, value) {
  if (element.getAttribute(attribute) !== value) element.setAttribute(attribute, value);
}
