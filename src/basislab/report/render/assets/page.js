(function () {
  "use strict";
  var source = JSON.parse(document.getElementById("figure-data").textContent);
  var embed = window.basislabVega.embed;
  var views = {}; // by figure: the views of its panels
  var timed = []; // views whose x axis is the shared time
  var whole = null; // the longest time any of them shows
  var busy = false; // while a zoom is carried to all views, what they report is not news
  var wanted = null; // the zoom that was asked for meanwhile

  function rowsOf(name) {
    var table = source.data[name];
    var columns = Object.keys(table.columns).map(function (key) {
      var column = table.columns[key];
      var values = Array.isArray(column) ? column : column.at.map(function (i) { return column.of[i]; });
      return [key, values];
    });
    var rows = [];
    for (var i = 0; i < table.rows; i++) {
      var row = {};
      columns.forEach(function (pair) { row[pair[0]] = pair[1][i]; });
      rows.push(row);
    }
    return rows;
  }

  function dataNames(spec, found) {
    if (spec && typeof spec === "object") {
      if (spec.data && spec.data.name && source.data[spec.data.name]) found[spec.data.name] = true;
      Object.keys(spec).forEach(function (key) { dataNames(spec[key], found); });
    }
    return found;
  }

  // ---- zoom: one time axis for the whole document
  function domainOf(view) {
    var domain = view.scale("x").domain();
    return [+domain[0], +domain[1]];
  }

  function setZoom(domain, from) {
    if (busy) {
      wanted = { domain: domain };
      return;
    }
    busy = true;
    var runs = timed.filter(function (view) { return view !== from; }).map(function (view) {
      return view.signal("zoom_t", domain).runAsync();
    });
    Promise.all(runs).then(function () {
      var next = wanted;
      busy = false;
      wanted = null;
      if (next) setZoom(next.domain, null);
    });
  }

  function isTimed(view) {
    try { view.signal("zoom_t"); return true; } catch (error) { return false; }
  }

  function addTimed(view) {
    var domain = domainOf(view);
    whole = whole ? [Math.min(whole[0], domain[0]), Math.max(whole[1], domain[1])] : domain;
    timed.push(view);
    view.addSignalListener("zoom_t", function (name, value) {
      if (!busy) setZoom(value ? value.map(Number) : null, view);
    });
  }

  function zoom(view, how) {
    if (how === "reset") return apply(null);
    var now = domainOf(view), width = now[1] - now[0], middle = (now[0] + now[1]) / 2;
    var factor = how === "in" ? 0.5 : how === "out" ? 2 : 1;
    var shift = how === "left" ? -width / 3 : how === "right" ? width / 3 : 0;
    var half = Math.max(width * factor, 7 * 864e5) / 2;
    var next = [middle + shift - half, middle + shift + half];
    if (next[1] - next[0] >= whole[1] - whole[0]) return apply(null);
    if (next[0] < whole[0]) next = [whole[0], whole[0] + next[1] - next[0]];
    if (next[1] > whole[1]) next = [whole[1] - (next[1] - next[0]), whole[1]];
    return apply(next);
    function apply(domain) { setZoom(domain, null); }
  }

  // ---- tools of a figure
  function signal(key, name, value) {
    (views[key] || []).forEach(function (view) {
      try { view.signal(name, value).runAsync(); } catch (error) { /* this panel has no such parameter */ }
    });
  }

  function csvOf(key) {
    var names = {};
    source.figures[key].forEach(function (spec) { dataNames(spec, names); });
    var skip = { t: 1, t2: 1, zero: 1, on: 1, fill: 1, step: 1, colour: 1, place: 1, right_usd: 1 };
    return Object.keys(names).map(function (name) {
      var rows = rowsOf(name);
      var columns = Object.keys(source.data[name].columns).filter(function (c) { return !skip[c]; });
      var lines = rows.map(function (row) {
        return columns.map(function (c) { return cell(row[c]); }).join(",");
      });
      return [columns.join(",")].concat(lines).join("\r\n");
    }).join("\r\n\r\n") + "\r\n";
  }

  function cell(value) {
    if (value === null || value === undefined) return "";
    var text = String(value);
    return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }

  function save(key) { keep(new Blob([csvOf(key)], { type: "text/csv" }), key + ".csv"); }

  function keep(blob, name) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    document.body.appendChild(link);
    link.click();
    link.remove();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
    say("Saved " + name);
  }

  // ---- files: unpacked here; where a browser cannot, the link itself saves the packed file
  document.querySelectorAll("a[data-file]").forEach(function (link) {
    link.addEventListener("click", function (event) {
      if (!window.DecompressionStream) return;
      event.preventDefault();
      var text = atob(link.href.split(",")[1]);
      var bytes = Uint8Array.from(text, function (letter) { return letter.charCodeAt(0); });
      var stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
      new Response(stream).blob().then(function (blob) { keep(blob, link.dataset.file); });
    });
  });

  function say(text) { document.getElementById("status").textContent = text; }

  function press(figure, button) {
    var key = figure.dataset.figure;
    if (button.dataset.save) return save(key);
    if (button.dataset.zoom && views[key]) return zoom(views[key][0], button.dataset.zoom);
    if (button.dataset.series) {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      var off = figure.querySelectorAll('.key[aria-pressed="false"]');
      signal(key, "hidden", Array.prototype.map.call(off, function (b) { return b.dataset.series; }));
    }
    if (button.dataset.leverage) {
      figure.querySelectorAll(".choice").forEach(function (b) {
        b.setAttribute("aria-pressed", String(b === button));
      });
      signal(key, "leverage", Number(button.dataset.leverage));
    }
  }

  // ---- drawing, one figure after the other so that the page answers in between
  function draw(figure) {
    var key = figure.dataset.figure;
    views[key] = [];
    figure.addEventListener("click", function (event) {
      var button = event.target.closest("button");
      if (button) press(figure, button);
    });
    return source.figures[key].reduce(function (before, given, i) {
      return before.then(function () {
        var spec = JSON.parse(JSON.stringify(given));
        spec.datasets = {};
        Object.keys(dataNames(given, {})).forEach(function (name) { spec.datasets[name] = rowsOf(name); });
        var panel = figure.querySelector('[data-panel="' + i + '"]');
        return embed(panel, spec, {
          actions: false, renderer: "svg", tooltip: { disableDefaultStyle: true, theme: "page" }
        }).then(function (made) {
          views[key].push(made.view);
          if (isTimed(made.view)) addTimed(made.view);
          panel.dataset.drawn = "true";
        }, function (error) {
          panel.classList.add("failed");
          console.error("figure " + key, error);
        });
      });
    }, Promise.resolve());
  }

  var figures = Array.prototype.slice.call(document.querySelectorAll("[data-figure]"));
  window.basislabDrawn = figures.reduce(function (before, figure) {
    return before.then(function () {
      return new Promise(function (resolve) { setTimeout(resolve, 0); });
    }).then(function () { return draw(figure); });
  }, Promise.resolve()).then(function () { document.documentElement.dataset.drawn = "true"; });

  // ---- closed chapters: they open on a click, for a link to them, and on paper
  var closed = Array.prototype.slice.call(document.querySelectorAll("details.chapter"));
  function refit() { window.dispatchEvent(new Event("resize")); }
  function openFor(hash) {
    var target = hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));
    var chapter = target && (target.querySelector("details.chapter") || target.closest("details.chapter"));
    if (chapter) chapter.open = true;
  }
  closed.forEach(function (chapter) { chapter.addEventListener("toggle", refit); });
  document.querySelectorAll('a[href^="#"]').forEach(function (link) {
    link.addEventListener("click", function () { openFor(link.hash); });
  });
  window.addEventListener("hashchange", function () { openFor(location.hash); });
  openFor(location.hash);
  var folded = [];
  window.addEventListener("beforeprint", function () {
    folded = closed.filter(function (chapter) { return !chapter.open; });
    folded.forEach(function (chapter) { chapter.open = true; });
  });
  window.addEventListener("afterprint", function () {
    folded.forEach(function (chapter) { chapter.open = false; });
  });

  // ---- theme
  var root = document.documentElement, toggle = document.getElementById("theme");
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function isDark() { return root.dataset.theme ? root.dataset.theme === "dark" : dark.matches; }
  function label() {
    toggle.textContent = isDark() ? "Light" : "Dark";
    toggle.setAttribute("aria-pressed", String(isDark()));
    toggle.setAttribute("aria-label", "Dark theme");
  }
  try { var kept = localStorage.getItem("basislab-theme"); if (kept) root.dataset.theme = kept; } catch (error) { /* private mode */ }
  toggle.addEventListener("click", function () {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("basislab-theme", root.dataset.theme); } catch (error) { /* private mode */ }
    label();
  });
  dark.addEventListener("change", label);
  label();

  // ---- contents
  var contents = document.querySelector("nav details");
  var wide = window.matchMedia("(min-width: 68rem)");
  function fold() { contents.open = wide.matches; }
  wide.addEventListener("change", fold);
  fold();
  var links = {};
  document.querySelectorAll("nav a").forEach(function (link) { links[link.hash.slice(1)] = link; });
  if ("IntersectionObserver" in window) {
    var seen = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (!entry.isIntersecting) return;
        Object.keys(links).forEach(function (id) { links[id].removeAttribute("aria-current"); });
        links[entry.target.id].setAttribute("aria-current", "true");
      });
    }, { rootMargin: "-15% 0px -75% 0px" });
    document.querySelectorAll("main section").forEach(function (section) { seen.observe(section); });
  }
})();
