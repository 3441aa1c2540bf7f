"use strict";

// What parts of the map are, for those who do not see it: widgets cannot say so themselves.
const PARTS = {
  ".tn-app": { role: "region", "aria-label": "Click map" },
  ".tn-search": { role: "search", "aria-label": "Place" },
  ".tn-ask": { role: "region", "aria-label": "Words" },
  ".tn-answer": { role: "region", "aria-label": "Answer" },
  ".tn-below": { role: "region", "aria-label": "Mapping, kept places and data" },
  ".tn-map .leaflet-container": { role: "region", "aria-label": "Map: arrow keys move it, plus and minus zoom" },
  ".tn-headline": { role: "status" },
  ".tn-status": { role: "status" },
  ".tn-error": { role: "alert" },
  ".tn-guess": { "aria-live": "polite" },
  ".tn-lead": { role: "heading", "aria-level": "2" },
  ".tn-drawing img": { alt: "" },
  ".leaflet-image-layer, .leaflet-tile": { alt: "" },
  ".leaflet-control-attribution a": { style: "text-decoration: underline" },
  ".tn-bar .progress": { "aria-hidden": "true" },
  ".tn-play button:first-child": { "aria-label": "Play the year", title: "Play the year" },
  ".tn-play button:nth-child(2)": { "aria-label": "Stop playing", title: "Stop playing" },
};

function sayParts(app) {
  const all = (selector) => (app.matches(selector) ? [app] : app.querySelectorAll(selector));
  const say = () => {
    for (const [selector, said] of Object.entries(PARTS))
      for (const part of all(selector))
        for (const [name, value] of Object.entries(said))
          if (part.getAttribute(name) !== value) part.setAttribute(name, value);
    // every control has a title: it is its name as well
    const name = (part, said) => { if (said && part.getAttribute("aria-label") !== said) part.setAttribute("aria-label", said); };
    for (const part of app.querySelectorAll("input[title], select[title], textarea[title], button[title]"))
      if (part.tagName !== "BUTTON" || !part.textContent.trim()) name(part, part.title);
    for (const row of app.querySelectorAll(".tn-swatches > .widget-hbox"))
      name(row.querySelector("input[type=color]"), "Colour of " + row.textContent.trim());
    // what ends in "..." is told whole: a label of Jupyter's shows no tooltip
    for (const label of app.querySelectorAll(".tn-name, .tn-swatches .widget-hbox .widget-label, .tn-table .widget-label"))
      if (label.title !== label.textContent) label.title = label.textContent;
    // sliders count; people read months and percent
    for (const slider of app.querySelectorAll(".widget-slider, .widget-inline-hbox")) {
      const handle = slider.querySelector(".noUi-handle"), readout = slider.querySelector(".widget-readout");
      if (!handle || !readout) continue;
      if (handle.getAttribute("aria-valuetext") !== readout.textContent)
        handle.setAttribute("aria-valuetext", readout.textContent);
      name(handle, slider.closest(".tn-month") ? "Month on the map"
        : slider.closest(".tn-threshold") ? "How alike, at least" : "Opacity of the map's colours");
    }
  };
  // Escape takes back what was typed: a box that is left with other text is read
  app.addEventListener("beforeinput", ({ target }) => { if (target.matches("input[type=text]")) target.dataset.before ??= target.value; });
  app.addEventListener("change", ({ target }) => { delete target.dataset.before; }, true);
  app.addEventListener("keydown", ({ key, target }) => {
    if (key !== "Escape" || target.dataset.before === undefined) return;
    target.value = target.dataset.before;
    delete target.dataset.before;
    target.dispatchEvent(new Event("input", { bubbles: true }));
  }, true); // widgets stop keys
  let waiting = 0;
  const soon = () => { if (!waiting) waiting = setTimeout(() => { waiting = 0; say(); }, 50); };
  new MutationObserver(soon).observe(app, { childList: true, subtree: true, characterData: true });
  say();
}
