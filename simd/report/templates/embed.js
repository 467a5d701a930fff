"use strict";
const patches = JSON.parse(document.getElementById("patches").textContent);
const map = document.querySelector(".map");
const tip = document.querySelector(".tip");
const picture = tip.querySelector("img");
const boxes = [...document.querySelectorAll(".filters input")];

function show(box) {
  map.querySelector(`g[data-class="${box.value}"]`).toggleAttribute("hidden", !box.checked);
}

for (const box of boxes) {
  box.addEventListener("change", () => show(box));
  show(box); // a reloaded page keeps its ticks
}
for (const button of document.querySelectorAll("[data-all]")) {
  button.addEventListener("click", () => {
    for (const box of boxes) {
      box.checked = button.dataset.all !== "";
      show(box);
    }
  });
}

map.addEventListener("pointerover", (event) => {
  const mark = event.target.closest("use");
  if (!mark) return;
  const [id, region, name, fg, thumbnail] = patches[mark.dataset.i];
  if (thumbnail) picture.src = thumbnail;
  else picture.removeAttribute("src");
  tip.querySelector("p").textContent = `${name}${region === name ? "" : ` (${region})`}\n${id}\n${fg}`;
  tip.hidden = false;
  const frame = map.getBoundingClientRect();
  const at = mark.getBoundingClientRect();
  const x = at.left + at.width / 2 - frame.left;
  const y = at.top + at.height / 2 - frame.top;
  tip.style.left = `${x > frame.width / 2 ? x - tip.offsetWidth - 14 : x + 14}px`;
  tip.style.top = `${y > frame.height / 2 ? y - tip.offsetHeight - 14 : y + 14}px`;
});
map.addEventListener("pointerout", (event) => {
  if (event.target.closest("use")) tip.hidden = true;
});
