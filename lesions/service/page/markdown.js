/** Shows the Markdown of a model card: headings, lists, tables and paragraphs; HTML in it stays text. */

import { buildElement } from "./answer.js";

const HEADING = /^(#{1,6})\s+(.*)$/;
const ITEM = /^\s*(?:[*-]|\d+\.)\s+(.*)$/;
const ROW = /^\|(.*)\|\s*$/;
const RULE = /^\|[\s:|-]+\|\s*$/;
const INLINE = /(?<!\\)(?:\*\*(.+?)\*\*|`([^`]+)`|\[([^\]]+)\]\((https?:[^)\s]+)\))/g;

/** Return the elements of a text; its front matter is left out, and its headings are one level lower. */
export function buildMarkdown(text) {
  const lines = text.replace(/^---\n[\s\S]*?\n---\n/, "").split("\n");
  const elements = [];
  while (lines.length) {
    const line = lines[0];
    const heading = line.match(HEADING);
    if (!line.trim()) lines.shift();
    else if (heading) {
      lines.shift();
      elements.push(buildInline(`h${Math.min(6, heading[1].length + 1)}`, heading[2]));
    } else if (ROW.test(line)) elements.push(buildTable(takeWhile(lines, (one) => ROW.test(one))));
    else if (ITEM.test(line)) elements.push(buildList(takeWhile(lines, (one) => one.trim() && !HEADING.test(one))));
    else elements.push(buildInline("p", takeWhile(lines, isText).join(" ")));
  }
  return elements;
}

function isText(line) {
  return line.trim() && ![HEADING, ITEM, ROW].some((kind) => kind.test(line));
}

function takeWhile(lines, isWanted) {
  const end = lines.findIndex((line) => !isWanted(line));
  return lines.splice(0, end < 0 ? lines.length : end);
}

function buildList(lines) {
  const items = [];
  for (const line of lines) {
    const item = line.match(ITEM);
    if (item) items.push(item[1]);
    else items.push(`${items.pop()} ${line.trim()}`);
  }
  const list = document.createElement("ul");
  list.append(...items.map((item) => buildInline("li", item)));
  return list;
}

function buildTable(lines) {
  const [header, ...rows] = lines.filter((line) => !RULE.test(line)).map(splitCells);
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  head.append(...header.map((cell) => withScope(buildInline("th", cell), "col")));
  const body = table.createTBody();
  for (const [first, ...others] of rows) {
    const row = body.insertRow();
    row.append(withScope(buildInline("th", first), "row"), ...others.map((cell) => buildInline("td", cell)));
  }
  // A wide table scrolls by itself, and by keyboard.
  const scroll = buildElement("div", "", "scroll");
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "group");
  scroll.setAttribute("aria-label", header.join(", "));
  scroll.append(table);
  return scroll;
}

function splitCells(line) {
  return line.match(ROW)[1].split(/(?<!\\)\|/).map((cell) => cell.trim());
}

function withScope(cell, scope) {
  cell.scope = scope;
  return cell;
}

function buildInline(tag, text) {
  const element = document.createElement(tag);
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, strong, code, label, address] = match;
    element.append(withoutEscapes(text.slice(end, match.index)));
    if (address) element.append(buildLink(withoutEscapes(label), address));
    else element.append(strong ? buildElement("strong", withoutEscapes(strong)) : buildElement("code", code));
    end = match.index + whole.length;
  }
  element.append(withoutEscapes(text.slice(end)));
  return element;
}

function withoutEscapes(text) {
  return text.replace(/\\([!-/:-@[-`{-~])/g, "$1");
}

function buildLink(label, address) {
  const link = buildElement("a", label);
  link.href = address;
  link.rel = "noreferrer";
  link.target = "_blank";
  return link;
}
