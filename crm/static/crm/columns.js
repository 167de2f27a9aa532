// Choosing columns without a round trip: searches the properties, moves columns up and down.
// Without it the buttons submit the form, and the server does the same.
(() => {
  "use strict";

  const chosen = document.querySelector("[data-columns]");
  const others = document.querySelector("[data-others]");
  const box = document.querySelector("[data-search]");
  if (!chosen || !others || !box) return;

  box.hidden = false;
  const input = box.querySelector("input");
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const item of others.children) {
      const text = item.textContent.toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
      count += !item.hidden;
    }
    box.querySelector("[data-none]").hidden = count > 0;
  });

  // A ticked property joins the order at its end; the keyboard stays among the others.
  const pattern = document.querySelector("[data-moves]");
  others.addEventListener("change", (event) => {
    const item = event.target.closest("li");
    const label = item.textContent.trim();
    const visible = [...others.children].filter((one) => !one.hidden);
    const place = visible.indexOf(item);
    const next = visible[place + 1] || visible[place - 1];
    for (const button of [...pattern.content.cloneNode(true).children]) {
      button.value = event.target.value;
      button.setAttribute("aria-label", `Move ${label} ${button.name}`);
      item.append(button);
    }
    chosen.append(item);
    (next?.querySelector("input") || input).focus();
    box.querySelector("[data-added]").textContent = `${label} is shown as the last column.`;
  });

  chosen.addEventListener("click", (event) => {
    const button = event.target.closest("button[name]");
    if (!button) return;
    event.preventDefault();
    const item = button.closest("li");
    if (button.name === "up") item.previousElementSibling?.before(item);
    else item.nextElementSibling?.after(item);
    button.focus();
  });
})();
