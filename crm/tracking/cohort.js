/* Reports page views and submitted forms to Cohort. No cookies of others, no further scripts. */
(function () {
  "use strict";
  var script = document.currentScript;
  var early = window.cohort;
  if (!script || (early && early.isRunning)) return;

  var DAY = 86400;
  var TOKEN = "cohort_utk";
  var CONSENT = "cohort_consent";
  var MOST_ITEMS = 20;
  var collectUrl = new URL("collect", script.src).href;
  var needsConsent = script.getAttribute("data-consent") === "required";
  var cookieDomain = script.getAttribute("data-domain");
  var waiting = [];
  var timer = 0;
  var lastPage = "";
  var begun = new WeakSet();

  function cookie(name) {
    var found = document.cookie.match("(?:^|; )" + name + "=([^;]*)");
    return found ? found[1] : "";
  }

  function keep(name, value, days) {
    document.cookie =
      name + "=" + value + "; path=/; max-age=" + days * DAY + "; SameSite=Lax" +
      (location.protocol === "https:" ? "; Secure" : "") +
      (cookieDomain ? "; domain=" + cookieDomain : "");
  }

  /* Do Not Track and Global Privacy Control mean no. */
  function isPrivate() {
    return (
      navigator.doNotTrack === "1" || window.doNotTrack === "1" ||
      navigator.globalPrivacyControl === true
    );
  }

  function isAllowed() {
    var given = cookie(CONSENT);
    return !isPrivate() && given !== "no" && (!needsConsent || given === "yes");
  }

  function token() {
    var known = cookie(TOKEN);
    if (!/^[0-9a-f]{32}$/.test(known)) {
      var bytes = crypto.getRandomValues(new Uint8Array(16));
      known = Array.from(bytes, function (byte) {
        return byte.toString(16).padStart(2, "0");
      }).join("");
    }
    keep(TOKEN, known, 180);
    return known;
  }

  function post(report) {
    var body = JSON.stringify(report);
    /* Text needs no preflight; keepalive lets it go on while the page is left. */
    if (window.fetch && "keepalive" in Request.prototype) {
      fetch(collectUrl, {
        method: "POST", body: body, keepalive: true, credentials: "omit", mode: "no-cors",
      }).catch(function () {});
    } else if (navigator.sendBeacon) {
      navigator.sendBeacon(collectUrl, body);
    }
  }

  function flush() {
    clearTimeout(timer);
    timer = 0;
    while (waiting.length && isAllowed()) {
      post({ visitor: token(), items: waiting.splice(0, MOST_ITEMS) });
    }
  }

  function report(item, isUrgent) {
    if (!isAllowed()) return;
    waiting.push(item);
    if (isUrgent) flush();
    else timer = timer || setTimeout(flush, 200);
  }

  function address() {
    return location.href.split("#")[0];
  }

  function onPage(item) {
    item.url = address();
    item.title = document.title;
    item.referrer = document.referrer;
    item.page = document.documentElement.getAttribute("data-cohort-page") || "";
    return item;
  }

  function page() {
    lastPage = address();
    report(onPage({ kind: "page" }));
  }

  function pageIfMoved() {
    if (address() !== lastPage) page();
  }

  function inputs(form) {
    return Array.prototype.filter.call(form.elements, function (input) {
      var type = (input.type || "").toLowerCase();
      var isHidden = type === "hidden" && !input.hasAttribute("data-cohort-field");
      var isUnfit = /^(password|file|submit|button|reset|image|fieldset)$/.test(type) || isHidden;
      var isCard = /^cc-/.test(input.getAttribute("autocomplete") || "");
      return (
        input.name && !input.disabled && !isUnfit && !isCard &&
        !input.hasAttribute("data-cohort-ignore")
      );
    });
  }

  function isMarked(form) {
    return form.hasAttribute("data-cohort-form");
  }

  /* Marked forms, and those that ask for an email address and for no password. */
  function isWanted(form) {
    if (!(form instanceof HTMLFormElement) || form.hasAttribute("data-cohort-ignore")) return false;
    if (isMarked(form)) return true;
    if (form.querySelector("input[type=password]")) return false;
    return inputs(form).some(function (input) {
      return input.type === "email" || /e-?mail/i.test(input.name);
    });
  }

  function named(form) {
    var action = form.getAttribute("action") || "";
    return {
      id: form.getAttribute("data-cohort-form") || "",
      key:
        form.getAttribute("id") || form.getAttribute("name") ||
        new URL(action, location.href).pathname,
    };
  }

  function valueOf(input) {
    if (input.type === "select-multiple") {
      return Array.from(input.selectedOptions, function (option) {
        return option.value;
      }).join(";");
    }
    return input.value;
  }

  function fieldsOf(form) {
    return inputs(form)
      .filter(function (input) {
        return !/^(checkbox|radio)$/.test(input.type) || input.checked;
      })
      .map(function (input) {
        return { name: input.name, value: valueOf(input), type: input.type };
      });
  }

  function onSubmit(event) {
    var form = event.target;
    if (!isWanted(form)) return;
    var item = onPage({ kind: "submission", form: named(form), fields: fieldsOf(form) });
    if (isAllowed()) report(item, true);
    /* Who sends a form that the site handed to us wants it to arrive; nothing else is told. */
    else if (isMarked(form)) post({ items: [item] });
  }

  function onFocus(event) {
    var form = event.target.form;
    if (!form || begun.has(form) || !isWanted(form)) return;
    begun.add(form);
    report(onPage({ kind: "interaction", form: named(form) }));
  }

  function watchForms() {
    if (!window.IntersectionObserver) return;
    var watcher = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (!entry.isIntersecting) return;
        watcher.unobserve(entry.target);
        report(onPage({ kind: "view", form: named(entry.target) }));
      });
    });
    Array.prototype.filter.call(document.forms, isWanted).forEach(function (form) {
      watcher.observe(form);
    });
  }

  var commands = {
    page: page,
    identify: function (who) {
      var properties = Object.assign({}, who);
      delete properties.email;
      report({ kind: "identify", email: (who || {}).email, properties: properties }, true);
    },
    consent: function (isGiven) {
      keep(CONSENT, isGiven ? "yes" : "no", 180);
      if (isGiven) page();
      else keep(TOKEN, "", 0);
    },
  };

  function run(command) {
    var known = commands[command[0]];
    if (known) known.apply(null, command.slice(1));
  }

  ["pushState", "replaceState"].forEach(function (name) {
    var original = history[name];
    history[name] = function () {
      var result = original.apply(this, arguments);
      setTimeout(pageIfMoved, 0);
      return result;
    };
  });
  window.addEventListener("popstate", pageIfMoved);
  window.addEventListener("pagehide", flush);
  document.addEventListener("submit", onSubmit, true);
  document.addEventListener("focusin", onFocus);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", watchForms);
  else watchForms();

  window.cohort = { push: run, isRunning: true };
  page();
  (early || []).forEach(run);
})();
