// Measures a page where it is shown, and writes what is wrong with it into <pre id="measured">.
(() => {
  const faults = [];
  const say = (fault) => { if (!faults.includes(fault)) faults.push(fault); };
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) say(`it is ${root.scrollWidth} wide on ${root.clientWidth}`);
  if (!root.lang) say("no language");
  if (!document.title) say("no title");

  // Headings go down one level at a time, from one h1.
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) say(`heading "${heading.textContent}" skips a level`);
    level = next;
  }
  if (document.querySelectorAll("h1").length !== 1) say("not one h1");

  // Whoever hears the page hears what each part is.
  for (const part of document.querySelectorAll("section, article, [role=region]")) {
    const by = part.getAttribute("aria-labelledby");
    const name = part.getAttribute("aria-label") || (by && document.getElementById(by)?.textContent);
    if (!name || !name.trim()) say(`a ${part.tagName} without a name`);
  }
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption || !table.caption.textContent.trim()) say("a table without a caption");
    if ([...table.querySelectorAll("th")].some((th) => !th.scope)) say("a table heading without a scope");
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  if (new Set(ids).size !== ids.length) say("an id that is there twice");

  // Contrast by WCAG 2.2, level AA.
  const channels = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => {
    const part = (value) => { const c = value / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length && (colour.length < 4 || colour[3] > 0)) return colour;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || element.closest("script, style, thead")) continue;
    seen += 1;
    const style = getComputedStyle(element);
    const [one, other] = [luminance(channels(style.color)), luminance(behind(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (contrast < least) say(`contrast ${contrast.toFixed(2)} of "${texts.currentNode.textContent.trim().slice(0, 30)}"`);
  }
  if (seen < 50) say(`only ${seen} texts were measured`);
  const result = faults.length ? faults.join("; ") : `ok ${seen} texts, ${root.clientWidth} wide`;
  if (window.parent !== window) {
    window.parent.postMessage(result, "*");
    return;
  }
  const measured = document.createElement("pre");
  measured.id = "measured";
  measured.textContent = result;
  document.body.append(measured);
})();
