import { type ProblemCode, problemCodes, problemKinds } from './problem-kinds.js';

/** The page that a problem's `type` leads to, in both languages. */
export function problemPage(code: ProblemCode): string {
  const { status, title, remedy } = problemKinds[code];
  return page(
    code,
    `<h1>${status} <code>${code}</code></h1>
<section lang="zh-CN"><h2>${escaped(title.zh)}</h2><p>${escaped(remedy.zh)}</p></section>
<section lang="en"><h2>${escaped(title.en)}</h2><p>${escaped(remedy.en)}</p></section>
<p><a href="/problems">All problems · 全部问题类型</a></p>`,
  );
}

export function problemIndexPage(): string {
  const rows = problemCodes
    .map((code) => ({ code, ...problemKinds[code] }))
    .toSorted((a, b) => a.status - b.status)
    .map(
      ({ code, status, title }) =>
        `<tr><td>${status}</td><td><a href="/problems/${code}"><code>${code}</code></a></td><td lang="zh-CN">${escaped(title.zh)}</td><td>${escaped(title.en)}</td></tr>`,
    );
  return page('problems', `<h1>Problems · 问题类型</h1><table>${rows.join('\n')}</table>`);
}

const page = (title: string, body: string): string => `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · 楚算 Chusuan</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}td{padding:.2rem .8rem .2rem 0;vertical-align:top}</style>
</head><body>${body}</body></html>
`;

const escaped = (text: string): string =>
  text.replace(
    /[&<>"]/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character] ?? character,
  );
