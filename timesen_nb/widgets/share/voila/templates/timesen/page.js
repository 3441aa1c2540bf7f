// The life of the page around Jupyter's widgets: what is seen before the map, its address, its farewell, its end.
"use strict";

const SETTLE = 600;   // milliseconds: a page that is being left closes its connection too
const ASK_AGAIN = 3000;
const UNANSWERED = 4; // times that the server may be silent before the page says so

function element(id) { return document.getElementById(id); }

function server(path) { return document.body.dataset.address + path; }

function kernelId() {
  const config = element("jupyter-config-data");
  return config ? JSON.parse(config.textContent).kernelId : null;
}

// Until the map is there, the drawing of it stays.
function arrived() {
  element("rendered_cells").style.display = "";
  const starting = element("starting");
  const seen = () => {
    if (!document.querySelector(".tn-app .leaflet-container, .tn-notice, .jp-OutputArea-output pre")) return false;
    starting.remove();
    return true;
  };
  if (!seen()) new MutationObserver((_, watch) => { if (seen()) watch.disconnect(); })
    .observe(document.body, { childList: true, subtree: true });
}

// The app writes its state into an element that is not seen; the address of the page follows it.
function follow() {
  const link = document.querySelector(".tn-link");
  if (!link) return false;
  const show = () => {
    const query = link.textContent.trim();
    if (query) history.replaceState(null, "", "?" + query);
  };
  new MutationObserver(show).observe(link, { childList: true, characterData: true, subtree: true });
  show();
  return true;
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
  form.append("_xsrf", (document.cookie.match("\\b_xsrf=([^;]*)\\b") || [])[1] || "");
  navigator.sendBeacon(server("voila/api/shutdown/" + id), form);
});

// A page that the browser kept while another was shown has lost its kernel.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

document.addEventListener("DOMContentLoaded", () => {
  if (!follow()) new MutationObserver((_, watch) => { if (follow()) watch.disconnect(); })
    .observe(document.body, { childList: true, subtree: true });
});
