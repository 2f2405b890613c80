// The form for verifying: a camera that reads the QR code, files dropped onto the page. Without it, the form works too.
const words = document.getElementById("scanner-words");
const scanButton = document.getElementById("scan");
const scanner = document.getElementById("scanner");
const picture = document.getElementById("scanner-picture");
const number = document.getElementById("id_number");
const LOOK_EVERY_MS = 200;
const MOST_PIXELS = 1600;
let camera = null;

// --- Reading a picture -------------------------------------------------------------------------------------------------

async function ownDetector() {
  if (!("BarcodeDetector" in window)) return null;
  try {
    const formats = await window.BarcodeDetector.getSupportedFormats();
    return formats.includes("qr_code") ? new window.BarcodeDetector({ formats: ["qr_code"] }) : null;
  } catch {
    return null;
  }
}

// The browser's own reader where there is one; else a decoder that is loaded when it is first needed.
async function makeReader() {
  const detector = await ownDetector();
  if (detector) return async (canvas) => { const [found] = await detector.detect(canvas); return found ? found.rawValue : ""; };
  const { decodeQR } = await import(scanButton.dataset.decoder);
  return async (canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d", { willReadFrequently: true }).getImageData(0, 0, width, height);
    try { return decodeQR({ width, height, data }); } catch { return ""; }
  };
}

let reader = null;
async function read(source, width, height) {
  const scale = Math.min(1, MOST_PIXELS / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d", { willReadFrequently: true }).drawImage(source, 0, 0, canvas.width, canvas.height);
  reader ??= await makeReader();
  return reader(canvas);
}

// A QR code may say anything: only the number in a link to a verification page is used, and typed into our own form.
function take(text) {
  const found = /\/verify\/([0-9A-Za-z-]{28,40})\/?$/.exec(text.trim());
  if (!found) { say("other"); return false; }
  stop();
  number.value = found[1];
  number.form.requestSubmit(number.form.querySelector("button[name=by]"));
  return true;
}

function say(what) { words.textContent = words.dataset[what]; }

// --- The camera --------------------------------------------------------------------------------------------------------

async function start() {
  scanner.hidden = false;
  say("looking");
  try {
    camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
    picture.srcObject = camera;
    await picture.play();
  } catch {
    stop();
    scanner.hidden = false;
    picture.hidden = true;
    say("refused");
    return;
  }
  picture.hidden = false;
  look();
}

async function look() {
  if (!camera) return;
  const text = picture.videoWidth ? await read(picture, picture.videoWidth, picture.videoHeight) : "";
  if (text && take(text)) return;
  if (camera) setTimeout(look, LOOK_EVERY_MS);
}

function stop() {
  if (camera) for (const track of camera.getTracks()) track.stop();
  camera = null;
  picture.srcObject = null;
  scanner.hidden = true;
}

async function readPhoto(event) {
  const [file] = event.target.files;
  if (!file) return;
  try {
    const bitmap = await createImageBitmap(file);
    const text = await read(bitmap, bitmap.width, bitmap.height);
    if (text) take(text); else say("nothing");
  } catch {
    say("nothing");
  }
  event.target.value = "";
}

if (scanButton) {
  scanButton.hidden = false;
  scanButton.addEventListener("click", start);
  document.getElementById("scanner-stop").addEventListener("click", () => { stop(); scanButton.focus(); });
  document.getElementById("photo").addEventListener("change", readPhoto);
  window.addEventListener("pagehide", stop);
}

// --- Files -------------------------------------------------------------------------------------------------------------

const files = document.getElementById("id_file");
if (files) {
  const form = document.getElementById("file-form");
  const chosen = document.getElementById("chosen");
  const show = () => { chosen.textContent = files.files.length > 1 ? `${files.files.length} ${chosen.dataset.files}` : ""; };
  files.addEventListener("change", show);
  for (const kind of ["dragenter", "dragover"]) {
    form.addEventListener(kind, (event) => { event.preventDefault(); form.classList.add("is-over"); });
  }
  for (const kind of ["dragleave", "drop"]) form.addEventListener(kind, () => form.classList.remove("is-over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) { files.files = event.dataTransfer.files; show(); }
  });
}
