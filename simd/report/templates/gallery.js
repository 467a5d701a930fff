// Shows the failures that fit the choice, sorted, each with the pictures of the two methods chosen.
"use strict";
const METRICS = ["sad", "mse", "grad", "conn"];
const TITLES = ["SAD", "MSE ×10³", "Grad", "Conn"];
const controls = document.querySelector(".controls");
const list = document.querySelector(".cards");
const cards = [...list.children].map((node) => ({
  node,
  id: node.dataset.id,
  scores: JSON.parse(node.dataset.scores),
  reasons: JSON.parse(node.dataset.reasons),
  worst: new Set(node.dataset.worst.split(" ").map(Number)),
}));
const names = [...controls.elements.other.options].map((option) => option.text);

function put(image, card, method, layer) {
  const reason = card.reasons[method];
  image.closest(".tile").classList.toggle("empty", reason !== "");
  if (reason !== "") {
    image.removeAttribute("src");
    image.title = reason;
    return;
  }
  image.removeAttribute("title");
  image.src = `pictures/${card.node.dataset.number}-${method}-${layer}.webp`;
}

function tell(card, method) {
  const line = document.createDocumentFragment();
  const name = document.createElement("b");
  name.textContent = names[method];
  const scores = card.scores[method];
  const said = scores === null ? ["no scores"] : scores.map((v, i) => `${TITLES[i]} ${v === null ? "–" : v}`);
  line.append(name, " ", said.join(", "), card.reasons[method] === "" ? "" : `, ${card.reasons[method]}`);
  return line;
}

function dress(card, method, other, picture) {
  for (const image of card.node.querySelectorAll("img[data-layer]")) {
    const layer = image.dataset.layer;
    if (layer === "own") put(image, card, method, picture);
    else if (layer === "other") put(image, card, other, picture);
    else put(image, card, method, layer);
  }
  const both = [card.reasons[method], card.reasons[other]];
  card.node.querySelector(".compare").closest(".tile").classList.toggle("empty", both.some((r) => r !== ""));
  card.node.querySelector(".versus").textContent = `${names[method]} | ${names[other]}`;
  const said = card.node.querySelector(".said");
  said.replaceChildren(tell(card, method));
  if (other !== method) said.append(" · ", tell(card, other));
}

function key(card, method, order) {
  const scores = card.scores[method];
  const value = scores && scores[METRICS.indexOf(order.replace("-", ""))];
  return value === null || value === undefined ? null : order.startsWith("-") ? value : -value;
}

function show() {
  const value = (name) => controls.elements[name].value;
  const method = Number(value("method"));
  const shown = cards.filter(
    (card) =>
      card.worst.has(method) &&
      card.node.dataset.scope === value("scope") &&
      (value("class") === "" || card.node.dataset.class === value("class")),
  );
  const order = value("order");
  shown.sort((a, b) => {
    if (order === "id") return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
    const [x, y] = [key(a, method, order), key(b, method, order)];
    return x === null || y === null ? (x === null) - (y === null) : x - y; // absent scores stand last
  });
  const there = new Set(shown);
  for (const card of cards) card.node.hidden = !there.has(card);
  for (const card of shown) dress(card, method, Number(value("other")), value("picture"));
  list.append(...shown.map((card) => card.node));
  document.querySelector(".none").hidden = shown.length > 0;
  controls.querySelector("output").textContent = `${shown.length} of ${cards.length}`;
}

controls.addEventListener("change", show);
controls.addEventListener("submit", (event) => event.preventDefault());
list.addEventListener("input", (event) => {
  const slider = event.target.closest(".compare");
  if (slider) slider.style.setProperty("--cut", `${event.target.value}%`);
});
show();
