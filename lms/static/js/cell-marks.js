// What the cell is that an author is in: told by the notebook, changed here. The notebook's word is checked and shown as text.
"use strict";
(() => {
  const root = document.getElementById("workbench");
  const frame = document.getElementById("workbench-frame");
  const [kind, name, points] = ["kind", "id", "points"].map((one) => document.getElementById(`marks-${one}`));
  if (!root || !kind) return;
  const { origin } = root.dataset;
  const WITH_POINTS = new Set(["check", "manual"]);
  let cell = "";

  const kindOf = (marks) => (!marks ? "" : marks.solution === true ? (marks.grade === true ? "manual" : "answer")
    : marks.grade === true ? "check" : marks.locked === true ? "setup" : "");
  const enable = () => {
    kind.disabled = !cell;
    name.disabled = !cell || !kind.value;
    points.disabled = !cell || !WITH_POINTS.has(kind.value);
  };
  const marks = () => {
    if (!kind.value) return null;
    const found = {
      schema_version: 3, grade_id: name.value, task: false, grade: WITH_POINTS.has(kind.value),
      solution: kind.value === "answer" || kind.value === "manual", locked: kind.value === "check" || kind.value === "setup",
    };
    return WITH_POINTS.has(kind.value) ? { ...found, points: Number(points.value) || 0 } : found;
  };
  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.origin !== origin || event.data?.workbench !== 1 || event.data.type !== "cell") return;
    const said = event.data;
    cell = typeof said.cell === "string" ? said.cell.slice(0, 100) : "";
    document.getElementById("marks-number").textContent = Number(said.number) ? `(${Number(said.number)})` : "";
    kind.value = kindOf(said.marks);
    name.value = String(said.marks?.grade_id ?? "").slice(0, 100);
    points.value = Number(said.marks?.points) || (WITH_POINTS.has(kind.value) ? 0 : "");
    enable();
  });
  const tell = () => {
    // A name of its own, so that nothing is refused that the author did not have to think about.
    if (kind.value && !name.value) name.value = `${kind.value}-${cell.replace(/[^A-Za-z0-9_-]/g, "").slice(0, 8)}`;
    if (WITH_POINTS.has(kind.value) && !points.value) points.value = 1;
    enable();
    if (name.checkValidity() && points.checkValidity()) frame.contentWindow.postMessage({ workbench: 1, type: "mark", cell, marks: marks() }, origin);
  };
  for (const field of [kind, name, points]) field.addEventListener("change", tell);
  kind.form.addEventListener("submit", (event) => event.preventDefault());
})();
