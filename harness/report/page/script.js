'use strict';
const words = document.getElementById('words');
const boxes = [...document.querySelectorAll('input[data-verdict]')];
const shown = document.getElementById('shown');
const items = [...document.querySelectorAll('[data-words]')];
const groups = [...document.querySelectorAll('tbody.cases-of')];

// An item stays when all words occur in it and one of its verdicts is ticked.
function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const ticked = new Set(boxes.filter((box) => box.checked).map((box) => box.dataset.verdict));
  let cases = 0;
  for (const item of items) {
    const text = item.dataset.words.toLowerCase();
    const stays = wanted.every((word) => text.includes(word)) &&
        item.dataset.verdicts.split(' ').some((verdict) => ticked.has(verdict));
    item.hidden = !stays;
    if (stays && item.tagName === 'TR') cases += 1;
  }
  for (const group of groups) group.hidden = !group.querySelector('tr[data-words]:not([hidden])');
  shown.textContent = `${cases} cases shown`;
}

// A link to a detail opens it, also when the filter hides it.
function open() {
  const detail = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!detail || detail.tagName !== 'DETAILS') return;
  detail.hidden = false;
  detail.open = true;
  detail.scrollIntoView();
}

words.addEventListener('input', filter);
for (const box of boxes) box.addEventListener('change', filter);
window.addEventListener('hashchange', open);
filter();
open();
