// Makes the theme's mouse-only controls work with the keyboard and readable by screen readers.
// No framework, no data: everything else of our pages is HTML from the server.
(() => {
  "use strict";

  // What icons that stand alone on a control mean.
  const NAMES = {
    close: "Close",
    computer: "Colour theme",
    dark_mode: "Colour theme",
    light_mode: "Colour theme",
    dock_to_right: "Show or hide the menu",
    dock_to_left: "Show or hide the menu",
    menu: "Show the menu",
    search: "Search",
    filter_list: "Filters",
    unfold_more: "Account",
    more_horiz: "More",
    more_vert: "More",
    add: "Add",
  };

  function nameOf(control) {
    const clone = control.cloneNode(true);
    const icons = [...clone.querySelectorAll(".material-symbols-outlined")];
    if (clone.classList.contains("material-symbols-outlined")) icons.push(clone);
    const words = icons.map((icon) => NAMES[icon.textContent.trim()]).filter(Boolean);
    icons.forEach((icon) => (icon.textContent = ""));
    return clone.textContent.trim() ? "" : words[0] || "";
  }

  function improve(root) {
    for (const icon of root.querySelectorAll(".material-symbols-outlined")) {
      if (!icon.hasAttribute("x-on:click")) icon.setAttribute("aria-hidden", "true");
    }
    for (const control of root.querySelectorAll("[x-on\\:click]")) {
      if (control.id === "changelist-filter-close") continue;
      const isNative = control.matches("a[href], button, input, select, textarea, summary");
      if (!isNative && !control.hasAttribute("role")) {
        control.setAttribute("role", "button");
        control.tabIndex = 0;
      }
    }
    for (const hint of root.querySelectorAll(".help-tooltip[aria-label]:not([role])")) {
      hint.setAttribute("role", "img");
    }
    for (const control of root.querySelectorAll("a, button, [role=button]")) {
      const name = nameOf(control);
      if (name && !control.getAttribute("aria-label") && !control.title) {
        control.setAttribute("aria-label", name);
      }
    }
  }

  document.addEventListener("keydown", (event) => {
    const control = event.target;
    if (!(control instanceof HTMLElement) || !control.matches("[role=button]:not(button)")) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      control.click();
      // The filters open at the other end of the page.
      setTimeout(() => {
        const panel = document.getElementById("changelist-filter");
        if (panel?.getClientRects().length) panel.querySelector("select, input:not([type=hidden])")?.focus();
      }, 50);
    }
  });

  // A menu closes when one clicks or tabs out of it, or presses Escape.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.co-menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest?.("details.co-menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    improve(document);
    // Of many views the current one may stand outside a narrow window.
    document.querySelector(".co-views [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  });
  // Django's own scripts build some controls only then.
  window.addEventListener("load", () =>
    setTimeout(() => {
      improve(document);
      // The theme hides the page while it loads, so the browser could not focus anything.
      if (document.activeElement === document.body) document.querySelector("[autofocus]")?.focus();
      document.body.dataset.ready = "1";
    })
  );
  document.addEventListener("htmx:afterSwap", (event) => improve(event.target.parentElement || document));
})();
