({terms, width}) => {
  const thai = /[\u0e01-\u0e4e]/;
  // Names, code, data and what somebody wrote are in whatever language they are in.
  const apart = 'pre, code, kbd, samp, script, style, svg, [lang=en], .prose, .feedback, .staff-feedback, .nb, .hash, textarea, option, [id*=_en-section], .public-DraftEditor-content, .w-minimap';
  const seen = (element) => element.checkVisibility({checkOpacity: true, checkVisibilityCSS: true});
  const said = (element) => element.textContent.trim().replace(/\s+/g, ' ').slice(0, 80);
  const named = (element) => `<${element.tagName.toLowerCase()} class="${element.getAttribute('class') || ''}">`;
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() && parent && seen(parent) && !parent.closest('.visually-hidden, .w-sr-only, iframe, svg'))
      texts.push(walker.currentNode);
  }

  const lines = [...document.querySelectorAll('body')].flatMap((part) => {
    const copy = part.cloneNode(true);
    for (const known of copy.querySelectorAll(`${apart}, [hidden], template`)) known.remove();
    return copy.innerText.split(/\n|\t/).map((line) => line.trim()).filter(Boolean);
  });

  // Where letters stand with their marks, whatever the height of the line.
  const inkOf = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return [...range.getClientRects()];
  };

  // Room for marks above and below: boxes that cut off, and lines that are set too closely.
  const clipped = [], tight = [], unmarked = [];
  for (const element of new Set(texts.filter((text) => thai.test(text.data)).map((text) => text.parentElement))) {
    const style = getComputedStyle(element), size = parseFloat(style.fontSize), line = parseFloat(style.lineHeight);
    const inFrame = element.closest('main, header, footer');
    if (line && line < 1.4 * size && element.getClientRects().length && inFrame)
      tight.push(`${named(element)} ${(line / size).toFixed(2)} ${said(element)}`);
    for (let box = element; box && box !== document.body; box = box.parentElement) {
      const kind = getComputedStyle(box).overflowY, frame = box.getBoundingClientRect();
      if ((kind === 'hidden' || kind === 'clip') && frame.height > 1 && inkOf(element).some((ink) => ink.height > 1
          && (ink.top < frame.top - 1 && ink.bottom > frame.top + 4 || ink.bottom > frame.bottom + 1 && ink.top < frame.bottom - 4)))
        clipped.push(`${named(box)} ${said(element)}`);
    }
    if (element.closest('[lang]')?.lang.startsWith('en') && !element.closest(apart)) unmarked.push(said(element));
  }
  for (const field of document.querySelectorAll('input:not([type=hidden]), select')) {
    const style = getComputedStyle(field);
    const inner = field.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    if (seen(field) && !['checkbox', 'radio', 'file', 'color', 'range'].includes(field.type) && field.clientHeight > 1
        && inner < 1.3 * parseFloat(style.fontSize))
      clipped.push(`${field.tagName} ${field.name} has ${Math.round(inner)} px`);
  }

  // A key term stands on one line.
  const broken = [];
  for (const text of texts) {
    for (const term of terms) {
      for (let at = text.data.indexOf(term); at >= 0; at = text.data.indexOf(term, at + 1)) {
        if (/[\u0e30-\u0e3a\u0e45-\u0e4e]/.test(text.data[at + term.length] || '') || text.parentElement.closest(apart)) continue;
        const range = document.createRange();
        range.setStart(text, at);
        range.setEnd(text, at + term.length);
        if (new Set([...range.getClientRects()].map((one) => Math.round(one.top))).size > 1) broken.push(`${term}: ${said(text.parentElement)}`);
      }
    }
  }

  const wide = [...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > width + 1 && seen(one));
  return {
    lines, clipped, tight, unmarked, broken,
    width: document.documentElement.scrollWidth,
    widest: wide.slice(-1).map(named).join(''),
  };
}
