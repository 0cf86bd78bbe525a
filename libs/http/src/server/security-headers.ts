const always = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
};
// Data is no document: nothing may run, load or frame it. Answers belong to whoever holds the key, so no cache keeps them.
const forData = {
  ...always,
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
};
// Swagger UI sets styles and draws icons inline; everything it loads or calls is here, and the browser holds it to that.
const forPages = {
  ...always,
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'",
};

export const securityHeadersFor = (url: string): Readonly<Record<string, string>> =>
  /^\/(docs|problems)(\/|\?|$)/.test(url) ? forPages : forData;
