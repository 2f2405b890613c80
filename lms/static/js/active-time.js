// Tells the site, twice a minute, that somebody is at work here: while the page is seen, and five minutes at most
// after the last key, movement or touch. What several tabs say is counted once, there.
"use strict";
(() => {
  const form = document.getElementById("active-time");
  if (!form) return;
  const every = Number(form.dataset.seconds) * 1000;
  const idleAtMost = 300_000;
  let last = Date.now();
  let said = false; // whether the pause that has begun was told
  const stir = () => { last = Date.now(); };
  for (const kind of ["keydown", "pointerdown", "pointermove", "scroll", "touchstart"]) {
    addEventListener(kind, stir, { passive: true, capture: true });
  }
  addEventListener("message", stir); // the notebook in its frame tells of what is typed there

  const speak = () => {
    const idle = Date.now() - last;
    if (idle > idleAtMost || (document.hidden && said)) return;
    said = document.hidden;
    const body = new FormData(form);
    body.set("idle", String(Math.floor(idle / 1000)));
    if (document.hidden) navigator.sendBeacon(form.action, body);
    else fetch(form.action, { method: "POST", body, keepalive: true }).catch(() => {});
  };
  speak();
  setInterval(() => { if (!document.hidden) speak(); }, every);
  document.addEventListener("visibilitychange", speak);
  addEventListener("pagehide", speak);
})();
