// What the kernel does, told to the page; why it ended, from the server that knows.
const CALM = new Set(["idle", "busy"]);
const ASK_AGAIN = 2000; // ms, while one waits for a place or a start

export function follow(app, session, say) {
  let timer = 0, last = "";
  const tell = (status, more = {}) => {
    const text = JSON.stringify([status, more]);
    if (text !== last) say("kernel", { status, ...more });
    last = text;
  };
  const look = async () => {
    clearTimeout(timer);
    const kernel = session.session?.kernel;
    const status = kernel ? (kernel.connectionStatus === "connected" ? kernel.status : kernel.connectionStatus) : "none";
    if (CALM.has(status)) return tell(status);
    const state = await ask(app.serviceManager.serverSettings);
    // A word of a kernel that began while the line was being joined is lost: asked, it speaks again.
    if (kernel?.connectionStatus === "connected") kernel.requestKernelInfo().catch(() => { /* it is not there yet */ });
    const shown = state.kernel === "waiting" || state.kernel === "ended" ? state.kernel : status;
    tell(shown, state.kernel ? { place: state.place, run_status: state.status, sentence: state.sentence } : {});
    timer = setTimeout(look, ASK_AGAIN);
  };
  for (const signal of [session.statusChanged, session.connectionStatusChanged, session.kernelChanged]) signal.connect(look);
  look();
}

async function ask({ baseUrl }) {
  try {
    const answer = await fetch(new URL("api/workbench/state", new URL(baseUrl, location.href)));
    return answer.ok ? await answer.json() : {};
  } catch { return {}; }
}
