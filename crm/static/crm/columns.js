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
