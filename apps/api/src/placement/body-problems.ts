import type { ProblemCode } from '#libs/http';

/** What may be wrong with a body, whatever the route. */
export const bodyProblems = [
  'body-malformed', 'body-missing', 'body-unsafe', 'body-too-large', 'media-type-unsupported', 'request-invalid',
] as const satisfies readonly ProblemCode[]; // prettier-ignore
