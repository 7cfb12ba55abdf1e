// Makes the picture lead somewhere: a step unfolds its arithmetic, a number lights what it was made of.
const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));

function choose(step, picture) {
  for (const fold of all("details.step")) fold.open = fold.dataset.step === step;
  for (const box of all(".unrolled .box")) box.classList.toggle("chosen", box.dataset.step === step);
  const fold = document.querySelector(`details.step[data-step="${step}"]`);
  if (fold) fold.scrollIntoView({ block: "nearest", behavior: "smooth" });
  const link = picture.querySelector(`a[href="#step-${step}"]`);
  if (link) link.focus({ preventScroll: true });
}

for (const picture of all("svg.unrolled")) {
  const steps = all("a[href]", picture).map((link) => link.getAttribute("href").replace("#step-", ""));
  let at = -1;
  const go = (to) => { at = Math.max(0, Math.min(steps.length - 1, to)); choose(steps[at], picture); };

  picture.addEventListener("click", (event) => {
    const place = event.target.closest("a[href], .box");
    if (!place) return;
    const step = place.dataset.step || place.getAttribute("href").replace("#step-", "");
    if (steps.includes(step)) { event.preventDefault(); go(steps.indexOf(step)); }
  });
  picture.parentElement.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by) { event.preventDefault(); go(at + by); }
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
      const [key, shift, whole] = source.split(",");
      const step = Number(box.dataset.step) + Number(shift);
      const units = whole === "1" ? "[data-unit]" : `[data-unit="${unit}"]`;
      const place = `.box[data-key="${key}"][data-step="${step}"] ${units}`;
      all(place, picture).forEach((lit) => lit.classList.add("lit"));
    }
    if (!box.dataset.key.includes(".")) {
      const line = `[data-at="${box.dataset.key}.${box.dataset.step}.${unit}"]`;
      all(line).forEach((lit) => lit.classList.add("lit"));
    }
  });
}

addEventListener("beforeprint", () => all("details").forEach((fold) => { fold.open = true; }));
