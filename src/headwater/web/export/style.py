"""How the page of an exported run looks: light, dark and on paper."""

STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1c2128; --soft: #5b6675; --line: #d8dee6; --card: #f6f8fa;
  --ok: #1a7f4b; --bad: #c62f3b; --busy: #2563c9; --odd: #b26a00; --wait: #c9d3df; --code: #f2f4f7; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --ink: #e4e9f0; --soft: #9aa7b8; --line: #2d3540;
  --card: #1a2028; --ok: #46c285; --bad: #ff6f78; --busy: #6ea8ff; --odd: #eaa544; --wait: #3a4553; --code: #0d1117; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 2rem 1.25rem 4rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0; display: flex; gap: .75rem; align-items: center; flex-wrap: wrap; }
h2 { font-size: 1.1rem; margin: 2.25rem 0 .6rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { font-size: .95rem; margin: 1.1rem 0 .3rem; }
p { margin: .35rem 0; } .soft { color: var(--soft); } .number { text-align: right; font-variant-numeric: tabular-nums; }
nav { margin: 1rem 0 0; display: flex; gap: .25rem 1rem; flex-wrap: wrap; font-size: .9rem; }
a { color: var(--busy); text-decoration: none; } a:hover { text-decoration: underline; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: 1rem 0; }
dt { color: var(--soft); } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th { text-align: left; font-weight: 600; color: var(--soft); white-space: nowrap; }
th, td { padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
table.pairs td:first-child { width: 16rem; color: var(--soft); }
.wide { overflow-x: auto; } .wide table td { white-space: nowrap; }
pre, code { font: 12.5px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
pre { margin: .4rem 0; padding: .7rem .9rem; background: var(--code); border: 1px solid var(--line); border-radius: 8px;
  overflow: auto; max-height: 34rem; white-space: pre; tab-size: 4; }
pre.log { white-space: pre-wrap; } pre .err { color: var(--bad); } pre .user { font-weight: 700; }
.pill { display: inline-block; padding: .1rem .65rem; border-radius: 99px; font-size: .85rem; font-weight: 600;
  border: 1px solid currentColor; } .tag { display: inline-block; background: var(--card); border-radius: 6px;
  border: 1px solid var(--line); padding: 0 .45rem; margin: 0 .3rem .2rem 0; font-size: .85rem; }
.ok { color: var(--ok); } .bad { color: var(--bad); } .busy { color: var(--busy); } .odd { color: var(--odd); }
.failure { border: 1px solid var(--bad); border-left-width: 5px; border-radius: 8px; padding: .7rem 1rem;
  margin: 1rem 0; }
details { border: 1px solid var(--line); border-radius: 8px; margin: .4rem 0; padding: 0 .8rem; }
summary { cursor: pointer; padding: .45rem 0; } details[open] > summary { border-bottom: 1px solid var(--line); }
details > :last-child { margin-bottom: .7rem; }
svg { display: block; max-width: 100%; height: auto; } .scroll { overflow-x: auto; } .scroll svg { max-width: none; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); } svg text.soft { fill: var(--soft); font-size: 11px; }
svg .box { fill: var(--card); stroke: var(--line); stroke-width: 1.5; } svg .way { fill: none; stroke: var(--soft); }
svg .back { stroke-dasharray: 4 4; } svg .grid { stroke: var(--line); } svg .wait { fill: var(--wait); }
svg .curve { fill: none; stroke: var(--busy); stroke-width: 1.5; } svg .bar { fill: var(--busy); }
svg .ok.fill { fill: var(--ok); } svg .bad.fill { fill: var(--bad); } svg .busy.fill { fill: var(--busy); }
svg .odd.fill { fill: var(--odd); } svg .ok.box { stroke: var(--ok); } svg .bad.box { stroke: var(--bad); }
svg .busy.box { stroke: var(--busy); } svg .odd.box { stroke: var(--odd); }
.curves { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem; }
img { max-width: 100%; image-rendering: auto; background: #fff; border-radius: 4px; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
@media print { :root { --page: #fff; --ink: #000; --soft: #444; --line: #bbb; --card: #f4f4f4; --ok: #1a7f4b;
  --bad: #b3202c; --busy: #1d4fa8; --odd: #8a5200; --wait: #ccc; --code: #f8f8f8; }
  body { max-width: none; padding: 0; font-size: 10.5pt; } nav { display: none; } pre { max-height: none;
  white-space: pre-wrap; } .scroll svg { max-width: 100%; }
  .wide table td { white-space: normal; } h2 { break-after: avoid; }
  tr, svg, .failure { break-inside: avoid; } }
"""
