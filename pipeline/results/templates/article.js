"use strict";
{
  const data = JSON.parse(document.getElementById("data").textContent);
  const marks = [...document.querySelectorAll("main mark")];
  const numbers = new Map(marks.map((mark) => [mark, mark.dataset.m.split(" ").map(Number)]));
  const tip = document.getElementById("tip");
  const score = document.getElementById("score");
  const search = document.getElementById("search");
  const buttons = [...document.querySelectorAll("[data-name]")];
  const chosen = new Set();

  const off = (selector, key) => new Set(
    [...document.querySelectorAll(selector)].filter((box) => !box.checked)
      .map((box) => box.dataset[key]));

  function isShown(mention, types, found, names) {
    return !types.has(String(mention.type)) && !found.has(mention.found)
      && (mention.score === null || mention.score >= Number(score.value) - 1e-6)
      && (!names || names.has(mention.name));
  }

  function wanted() {
    const words = search.value.trim().toLowerCase();
    buttons.forEach((button) => {
      const text = data.names[Number(button.dataset.name)].toLowerCase();
      button.parentElement.hidden = !text.includes(words);
    });
    if (chosen.size) return chosen;
    if (!words) return null;
    return new Set(buttons.filter((button) => !button.parentElement.hidden)
      .map((button) => Number(button.dataset.name)));
  }

  function draw(mark, shown) {
    const visible = numbers.get(mark).filter((number) => shown[number]);
    const mentions = visible.map((number) => data.mentions[number]);
    const classes = ["m"];
    if (!mentions.length) classes.push("off");
    else {
      const [first, second] = mentions;
      classes.push(`t${first.type % 8}`);
      if (first.found) classes.push(first.found);
      if (starts.get(visible[0]) === mark) classes.push("first");
      if (second) classes.push("second", `second${second.type % 8}`);
    }
    mark.className = classes.join(" ");
    mark.tabIndex = -1;
    return mentions.length > 0;
  }

  const starts = new Map();
  marks.forEach((mark) => numbers.get(mark).forEach((number) => {
    if (!starts.has(number)) starts.set(number, mark);
  }));

  let visible = [];
  function update() {
    document.getElementById("least").textContent = Number(score.value).toFixed(2);
    const types = off("[data-type]", "type");
    const found = off("[data-found]", "found");
    const names = wanted();
    const shown = data.mentions.map((mention) => isShown(mention, types, found, names));
    visible = marks.filter((mark) => draw(mark, shown));
    if (visible.length) visible[0].tabIndex = 0;
    const counts = new Map();
    data.mentions.forEach((mention, number) => {
      if (shown[number]) counts.set(mention.type, (counts.get(mention.type) || 0) + 1);
    });
    document.querySelectorAll("[data-count]").forEach((cell) => {
      cell.textContent = (counts.get(Number(cell.dataset.count)) || 0).toLocaleString("en");
    });
    document.getElementById("shown").textContent =
      shown.filter(Boolean).length.toLocaleString("en");
    tip.hidden = true;
  }

  function describe(mention) {
    const list = document.createElement("dl");
    const rows = [["type", mention.label], ["text", mention.exact]];
    if (mention.concept) rows.push(["concept", `${mention.concept} ${mention.concept_name}`]);
    if (mention.score !== null) rows.push(["score", mention.score.toFixed(3)]);
    if (mention.found) rows.push(["found", { agreed: "in both", here: "only here",
      there: "only there" }[mention.found]]);
    if (mention.section) rows.push(["section", mention.section]);
    if (mention.id) rows.push(["id", mention.id], ["model", mention.model], ["XPath", mention.place]);
    for (const [name, value] of rows) {
      list.append(Object.assign(document.createElement("dt"), { textContent: name }),
        Object.assign(document.createElement("dd"), { textContent: value }));
    }
    return list;
  }

  function showTip(mark) {
    const off = mark.classList.contains("off");
    tip.replaceChildren(...numbers.get(mark).map((n) => describe(data.mentions[n])));
    tip.hidden = off;
    if (off) return;
    mark.setAttribute("aria-describedby", "tip");
    const box = mark.getBoundingClientRect();
    const left = Math.min(box.left, document.documentElement.clientWidth - tip.offsetWidth - 12);
    const below = box.bottom + 6 + tip.offsetHeight < innerHeight || box.top < tip.offsetHeight;
    tip.style.left = `${Math.max(6, left) + scrollX}px`;
    tip.style.top = `${(below ? box.bottom + 6 : box.top - 6 - tip.offsetHeight) + scrollY}px`;
  }

  const markOf = (event) => event.target.closest && event.target.closest("main mark");
  for (const name of ["mouseover", "focusin", "click"]) {
    document.addEventListener(name, (event) => { if (markOf(event)) showTip(markOf(event)); });
  }
  for (const name of ["mouseout", "focusout"]) {
    document.addEventListener(name, (event) => { if (markOf(event)) tip.hidden = true; });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") tip.hidden = true;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const at = visible.indexOf(document.activeElement);
    if (!step || at < 0) return;
    const next = visible[at + step];
    if (next) next.focus();
    event.preventDefault();
  });
  document.querySelectorAll("input").forEach((input) => input.addEventListener("input", update));
  buttons.forEach((button) => {
    button.disabled = false;
    button.addEventListener("click", () => {
      const name = Number(button.dataset.name);
      if (!chosen.delete(name)) chosen.add(name);
      button.setAttribute("aria-pressed", String(chosen.has(name)));
      update();
      const first = visible[0];
      if (chosen.size && first) first.scrollIntoView({ block: "center" });
    });
  });
  document.querySelectorAll(".controls").forEach((control) => { control.hidden = false; });
  if (matchMedia("(max-width: 70rem)").matches) {
    document.querySelectorAll("aside details").forEach((details) => { details.open = false; });
  }
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((details) => { details.open = true; });
  });
  update();
  const aim = data.mentions.findIndex((mention) => mention.id && `#${mention.id}` === location.hash);
  if (starts.has(aim)) {
    starts.get(aim).classList.add("chosen");
    starts.get(aim).scrollIntoView({ block: "center" });
    starts.get(aim).focus({ preventScroll: true });
  }
}
