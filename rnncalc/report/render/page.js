// Makes the picture lead somewhere: a step unfolds its arithmetic, a number lights what it was made of.
const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
const pictures = all("svg.unrolled");

// Unfolds a step and nothing else. The focus is on its name in the picture, or on its arithmetic, and can be seen.
function choose(step, link, down) {
  for (const fold of all("details.step")) fold.open = fold.dataset.step === step;
  for (const box of all(".unrolled .box")) box.classList.toggle("chosen", box.dataset.step === step);
  const frame = link.closest(".scroll"), at = link.getBoundingClientRect(), room = frame.getBoundingClientRect();
  frame.scrollLeft += (at.left + at.right - room.left - room.right) / 2;
  const place = down || link;
  place.focus({ preventScroll: true });
  (down ? down.parentElement : link).scrollIntoView({ block: "nearest", behavior });
  if (down) down.scrollIntoView({ block: "nearest", behavior });
}

for (const [number, picture] of pictures.entries()) {
  const behind = (one, place) => one && one.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_FOLLOWING;
  const own = (place) => behind(picture, place) && !behind(pictures[number + 1], place);
  const links = all("a[href]", picture);
  const steps = links.map((link) => link.getAttribute("href").replace("#step-", ""));
  let chosen = -1;
  const go = (to, below) => {
    chosen = Math.max(0, Math.min(steps.length - 1, to));
    const folds = all(`details.step[data-step="${steps[chosen]}"] > summary`).filter(own);
    choose(steps[chosen], links[chosen], below && folds[0]);
  };

  picture.addEventListener("click", (event) => {
    const place = event.target.closest("a[href], .box");
    if (!place) return;
    const step = place.dataset.step || place.getAttribute("href").replace("#step-", "");
    if (steps.includes(step)) { event.preventDefault(); go(steps.indexOf(step), true); }
  });
  addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key], here = event.target;
    if (!by || !steps.length || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const above = here.contains(picture) && here.matches(".picture") || picture.contains(here);
    const below = here.matches("details.step > summary") && own(here);
    if (links.includes(here)) chosen = links.indexOf(here);
    if (below) chosen = steps.indexOf(here.parentElement.dataset.step);
    if (above || below) { event.preventDefault(); go(chosen + by, below); }
  });

  const dark = () => all(".lit").forEach((place) => place.classList.remove("lit"));
  picture.addEventListener("pointerout", dark);
  picture.addEventListener("pointerover", (event) => {
    const number = event.target.closest("[data-unit]");
    if (!number) return;
    dark();
    const box = number.parentElement, unit = number.dataset.unit;
    number.classList.add("lit");
    for (const source of (box.dataset.from || "").split(";").filter(Boolean)) {
      const [below, shift, whole] = source.split(",");
      const step = Number(box.dataset.step) + Number(shift);
      const units = whole === "1" ? "[data-unit]" : `[data-unit="${unit}"]`;
      const place = `.box[data-key="${below}"][data-step="${step}"] ${units}`;
      all(place, picture).forEach((lit) => lit.classList.add("lit"));
    }
    const key = box.dataset.key, at = `${box.dataset.step}.${unit}`;
    const lines = `[data-at="${key}.${at}"], [data-at="${key.replace(/[^.]*$/, "\u2202$&")}.${at}"]`;
    all(lines).filter(own).forEach((lit) => lit.classList.add("lit"));
  });
}

addEventListener("beforeprint", () => all("details").forEach((fold) => { fold.open = true; }));
