"use strict";
// What all lists share. Everything from the data becomes text nodes: none of it is ever markup.

const DATA = JSON.parse(document.getElementById("data").textContent);

const WORDS = {
  S: "survived", N: "no coverage", K: "killed", T: "timed out",
  R: "not conclusive", P: "not run", C: "did not compile", I: "ignored",
};

const AT_ONCE = 20;
const TESTS_AT_FIRST = 4;

/** An element with attributes and children; a child that is a string becomes text. */
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "on") {
      for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    } else if (value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function button(words, press, attributes) {
  return make("button", { type: "button", on: { click: press }, ...attributes }, words);
}

function many(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** Two lines as [same start, what goes, what comes, same end], cut between words. */
function parts(before, after) {
  const one = before.match(/\w+|\s+|[<>=!+\-*/%|&^]+|[^\w\s]/g) || [];
  const two = after.match(/\w+|\s+|[<>=!+\-*/%|&^]+|[^\w\s]/g) || [];
  let start = 0;
  while (start < one.length && start < two.length && one[start] === two[start]) start += 1;
  let end = 0;
  while (end < one.length - start && end < two.length - start && one[one.length - 1 - end] === two[two.length - 1 - end]) end += 1;
  const join = (words, from, to) => words.slice(from, to).join("");
  return [join(one, 0, start), join(one, start, one.length - end), join(two, start, two.length - end), join(one, one.length - end)];
}

/** Lines of a unified diff, marked by their first character; in a pair, the words that differ. */
function diff(text) {
  const kinds = { "+": "add", "-": "del", "@": "at" };
  const box = make("code", { class: "diff", tabindex: "0", "aria-label": "the change" });
  const lines = text.replace(/\s+$/, "").split("\n");
  const changed = lines.filter((line) => line[0] === "-" || line[0] === "+");
  const isPair = changed.length === 2 && changed[0][0] === "-" && changed[1][0] === "+";
  const [head, gone, come, tail] = isPair ? parts(changed[0].slice(1), changed[1].slice(1)) : [];
  for (const line of lines) {
    const words = isPair && line === changed[0] ? gone : isPair && line === changed[1] ? come : "";
    const inside = words ? [line[0] + head, make("mark", {}, words), tail] : [line || " "];
    box.append(make("span", { class: kinds[line[0]] }, ...inside));
  }
  return box;
}

/** Text that came with a label: a diff, code, or plain words. */
function evidence([label, text, language]) {
  const head = make("p", { class: "label" }, label);
  if (language === "diff") {
    return make("div", { class: "evidence" }, head, diff(text.replace(/^(---|\+\+\+) .*\n/gm, "")));
  }
  if (language || text.includes("\n")) {
    const code = make("code", { class: "diff", tabindex: "0" });
    for (const line of text.split("\n")) code.append(make("span", {}, line || " "));
    return make("div", { class: "evidence" }, head, code);
  }
  return make("p", { class: "evidence" }, make("span", { class: "label" }, `${label} `), ...plainCode(text));
}

/** A sentence in which `code` is set as code. */
function plainCode(text) {
  return text.split(/(`[^`]+`)/).map((piece, index) => (index % 2 ? make("code", {}, piece.slice(1, -1)) : piece));
}

/** Text that may break behind a slash, an underscore, a colon or a dot. */
function breaking(text) {
  const pieces = text.split(/(?<=[/_:.[])/);
  return pieces.flatMap((piece, index) => (index ? [make("wbr"), piece] : [piece]));
}

/** A node id with its last part standing out. */
function testName(id) {
  const at = id.indexOf("::");
  const file = at < 0 ? "" : id.slice(0, at + 2);
  return make("span", { class: "test" }, ...breaking(file), make("wbr"), make("b", {}, ...breaking(id.slice(file.length))));
}

/** The first few tests, the rest on demand. `all` counts those that are not in the page too. */
function testList(ids, all) {
  const list = make("ul", { class: "tests" });
  const box = make("div", {}, list);
  const add = (some) => {
    for (const id of some) list.append(make("li", {}, testName(id)));
  };
  add(ids.slice(0, TESTS_AT_FIRST));
  const missing = all - ids.length;
  const note = missing > 0 ? make("p", { class: "hint" }, `${many(missing, "more test")} in the JSON record`) : null;
  if (ids.length > TESTS_AT_FIRST) {
    const more = button(`all ${many(ids.length, "test")}`, () => {
      add(ids.slice(TESTS_AT_FIRST));
      more.remove();
      if (note) box.append(note);
    }, { class: "plainly" });
    box.append(more);
  } else if (note) {
    box.append(note);
  }
  return box;
}

/** A card that is filled when it is opened for the first time. */
function card(key, summary, fill, isOpen) {
  const details = make("details", {}, make("summary", { id: key }, ...summary));
  const open = () => {
    if (details.open && !details.dataset.full) {
      details.dataset.full = "1";
      details.append(fill());
    }
  };
  details.addEventListener("toggle", open);
  if (isOpen) {
    details.open = true;
    open();
  }
  return make("li", { class: "card" }, details);
}

/** A list that draws its entries a few at a time: `draw` makes one entry's element. */
class LongList {
  constructor(place, draw, noun) {
    this.list = make("ul", { class: "cards" });
    this.count = make("p", { class: "hint", role: "status" });
    this.more = make("p", { class: "more" });
    this.draw = draw;
    this.noun = noun;
    place.append(this.count, this.list, this.more);
  }

  show(entries) {
    this.entries = entries;
    this.drawn = 0;
    this.list.replaceChildren();
    this.count.textContent = many(entries.length, this.noun);
    if (!entries.length) this.list.append(make("li", { class: "empty" }, "Nothing fits these filters."));
    this.extend(AT_ONCE);
  }

  extend(count) {
    const next = this.entries.slice(this.drawn, this.drawn + count);
    this.list.append(...next.map((entry, index) => this.draw(entry, this.drawn + index)));
    this.drawn += next.length;
    const left = this.entries.length - this.drawn;
    this.more.replaceChildren();
    if (left > 0) {
      this.more.append(button(`Show ${Math.min(left, AT_ONCE)} more of ${left.toLocaleString("en")}`, () => {
        const first = this.drawn;
        this.extend(AT_ONCE);
        this.list.children[first].querySelector("summary").focus();
      }));
    }
  }

  /** Draw as far as one entry; its element. */
  reach(place) {
    if (place >= this.drawn) this.extend(place + 1 - this.drawn + AT_ONCE);
    return this.list.children[place];
  }
}
