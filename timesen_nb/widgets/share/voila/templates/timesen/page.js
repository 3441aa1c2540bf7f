// The life of the page around Jupyter's widgets: what is seen before the map, its address, its farewell, its end.
// The script of the parts, parts.js, comes before it.

const SETTLE = 600;   // milliseconds: a page that is being left closes its connection too
const ASK_AGAIN = 3000;
const UNANSWERED = 4; // times that the server may be silent before the page says so

function element(id) { return document.getElementById(id); }

function server(path) { return document.body.dataset.address + path; }

function xsrf() { return (document.cookie.match("\\b_xsrf=([^;]*)\\b") || [])[1] || ""; }

function kernelId() {
  const config = element("jupyter-config-data");
  return config ? JSON.parse(config.textContent).kernelId : null;
}

// Once there is an element of some kind, do something with it.
function once(selector, act) {
  const look = () => {
    const found = document.querySelector(selector);
    if (found) act(found);
    return found;
  };
  if (!look()) new MutationObserver((_, watch) => { if (look()) watch.disconnect(); })
    .observe(document.documentElement, { childList: true, subtree: true });
}

// Until the map is there, the drawing of it stays; then the map is told what the address asks for.
function arrived() {
  element("rendered_cells").style.display = "";
  // A kernel that ended before the page connected closes no connection.
  const watch = setInterval(() => { if (element("starting")) lost(); else clearInterval(watch); }, ASK_AGAIN);
  once(".tn-app .leaflet-container, .tn-notice, .jp-OutputArea-output pre", () => {
    element("starting").remove();
    openAddress();
  });
}

function openAddress() {
  const link = location.hash.slice(1);
  if (link) fetch(server("voila/api/address/" + kernelId()),
    { method: "POST", body: link, headers: { "X-XSRFToken": xsrf() } });
}

// The map writes its state into an element that is not seen; the address of the page follows it.
function follow(element) {
  const show = () => {
    const link = element.textContent.trim();
    if (link) history.replaceState(null, "", location.pathname + "#" + link);
  };
  new MutationObserver(show).observe(element, { childList: true, characterData: true, subtree: true });
  show();
}

// The end: one banner, and a button that opens the same address again.
function stopped() {
  const starting = element("starting");
  if (starting) starting.remove();
  document.body.classList.add("stopped");
  element("stopped").hidden = false;
  const cells = element("rendered_cells");
  if (cells) cells.inert = true;
}

async function startAgain() {
  try {
    await fetch(location.href, { method: "HEAD" });
    location.reload();
  } catch {
    element("stopped-note").textContent =
      "The program that served this map has ended too. Start it again, then press the button.";
  }
}

let leaving = false;

// The server ended before it had sent the whole page: what would begin to watch is not in it.
window.addEventListener("load", () => { if (!leaving && element("starting") && !kernelId()) stopped(); });

// A connection closed: has the kernel ended, or will Jupyter connect again by itself?
async function lost(silent = 0) {
  await new Promise((wake) => setTimeout(wake, silent ? ASK_AGAIN : SETTLE));
  if (leaving) return;
  let answer = null;
  try {
    answer = await fetch(server("api/kernels/" + kernelId()), { cache: "no-store" });
  } catch { /* no answer */ }
  if (answer ? answer.status === 404 : silent >= UNANSWERED) stopped();
  else if (!answer) lost(silent + 1);
}

window.WebSocket = class extends window.WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("close", () => lost());
  }
};

window.addEventListener("pagehide", () => {
  leaving = true;
  const id = kernelId();
  if (!id) return;
  const form = new FormData();
  form.append("_xsrf", xsrf());
  navigator.sendBeacon(server("voila/api/shutdown/" + id), form);
});

// A page that the browser kept while another was shown has lost its kernel.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

// An address that was typed or pasted over this one.
window.addEventListener("hashchange", openAddress);

once(".tn-link", follow);
PARTS[".tn-app"].role = "main"; // a notebook has its own
once(".tn-app", sayParts);
