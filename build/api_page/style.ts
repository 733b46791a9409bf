/** The page's CSS, for light and dark mode, narrow and wide screens, and print. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --back: light-dark(#ffffff, #14171a);
  --raised: light-dark(#f4f6f8, #1d2226);
  --line: light-dark(#d5dce2, #363e45);
  --text: light-dark(#1b2329, #e3e8ec);
  --quiet: light-dark(#55626d, #9fabb5);
  --link: light-dark(#0a58a6, #7cb9f5);
  --get: light-dark(#0b6b3a, #6fd49d);
  --post: light-dark(#0a58a6, #7cb9f5);
  --delete: light-dark(#a8261d, #f39a92);
  --mark: light-dark(#fff6d6, #3a3417);
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body {
  margin: 0;
  background: var(--back);
  color: var(--text);
  font: 0.9375rem/1.5 system-ui, sans-serif;
}
.columns { margin: 0 auto; max-width: 90rem; padding: 0 1.5rem 4rem; }
a { color: var(--link); text-underline-offset: 0.15em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; padding: 0.5rem 1rem; background: var(--raised); }
header {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  justify-content: space-between;
  column-gap: 2rem;
  padding: 0 1.5rem;
  border-bottom: 1px solid var(--line);
  background: var(--raised);
}
header p { margin: 0; }
.brand {
  display: inline-flex;
  align-items: center;
  gap: 0.5rem;
  padding: 0.75rem 0;
  color: inherit;
  font-weight: 600;
  text-decoration: none;
}
h1 { margin: 1.5rem 0 1rem; font-size: 1.75rem; line-height: 1.2; }
h2 { margin: 3.5rem 0 0.75rem; font-size: 1.5rem; line-height: 1.25; }
h3 { margin: 0 0 0.5rem; font-size: 1.15rem; line-height: 1.3; }
h4 { margin: 1.5rem 0 0.5rem; font-size: 0.95rem; line-height: 1.3; }
h3 a { color: inherit; text-decoration: none; }
h3 a:hover { text-decoration: underline; }
p { margin: 0 0 0.75rem; max-width: 44rem; }
small { color: var(--quiet); font-size: 0.85em; font-weight: 400; }
code, pre, .method { font-family: ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; }
code { font-size: 0.875em; overflow-wrap: anywhere; }
article {
  margin: 1.5rem 0;
  padding: 1.25rem 1.5rem 1.5rem;
  border: 1px solid var(--line);
  border-radius: 0.5rem;
}
:target { border-color: var(--link); }
span:target, code:target, h4:target { padding: 0 0.25rem; background: var(--mark); }
.route { max-width: none; }
.route code { font-size: 1rem; }
.scope { margin-left: 0.75rem; color: var(--quiet); font-size: 0.85rem; }
.method { font-size: 0.8rem; font-weight: 700; }
.get { color: var(--get); }
.post { color: var(--post); }
.delete { color: var(--delete); }
table { width: 100%; border-collapse: collapse; font-size: 0.9rem; line-height: 1.45; }
th, td {
  padding: 0.45rem 1rem 0.45rem 0;
  border-bottom: 1px solid var(--line);
  text-align: left;
  vertical-align: top;
}
thead th { color: var(--quiet); font-weight: 500; }
tbody th { font-weight: 600; }
td:last-child { width: 50%; padding-right: 0; }
td:nth-child(2):last-child { width: 88%; }
.problems { margin-top: 0.75rem; }
.problems a { display: inline-block; padding: 0.15rem 0.25rem; }
.apart { margin-top: 2rem; }
figure { margin: 0 0 0.75rem; border: 1px solid var(--line); border-radius: 0.375rem; }
figcaption {
  padding: 0.35rem 0.75rem;
  border-bottom: 1px solid var(--line);
  color: var(--quiet);
  font-size: 0.8rem;
}
pre {
  margin: 0;
  padding: 0.75rem;
  max-height: 24rem;
  overflow: auto;
  border-radius: 0 0 0.375rem 0.375rem;
  background: var(--raised);
  font-size: 0.9rem;
  line-height: 1.45;
}
pre code { overflow-wrap: normal; }
nav { margin: 1rem 0 2rem; font-size: 0.9rem; }
nav p { margin: 1rem 0 0.25rem; font-weight: 600; }
nav ul { margin: 0; padding: 0; list-style: none; }
nav li { padding: 0.1rem 0; }
nav a { display: block; padding: 0.15rem 0; color: inherit; text-decoration: none; overflow-wrap: anywhere; }
nav a:hover { text-decoration: underline; }
nav .method { display: inline-block; min-width: 3.6rem; font-size: 0.7rem; }
@media (min-width: 64rem) {
  .columns {
    display: grid;
    grid-template-columns: 17rem minmax(0, 1fr);
    column-gap: 2.5rem;
  }
  nav {
    position: sticky;
    top: 0;
    align-self: start;
    max-height: 100vh;
    margin: 0;
    padding: 1rem 0.5rem 2rem 0;
    overflow-y: auto;
  }
}
@media (max-width: 63.99rem) {
  nav .long { display: none; }
}
@media (max-width: 40rem) {
  header, .columns { padding: 0 0.75rem; }
  article { padding: 1rem; }
  .scope { display: block; margin: 0.25rem 0 0; }
  thead { position: absolute; left: -99rem; }
  table, tbody, tr, th, td { display: block; }
  td:last-child, td:nth-child(2):last-child { width: auto; }
  tr { padding: 0.5rem 0; border-bottom: 1px solid var(--line); }
  th, td { padding: 0.1rem 0; border: 0; }
}
@media print {
  nav, .skip { display: none; }
  body { font-size: 0.8rem; }
  .columns { max-width: none; padding: 0; }
  article { border: 0; padding: 0; }
  pre { max-height: none; overflow: visible; white-space: pre-wrap; }
  h2, h3, h4, figcaption { break-after: avoid; }
  tr, figure { break-inside: avoid; }
}
`;
