// The page's elements by id, and what every page says of itself in the same way.

export const $ = (id) => document.getElementById(id);
export const all = (selector) => [...document.querySelectorAll(selector)];

export function press(button, on) {
  button.setAttribute("aria-pressed", String(on));
}

export function say(text) {
  $("message").hidden = !text;
  $("message").textContent = text;
}

export function showSaved(state) {
  const words = { saving: "saving", saved: "saved", away: "not saved", shown: "read only" };
  $("saved").dataset.state = state;
  $("saved").textContent = words[state];
  if (state === "away") say("The server does not answer. What you draw is kept here and sent as soon as it does.");
}

/** Make an element with a text. */
export function part(name, text, className = "") {
  const element = document.createElement(name);
  element.textContent = text;
  element.className = className;
  return element;
}
