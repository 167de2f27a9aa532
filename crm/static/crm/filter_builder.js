// The filter builder: rows are drawn by the server, this collects what stands in them, asks for
// rows that change, and lets lists be searched with the keyboard.
(() => {
  "use strict";

  const SEARCH_DELAY = 120;
  const ESTIMATE_DELAY = 400;

  function start(root) {
    const groups = root.querySelector("[data-groups]");
    const picker = root.querySelector("[data-picker]");
    const search = picker.querySelector("input");
    let target = null; // where the picker adds: the element that holds rows, null for a new group
    let opener = null;
    let asked = 0;
    let timer = 0;

    // What stands in the rows

    function valuesOf(row) {
      const values = {};
      for (const input of row.querySelectorAll("[data-name]")) {
        if (input.closest("[data-row]") !== row) continue;
        values[input.dataset.name] = valueOf(input);
      }
      return values;
    }

    function valueOf(input) {
      if (input.matches("[data-boxes]")) {
        return [...input.querySelectorAll("input:checked")].map((box) => box.value);
      }
      if (input.matches("[data-chips]")) {
        const texts = chipsOf(input);
        const typed = input.matches("[data-free]") && input.querySelector(".fb-new").value.trim();
        if (typed && !texts.includes(typed)) texts.push(typed);
        return input.matches("[data-many]") ? texts : texts[0] || "";
      }
      if (input.type === "checkbox") return input.checked ? "true" : "";
      return input.value;
    }

    const chipsOf = (chips) => [...chips.querySelectorAll(".fb-chip")].map((chip) => chip.dataset.value);

    function stateOf(row, isDeep = true) {
      const state = { kind: row.dataset.kind, values: valuesOf(row) };
      if (row.dataset.json) state.json = JSON.parse(row.dataset.json);
      const inside = row.querySelector("[data-rows]");
      if (inside && isDeep) state.rows = rowsOf(inside).map((inner) => stateOf(inner));
      return state;
    }

    const rowsOf = (holder) => [...holder.children].filter((child) => child.matches("[data-row]"));
    const groupsOf = () => [...groups.querySelectorAll("[data-group]")];
    const holderOf = (group) => group.querySelector("[data-rows]");

    function stateOfAll() {
      return groupsOf()
        .map((group) => rowsOf(holderOf(group)).map((row) => stateOf(row)))
        .filter((rows) => rows.length);
    }

    // The block that a row or a holder of rows stands in, as the server wants to know it.
    function insideOf(element) {
      const block = element?.parentElement?.closest("[data-row]");
      return block ? stateOf(block, false) : null;
    }

    // Asking the server

    async function post(url, body) {
      const token = root.closest("form").querySelector("[name=csrfmiddlewaretoken]").value;
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`The server answered ${response.status}.`);
      return response;
    }

    async function drawn(states, inside, more = {}) {
      const response = await post(root.dataset.rowsUrl, { rows: states, inside, ...more });
      const holder = document.createElement("ol");
      holder.innerHTML = await response.text();
      return [...holder.children];
    }

    const say = (words) => (root.querySelector("[data-announce]").textContent = words);

    async function attempt(work) {
      try {
        await work();
      } catch (error) {
        say("");
        root.querySelector("[data-count-now]").textContent = `That did not work: ${error.message} Please try again.`;
      }
    }

    function changed() {
      const list = groupsOf();
      list.forEach((group, place) => {
        group.setAttribute("aria-label", `Group ${place + 1}`);
        group.querySelector("[data-number]").textContent = `Group ${place + 1}`;
      });
      const add = root.querySelector("[data-do=add-group]");
      add.classList.toggle("co-primary", !list.length);
      root.querySelector("[data-add-label]").textContent = list.length ? "Or: add a group" : "Add filter";
      root.querySelector("[data-state]").value = JSON.stringify(stateOfAll());
      clearTimeout(timer);
      timer = setTimeout(estimate, ESTIMATE_DELAY);
    }

    async function estimate() {
      const number = ++asked;
      root.querySelector("[data-count-now]").classList.add("fb-busy");
      await attempt(async () => {
        const response = await post(root.dataset.estimate, {
          groups: stateOfAll(),
          is_strict: "strict" in root.dataset,
        });
        const found = await response.json();
        if (number !== asked) return;
        root.querySelector("[data-count-now]").textContent = found.count;
        root.querySelector("[data-summary]").innerHTML = found.summary;
        groupsOf().forEach((group, place) => mark(holderOf(group), `${place}`, found.rows));
      });
      if (number === asked) root.querySelector("[data-count-now]").classList.remove("fb-busy");
    }

    function mark(holder, place, findings) {
      rowsOf(holder).forEach((row, number) => {
        const key = `${place}.${number}`;
        const found = findings[key];
        if (!found) return;
        row.classList.toggle("fb-bad", !!found.error);
        for (const what of ["note", "error"]) {
          const line = row.querySelector(`:scope > [data-${what}]`);
          line.textContent = found[what];
          line.hidden = !found[what];
        }
        const inside = row.querySelector("[data-rows]");
        if (inside) mark(inside, key, findings);
      });
    }

    // Changing rows

    async function redraw(row, name) {
      const [fresh] = await drawn([stateOf(row)], insideOf(row), { changed: name });
      const hasFocus = row.contains(document.activeElement);
      row.replaceWith(fresh);
      if (hasFocus) fresh.querySelector(`[data-name="${name}"]`)?.focus();
      changed();
    }

    function firstInput(row) {
      const inputs = [...row.querySelectorAll(".fb-sentence :is(input:not([type=hidden]), summary, select)")];
      return inputs.find((input) => !input.matches("select")) || inputs[0] || row.querySelector("button");
    }

    async function choose(option) {
      const values = JSON.parse(option.dataset.values);
      const holder = target;
      const [row] = await drawn([{ kind: option.dataset.kind, values }], insideOf(holder), { is_new: true });
      const place = holder || holderOf(newGroup());
      place.append(row);
      closePicker(false);
      firstInput(row).focus();
      say(`Added ${row.querySelector(".fb-title")?.textContent || "filter"}`);
      changed();
    }

    function newGroup(after) {
      const group = root.querySelector("[data-empty-group]").content.firstElementChild.cloneNode(true);
      if (after) after.after(group);
      else groups.append(group);
      return group;
    }

    function remove(row) {
      const holder = row.parentElement;
      const next = row.nextElementSibling || row.previousElementSibling;
      const group = row.closest("[data-group]");
      row.remove();
      if (!rowsOf(holderOf(group)).length) return removeGroup(group);
      const owner = holder.parentElement;
      (next?.querySelector("[data-do=remove]") || owner.querySelector(":scope > [data-do=add]")).focus();
      say("Filter removed");
      changed();
    }

    function removeGroup(group) {
      const next = group.nextElementSibling || group.previousElementSibling;
      group.remove();
      (next?.querySelector("[data-do=add]") || root.querySelector("[data-do=add-group]")).focus();
      say("Group removed");
      changed();
    }

    const ACTIONS = {
      add: (button) => openPicker(button, button.parentElement.querySelector(":scope > [data-rows]")),
      "add-group": (button) => openPicker(button, null),
      "close-picker": () => closePicker(true),
      remove: (button) => remove(button.closest("[data-row]")),
      "remove-group": (button) => removeGroup(button.closest("[data-group]")),
      unchip: (button) => {
        const chips = button.closest("[data-chips]");
        button.closest(".fb-chip").remove();
        chips.querySelector(".fb-new").focus();
        changed();
      },
      copy: (button) =>
        attempt(async () => {
          const row = button.closest("[data-row]");
          const [fresh] = await drawn([stateOf(row)], insideOf(row));
          row.after(fresh);
          firstInput(fresh).focus();
          say("Filter copied");
          changed();
        }),
      "copy-group": (button) =>
        attempt(async () => {
          const group = button.closest("[data-group]");
          const rows = await drawn(rowsOf(holderOf(group)).map((row) => stateOf(row)), null);
          const copy = newGroup(group);
          holderOf(copy).append(...rows);
          firstInput(rows[0]).focus();
          say("Group copied");
          changed();
        }),
    };

    root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-do]");
      const option = event.target.closest("[role=option]");
      if (button) ACTIONS[button.dataset.do](button);
      else if (option) pick(option);
    });

    root.addEventListener("input", (event) => {
      const box = event.target.closest("[data-boxes]");
      if (box) nameBoxes(box);
      if (event.target.closest("[data-row]") && !event.target.matches("[role=combobox]")) changed();
    });

    root.addEventListener("change", (event) => {
      if (!event.target.matches("[data-decides]")) return;
      attempt(() => redraw(event.target.closest("[data-row]"), event.target.dataset.name));
    });

    function nameBoxes(box) {
      const labels = [...box.querySelectorAll("input:checked + span")].map((label) => label.textContent);
      const summary = box.querySelector("summary");
      summary.textContent = labels.join(", ") || "Choose";
      const about = summary.getAttribute("aria-label").split(":").slice(0, 2).join(":");
      summary.setAttribute("aria-label", `${about}: ${labels.join(", ") || "none yet"}`);
    }

    // Chips

    function addChips(input, texts) {
      const chips = input.closest("[data-chips]");
      const known = new Set(chipsOf(chips));
      for (const text of texts.map((item) => item.trim())) {
        if (text && !known.has(text)) addChip(chips, input, text, text);
        known.add(text);
      }
      input.value = "";
      changed();
    }

    function addChip(chips, input, value, label) {
      if (!chips.matches("[data-many]")) chips.querySelectorAll(".fb-chip").forEach((chip) => chip.remove());
      const chip = document.createElement("span");
      chip.className = "fb-chip";
      chip.dataset.value = value;
      const words = document.createElement("span");
      words.textContent = label;
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.do = "unchip";
      button.setAttribute("aria-label", `Remove ${label}`);
      button.textContent = "×";
      chip.append(words, button);
      (input.closest(".fb-combo") || input).before(chip);
    }

    const isFree = (input) => input.matches("[data-free] > .fb-new");

    root.addEventListener("paste", (event) => {
      if (!isFree(event.target)) return;
      const text = event.clipboardData.getData("text");
      const parts = text.split(/[\n\r\t;]+/).filter((part) => part.trim());
      const list = parts.length > 1 ? parts : text.split(",");
      if (list.length < 2) return;
      event.preventDefault();
      addChips(event.target, list);
    });

    root.addEventListener("focusout", (event) => {
      if (isFree(event.target) && event.target.value.trim()) addChips(event.target, [event.target.value]);
      const combo = event.target.closest("[data-combo=options]");
      if (combo && !combo.contains(event.relatedTarget)) close(combo);
      const next = event.relatedTarget;
      if (next && picker.contains(event.target) && !picker.contains(next)) closePicker(false);
    });

    // Lists that are searched: the focus stays in the input

    const listOf = (combo) => combo.querySelector("[role=listbox]");
    const inputOf = (combo) => combo.querySelector("[role=combobox]");
    const activeOf = (combo) => listOf(combo).querySelector("[aria-selected=true]");

    function activate(combo, option) {
      activeOf(combo)?.setAttribute("aria-selected", "false");
      const input = inputOf(combo);
      if (!option) return input.removeAttribute("aria-activedescendant");
      option.setAttribute("aria-selected", "true");
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    }

    function move(combo, step) {
      const options = [...listOf(combo).querySelectorAll("[role=option]")];
      if (!options.length) return;
      const place = options.indexOf(activeOf(combo)) + step;
      activate(combo, options[(place + options.length) % options.length]);
    }

    function close(combo) {
      listOf(combo).hidden = true;
      listOf(combo).replaceChildren();
      inputOf(combo).setAttribute("aria-expanded", "false");
      activate(combo, null);
    }

    async function look(combo) {
      const input = inputOf(combo);
      const text = input.value;
      const found = combo.dataset.combo === "offers" ? await offers(text) : await options(combo, text);
      // An answer to what stood there before, or to somebody who has left, is of no use.
      if (text !== input.value || document.activeElement !== input) return;
      const list = listOf(combo);
      list.innerHTML = found.html;
      list.hidden = !found.html;
      input.setAttribute("aria-expanded", `${!!found.html}`);
      activate(combo, list.querySelector("[role=option]"));
      const count = combo.querySelector("[data-count]");
      if (count) count.textContent = found.count;
      else say(found.count);
      if (count) picker.scrollIntoView({ block: "nearest" });
      combo.isStale = false;
      if (combo.wantsFirst && activeOf(combo)) pick(activeOf(combo));
      combo.wantsFirst = false;
    }

    async function offers(text) {
      const asked = new URLSearchParams({ q: text });
      const inside = insideOf(target);
      if (inside) asked.set("inside", JSON.stringify(inside));
      const response = await fetch(`${root.dataset.offers}?${asked}`);
      if (!response.ok) throw new Error(`The server answered ${response.status}.`);
      return response.json();
    }

    async function options(combo, text) {
      const row = combo.closest("[data-row]");
      const input = combo.closest("[data-name]").dataset.name;
      const response = await post(root.dataset.options, { row: stateOf(row, false), inside: insideOf(row), input, q: text });
      return response.json();
    }

    function pick(option) {
      const combo = option.closest(".fb-combo");
      if (combo.dataset.combo === "offers") return attempt(() => choose(option));
      const input = inputOf(combo);
      const chips = combo.closest("[data-chips]");
      addChip(chips, input, option.dataset.value, option.textContent);
      input.value = "";
      close(combo);
      input.focus();
      const owner = chips.matches("[data-decides]") && chips.closest("[data-row]");
      if (owner) attempt(() => redraw(owner, chips.dataset.name));
      else changed();
    }

    root.addEventListener("input", (event) => {
      const combo = event.target.matches("[role=combobox]") && event.target.closest(".fb-combo");
      if (!combo) return;
      combo.isStale = true;
      activate(combo, null);
      clearTimeout(combo.timer);
      combo.timer = setTimeout(() => attempt(() => look(combo)), SEARCH_DELAY);
    });

    root.addEventListener("focusin", (event) => {
      const combo = event.target.matches("[role=combobox]") && event.target.closest("[data-combo=options]");
      if (combo && listOf(combo).hidden) attempt(() => look(combo));
    });

    // A press on an option must not take the focus out of the input.
    root.addEventListener("mousedown", (event) => {
      if (event.target.closest("[role=listbox]")) event.preventDefault();
    });

    root.addEventListener("keydown", (event) => {
      const combo = event.target.matches("[role=combobox]") && event.target.closest(".fb-combo");
      if (combo) return comboKey(event, combo);
      if (event.key === "Escape" && event.target.closest("[data-picker]")) return closePicker(true);
      if (event.key === "Escape") return closeBoxes(event);
      if (event.key === "Enter" && event.target.matches("[data-row] input")) {
        // Enter in a row must not send the page's form.
        event.preventDefault();
        if (isFree(event.target)) addChips(event.target, [event.target.value]);
      }
      if (event.key === "Backspace" && event.target.matches(".fb-new")) lastChip(event.target);
    });

    function closeBoxes(event) {
      const box = event.target.closest("[data-boxes][open]");
      if (!box) return;
      box.open = false;
      box.querySelector("summary").focus();
    }

    function lastChip(input) {
      if (input.value) return;
      const chips = [...input.closest("[data-chips]").querySelectorAll(".fb-chip")];
      if (!chips.length) return;
      chips.at(-1).remove();
      changed();
    }

    function comboKey(event, combo) {
      const steps = { ArrowDown: 1, ArrowUp: -1 };
      if (event.key in steps) {
        event.preventDefault();
        if (listOf(combo).hidden) attempt(() => look(combo));
        else move(combo, steps[event.key]);
      } else if (event.key === "Enter") {
        event.preventDefault();
        const option = activeOf(combo);
        if (option) pick(option);
        // Faster than the server: the first that it will find.
        else combo.wantsFirst = combo.isStale;
      } else if (event.key === "Escape") {
        event.preventDefault();
        if (combo.dataset.combo === "offers") closePicker(true);
        else close(combo);
      } else if (event.key === "Backspace" && event.target.matches(".fb-new")) {
        lastChip(event.target);
      }
    }

    // The picker

    function openPicker(button, holder) {
      target = holder;
      opener = button;
      button.after(picker);
      picker.hidden = false;
      search.value = "";
      search.closest(".fb-combo").wantsFirst = false;
      search.focus();
      attempt(() => look(search.closest(".fb-combo")));
    }

    function closePicker(isBack) {
      if (picker.hidden) return;
      close(search.closest(".fb-combo"));
      picker.hidden = true;
      root.querySelector(".fb-main").append(picker);
      if (isBack) opener.focus();
    }

    document.addEventListener("click", (event) => {
      const isInside = picker.contains(event.target) || event.target.closest?.("[data-do^=add]");
      if (!isInside) closePicker(false);
    });

    root.closest("form")?.addEventListener("submit", () => {
      root.querySelector("[data-state]").value = JSON.stringify(stateOfAll());
    });

    if (groupsOf().length) estimateSoon();
    function estimateSoon() {
      timer = setTimeout(estimate, 0);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-filter-builder]").forEach(start);
  });
})();
